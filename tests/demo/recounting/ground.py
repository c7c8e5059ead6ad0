"""County polygons, the 10 km grid and the disclosure grid, from their descriptions alone; imports nothing of the project.

The 10 km grid: squares of an equal-area conic of Albers (25 and 47 degrees, from 105 E, GRS80), columns counted from 105 E = 500.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

A, F = 6378137.0, 1 / 298.257222101
ECC = math.sqrt(2 * F - F * F)
SIDE = 10_000
RADIUS_M = 6_371_008.8
SIDE_E7 = {2: 1_000_000, 3: 100_000, 4: 10_000}
Point = tuple[float, float]


def read_counties(path: Path, prefix: str) -> dict[str, tuple[str, BaseGeometry]]:
    """Name and area by GB/T 2260 code, of the codes that begin with `prefix`."""
    found = {}
    for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
        code = str(feature["properties"]["gb"])[3:]
        if code and code.startswith(prefix):
            found[code] = (feature["properties"]["name"], shapely.make_valid(shape(feature["geometry"])))
    return found


def county_at(counties: dict[str, tuple[str, BaseGeometry]], point: Point) -> str | None:
    return next((code for code in sorted(counties) if counties[code][1].intersects(shapely.Point(point))), None)


def border_distance(area: BaseGeometry, point: Point) -> float:
    """Metres to the ring of an area, on a plane that fits at the point."""
    east = (
        math.cos(math.radians(point[1]))
        * math.pi
        / 180
        * A
        / math.sqrt(1 - (ECC * math.sin(math.radians(point[1]))) ** 2)
    )
    sine = math.sin(math.radians(point[1]))
    north = math.pi / 180 * A * (1 - ECC**2) / (1 - (ECC * sine) ** 2) ** 1.5
    flat = shapely.transform(area.boundary, lambda xy: (xy - [point[0], point[1]]) * [east, north])
    return float(flat.distance(shapely.Point(0, 0)))


def distance(a: Point, b: Point) -> float:
    phi, psi = math.radians(a[1]), math.radians(b[1])
    h = math.sin((psi - phi) / 2) ** 2 + math.cos(phi) * math.cos(psi) * math.sin(math.radians(b[0] - a[0]) / 2) ** 2
    return 2 * RADIUS_M * math.asin(math.sqrt(h))


def albers(lon: float, lat: float) -> Point:
    n = (_m(25) ** 2 - _m(47) ** 2) / (_q(47) - _q(25))
    c = _m(25) ** 2 + n * _q(25)
    rho, rho_0 = (A * math.sqrt(c - n * q) / n for q in (_q(lat), _q(0)))
    theta = n * math.radians(lon - 105)
    return rho * math.sin(theta), rho_0 - rho * math.cos(theta)


def cell_of(point: Point) -> str:
    x, y = albers(*point)
    return code_of(math.floor(x / SIDE), math.floor(y / SIDE))


def code_of(column: int, row: int) -> str:
    return f"XY10-E{column + 500:04d}N{row:04d}"


def cells_of(area: BaseGeometry) -> Iterator[tuple[str, float]]:
    """Codes of the cells that an area has ground in, with the share of each that is the area's."""
    flat = shapely.transform(shapely.segmentize(area, 0.01), lambda xy: [albers(*one) for one in xy])
    left, bottom, right, top = (math.floor(edge / SIDE) for edge in flat.bounds)
    for column in range(left, right + 1):
        for row in range(bottom, top + 1):
            square = shapely.box(column * SIDE, row * SIDE, (column + 1) * SIDE, (row + 1) * SIDE)
            ground = flat.intersection(square).area
            if ground > 0:
                yield code_of(column, row), ground / SIDE**2


def disclosure_box(lon_e7: int, lat_e7: int, level: int) -> BaseGeometry | None:
    """The cell by which a place of this level may be shown."""
    if level not in SIDE_E7:
        return None
    side = SIDE_E7[level]
    west, south = lon_e7 // side * side, lat_e7 // side * side
    return shapely.box(west / 1e7, south / 1e7, (west + side) / 1e7, (south + side) / 1e7)


def disclosed(lon_e7: int, lat_e7: int, level: int) -> Point | None:
    """Where a place of this level may be shown: itself, the centre of its cell, or nowhere."""
    if level == 0:
        return lon_e7 / 1e7, lat_e7 / 1e7
    if level == 1:
        return None
    side = SIDE_E7[level]
    return (lon_e7 // side + 0.5) * side / 1e7, (lat_e7 // side + 0.5) * side / 1e7


def _m(degrees: float) -> float:
    sine = math.sin(math.radians(degrees))
    return math.cos(math.radians(degrees)) / math.sqrt(1 - (ECC * sine) ** 2)


def _q(degrees: float) -> float:
    sine = math.sin(math.radians(degrees))
    tail = math.log((1 - ECC * sine) / (1 + ECC * sine)) / (2 * ECC)
    return (1 - ECC**2) * (sine / (1 - (ECC * sine) ** 2) - tail)
