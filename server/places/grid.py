"""Our own 10 km grid in the Albers plane of CGCS2000; pure.

The grid is a stand-in for the national survey grid, whose cell codes are not public: every output that shows one of
our codes says so with `GRID_LABEL`. The plane is equal-area, so a share of a cell is a share of ground.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon

GRID_LABEL = "非国家网格编码"
CELL_SIDE_M = 10_000
_CODE = re.compile(r"XY10-E(\d{4})N(\d{4})", re.ASCII)
_FALSE_EASTING_CELLS = 500  # keeps every index in China positive: E0500 begins at 105° E
_LON_RANGE, _LAT_RANGE = (73.0, 136.0), (3.0, 54.0)

# Albers conic on the ellipsoid of CGCS2000 (GRS80): Snyder 1987, Map projections, USGS PP 1395, p. 101.
PROJ_DEFINITION = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105 +x_0=0 +y_0=0 +ellps=GRS80 +units=m +no_defs"
_A, _F = 6_378_137.0, 1 / 298.257222101
_E2 = _F * (2 - _F)
_E = math.sqrt(_E2)
_LON_0 = 105.0


@dataclass(frozen=True)
class GridCell:
    """`polygon` in WGS84 degrees; `share` of the cell's area that lies in the county, 0–1."""

    code: str
    polygon: Polygon
    share: float


def grid_cell(lon: float, lat: float) -> str | None:
    """Code of the cell that holds a point in degrees; None outside China's range, where the plane means nothing."""
    return grid_cells_at(np.array([lon]), np.array([lat]))[0]


def grid_cells_at(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> list[str | None]:
    """`grid_cell` of each of many points."""
    inside = (lon >= _LON_RANGE[0]) & (lon <= _LON_RANGE[1]) & (lat >= _LAT_RANGE[0]) & (lat <= _LAT_RANGE[1])
    x, y = to_albers(np.where(inside, lon, _LON_0), np.where(inside, lat, 30.0))
    columns, rows = (np.floor(metres / CELL_SIDE_M).astype(np.int64).tolist() for metres in (x, y))
    return [
        _code(column, row) if held else None for column, row, held in zip(columns, rows, inside.tolist(), strict=True)
    ]


def cell_polygon(code: str) -> Polygon:
    """Outline of a cell in WGS84 degrees, each side in four pieces since a straight side is curved there.

    Raises ValueError for a text that is no code of this grid."""
    match = _CODE.fullmatch(code)
    if match is None:
        raise ValueError(f"not a cell of the 10 km grid: {code!r}")
    column, row = int(match[1]) - _FALSE_EASTING_CELLS, int(match[2])
    square = shapely.segmentize(_square(column, row), CELL_SIDE_M / 4)
    return Polygon([from_albers(x, y) for x, y in square.exterior.coords])


def cells_of(shape: MultiPolygon | Polygon) -> Iterator[GridCell]:
    """The cells that a shape in degrees has ground in, by code."""
    plane = _to_plane(shape)
    shapely.prepare(plane)
    left, bottom, right, top = (math.floor(edge / CELL_SIDE_M) for edge in plane.bounds)
    for column in range(left, right + 1):
        for row in range(bottom, top + 1):
            inside = plane.intersection(_square(column, row)).area
            if inside > 0:
                code = _code(column, row)
                yield GridCell(code, cell_polygon(code), round(inside / CELL_SIDE_M**2, 6))


def share_cells(shape: MultiPolygon | Polygon, cells: Mapping[str, Any]) -> Iterator[GridCell]:
    """Of cells given as polygons in degrees those that the shape has ground in, by code."""
    plane = _to_plane(shape)
    shapely.prepare(plane)
    for code in sorted(cells):
        cell = _to_plane(cells[code])
        inside = plane.intersection(cell).area
        if inside > 0:
            yield GridCell(code, cells[code], round(inside / cell.area, 6))


def _to_plane(shape: MultiPolygon | Polygon) -> MultiPolygon | Polygon:
    """A long side is straight in degrees, so it is cut to about 1 km before it is bent into the plane."""
    return shapely.transform(shapely.segmentize(shape, 0.01), lambda points: np.column_stack(to_albers(*points.T)))


def _square(column: int, row: int) -> Polygon:
    x, y = column * CELL_SIDE_M, row * CELL_SIDE_M
    return shapely.box(x, y, x + CELL_SIDE_M, y + CELL_SIDE_M)


def _code(column: int, row: int) -> str:
    return f"XY10-E{column + _FALSE_EASTING_CELLS:04d}N{row:04d}"


def to_albers(lon: Any, lat: Any) -> tuple[Any, Any]:
    """Degrees to metres (x, y), of numbers or arrays; `PROJ_DEFINITION` says the same to PROJ."""
    radius = _A * np.sqrt(_C - _N * _authalic(np.sin(np.radians(lat)))) / _N
    angle = _N * np.radians(lon - _LON_0)
    return radius * np.sin(angle), _RADIUS_0 - radius * np.cos(angle)


def from_albers(x: float, y: float) -> tuple[float, float]:
    """Metres to degrees (lon, lat), to 1e-10 degree."""
    radius = math.hypot(x, _RADIUS_0 - y)
    q = (_C - (radius * _N / _A) ** 2) / _N
    lat = math.asin(max(-1.0, min(1.0, q / 2)))
    for _ in range(8):
        sine = math.sin(lat)
        step = (1 - _E2 * sine**2) ** 2 / (2 * (1 - _E2) * math.cos(lat)) * (q - _authalic(sine))
        lat += step
        if abs(step) < 1e-13:
            break
    return math.degrees(math.atan2(x, _RADIUS_0 - y) / _N) + _LON_0, math.degrees(lat)


def _authalic(sine: Any) -> Any:
    """Snyder's q, of the sine of a latitude."""
    return (1 - _E2) * (sine / (1 - _E2 * sine**2) - np.log((1 - _E * sine) / (1 + _E * sine)) / (2 * _E))


def _parallel(degrees: float) -> tuple[float, float]:
    """Snyder's m² and q of a standard parallel."""
    sine = math.sin(math.radians(degrees))
    return (1 - sine**2) / (1 - _E2 * sine**2), _authalic(sine)


_M2_1, _Q_1 = _parallel(25.0)
_M2_2, _Q_2 = _parallel(47.0)
_N = (_M2_1 - _M2_2) / (_Q_2 - _Q_1)
_C = _M2_1 + _N * _Q_1
_RADIUS_0 = _A * math.sqrt(_C) / _N
