"""Which counties a box of the globe touches, and the one that holds it whole."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.places.queries import BoundariesMissing, layers_in_force
from server.places.stamping import Version

Box = tuple[float, float, float, float]
"""West, south, east, north in WGS84 degrees."""
_SIDES = ("west", "south", "east", "north")
_KEPT = 50_000
_known: OrderedDict[tuple[Version, Box], "Covered"] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True)
class Covered:
    """`touched`: codes of the counties; `within`: the code of the one that no part of the box lies outside of."""

    touched: frozenset[str]
    within: str | None


def covered(session: Session, boxes: Iterable[Box], on: date | None = None) -> dict[Box, Covered]:
    counties = layers_in_force(session, on).get("county")
    if counties is None:
        raise BoundariesMissing(on)
    asked = dict.fromkeys(boxes)
    with _lock:
        found = {box: _known[counties, box] for box in asked if (counties, box) in _known}
    new = _read(session, counties, [box for box in asked if box not in found])
    with _lock:
        _known.update({(counties, box): one for box, one in new.items()})
        while len(_known) > _KEPT:
            _known.popitem(last=False)
    return found | new


def _read(session: Session, counties: Version, boxes: list[Box]) -> dict[Box, Covered]:
    if not boxes:
        return {}
    rows = session.execute(
        text("""
        SELECT b.number, c.code, public.ST_Covers(c.geom, b.box) AS whole
        FROM (SELECT number, public.ST_MakeEnvelope(west, south, east, north, 4326) AS box
              FROM unnest(CAST(:west AS float8[]), CAST(:south AS float8[]), CAST(:east AS float8[]), CAST(:north AS float8[]))
                  WITH ORDINALITY AS t (west, south, east, north, number)) b
        JOIN xiangye.county c ON c.boundary_version = :version AND public.ST_Intersects(c.geom, b.box)
        """),
        {"version": counties.id, **{side: [box[n] for box in boxes] for n, side in enumerate(_SIDES)}},
    ).all()
    touched: dict[int, set[str]] = {}
    within: dict[int, str] = {}
    for number, code, whole in rows:
        touched.setdefault(number - 1, set()).add(code)
        if whole:
            within[number - 1] = code
    return {box: Covered(frozenset(touched.get(n, ())), within.get(n)) for n, box in enumerate(boxes)}
