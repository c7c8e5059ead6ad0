"""Strategies that ask where a record lies: boxes, cells, counties, counts, tiles."""

import math
from collections.abc import Callable, Generator, Iterator
from typing import Any
from urllib.parse import urlencode

import shapely

from tests.attack.knowing import Answer, Ask, Guess, Known
from tests.scopes.tile_reading import features

Plan = Generator[Ask, Answer, None]
Box = tuple[float, float, float, float]
E7 = 10_000_000


def query(path: str, **told: Any) -> str:
    return f"/v1/{path}?{urlencode({name: value for name, value in told.items() if value is not None})}"


def only(item: dict[str, Any]) -> dict[str, Any]:
    """Filters that few records but this pass."""
    when = item["observed_from"] or ""
    return {
        "level": item["level"],
        "taxon_id": (item["taxon"] or {}).get("id"),
        "year": when[:4] if item["level"] > 2 else None,
    }


def bisect(known: Known, role: str, item: dict[str, Any], counting: bool) -> Plan:
    """Is it in this half? By the record itself among those that a box holds, or by how many a box holds."""

    def holds(box: Box, answer: Answer) -> bool:
        if counting:
            return bool(((answer.json or {}).get("count") or {}).get("guarded"))
        return any(one["id"] == item["id"] for one in answer.items)

    def ask(box: Box) -> Ask:
        told = {"count": "true", "limit": 1, "month": _month(item)} if counting else {"limit": 100}
        return Ask(
            role, "GET", query("occurrences", bbox=",".join(f"{part:.7f}" for part in box), **only(item), **told)
        )

    place = item["place"]
    if place["latitude"] is not None:
        point = place["longitude"], place["latitude"]
        tiny = (point[0] - 1e-5, point[1] - 1e-5, point[0] + 1e-5, point[1] + 1e-5)
        if holds(tiny, (yield ask(tiny))):
            return  # the box is answered by what is told, which is known already
    box = known.region(item)
    if not holds(box, (yield ask(box))):
        return
    alone = _alone(known, item)
    while max(box[2] - box[0], box[3] - box[1]) > 4e-5:
        for axis in (0, 1):
            half = list(box)
            half[axis + 2] = (box[axis] + box[axis + 2]) / 2
            inside = holds(_box(half), (yield ask(_box(half))))
            box = _box(half) if inside else _box([half[axis + 2] if n == axis else box[n] for n in range(4)])
        # Several records may answer a count: only a box about one alone tells of it.
        if not counting or alone:
            off = max(box[2] - box[0], box[3] - box[1]) / 2
            known.guess(item["id"], Guess(off, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, "box"))


def _box(of: list[float]) -> Box:
    return of[0], of[1], of[2], of[3]


def _month(item: dict[str, Any]) -> int | None:
    """In China, where 16 o'clock of the day before is midnight."""
    when = item["observed_to"]
    return int(when[5:7]) if when else None


def _alone(known: Known, item: dict[str, Any]) -> bool:
    alike = [
        one
        for one in known.guarded()
        if only(one) == only(item)
        and _month(one) == _month(item)
        and one["place"]["county_code"] == item["place"]["county_code"]
    ]
    return len(alike) == 1


def cells(known: Known, role: str, item: dict[str, Any]) -> Plan:
    """In which 10 km cell does the filter find it? One that the told place does not lie in cuts the told cell."""
    told = item["place"]["grid_cell"]
    names = (
        _around(told)
        if told
        else sorted({one["place"]["grid_cell"] for one in known.told_open() if _same_county(one, item)})[:6]
    )
    for name in names:
        answer = yield Ask(role, "GET", query("occurrences", cell=name, limit=100, **only(item)))
        if name != told and any(one["id"] == item["id"] for one in answer.items):
            of = [one["place"] for one in known.told_open() if one["place"]["grid_cell"] == name]
            if of:
                known.guess(item["id"], Guess(0.04, of[0]["longitude"], of[0]["latitude"], "10 km cell"))


def _same_county(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(one["place"]["county_code"] == other["place"]["county_code"])


def _around(name: str) -> Iterator[str]:
    east, north = int(name[6:10]), int(name[11:15])
    for dx, dy in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)):
        yield f"{name[:6]}{east + dx:04d}N{north + dy:04d}"


def counties(known: Known, role: str, item: dict[str, Any]) -> Plan:
    """Which county does the filter find it in? A cell beside a county is known to be in the piece of the cell inside."""
    box = shapely.box(*known.region(item))
    for code, shape in known.shapes.items():
        if not shape.intersects(box):
            continue
        answer = yield Ask(role, "GET", query("occurrences", county=code, limit=100, **only(item)))
        if not any(one["id"] == item["id"] for one in answer.items):
            continue
        piece = shape.intersection(box)
        if 0 < piece.area < box.area * 0.999 and item["place"]["latitude"] is not None:
            off = piece.centroid.hausdorff_distance(piece)
            known.guess(item["id"], Guess(off, piece.centroid.x, piece.centroid.y, "cell within county"))


def tiles(known: Known, role: str, item: dict[str, Any], zooms: range) -> Plan:
    west, south, east, north = known.region(item)
    for z in zooms:
        x, y = _tile_of((west + east) / 2, (south + north) / 2, z)
        answer = yield Ask(role, "GET", f"/v1/tiles/occurrences/{z}/{x}/{y}")
        etag = answer.headers.get("ETag")
        for one in features(answer.data) if answer.status == 200 else ():
            if one.told.get("id") in known.guesses and one.told.get("level", 0):
                off, at = 360 / 2**z / 4096, _at(z, x, y, one.at)
                told = known.records[one.told["id"]]
                known.guess(one.told["id"], Guess(*_fair(told, off, at), "tile"))
        if etag and z % 5 == 0:
            yield Ask(role, "GET", f"/v1/tiles/occurrences/{z}/{x}/{y}", headers={"If-None-Match": etag})


def _fair(told: dict[str, Any], off: float, at: tuple[float, float]) -> tuple[float, float, float]:
    """A point that a tile draws where the list told it, as near as a tile's grid can, is no news."""
    place = told["place"]
    if place["latitude"] is not None and math.hypot(at[0] - place["longitude"], at[1] - place["latitude"]) <= 2 * off:
        return 1.0, place["longitude"], place["latitude"]
    return off, *at


def _tile_of(longitude: float, latitude: float, z: int) -> tuple[int, int]:
    across = (longitude + 180) / 360 * 2**z
    down = (1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2 * 2**z
    return int(across), int(down)


def _at(z: int, x: int, y: int, at: tuple[int, int]) -> tuple[float, float]:
    across, down = (x + at[0] / 4096) / 2**z, (y + at[1] / 4096) / 2**z
    return across * 360 - 180, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * down))))


def nested(known: Known, role: str, shape: Any, some: Callable[[], float]) -> Plan:
    """Counts in boxes inside boxes: what one has more than the other stands between them."""
    west, south, east, north = shape.bounds
    cx, cy = west + some() * (east - west), south + some() * (north - south)
    for half in (0.2, 0.1, 0.05, 0.02, 0.01):
        box = ",".join(f"{part:.6f}" for part in (cx - half, cy - half, cx + half, cy + half))
        yield Ask(role, "GET", query("occurrences", bbox=box, count="true", limit=100))
