"""Under what an occurrence was met with, as far as a rule may ask: season, area, nest or roost."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from server.places.covering import covered
from server.places.queries import stamp_many
from server.sensitivity.rules import Cell, cell_of
from server.taxa.rules import Circumstances, SensitivityRules
from shared.clock import CHINA, observed_interval
from shared.coordinates import from_e7

_NEST = re.compile(r"巢|孵|育雏|产卵|繁殖(?!羽)|雏|\bnest|\bbrood|\bbreed|incubat|\begg", re.I)
_ROOST = re.compile(r"夜栖|夜宿|宿地|过夜|越冬[地群]|冬眠|洞栖|倒挂|\broost|hibernat|\bcolony", re.I)
_TOLD_IN = ("behavior", "organism_quantity_type", "life_stage")
_YOUNG = frozenset({"egg", "卵", "nestling"})


def conditions_of(told: Mapping[str, Any]) -> frozenset[str]:
    """By the words for what the animals did, what was counted and how old they were: rather once too often than once too seldom."""
    words = " ".join(told.get(name) or "" for name in _TOLD_IN)
    nest = bool(_NEST.search(words)) or told.get("life_stage") in _YOUNG
    return frozenset({"nest"} if nest else ()) | frozenset({"roost"} if _ROOST.search(words) else ())


def months_of(start: datetime | None, end: datetime | None) -> frozenset[int] | None:
    """Every month in China that it may have been; None where that is not known."""
    if start is None:
        return None
    first, last = start.astimezone(CHINA), (end or start).astimezone(CHINA)
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return frozenset((first.month - 1 + n) % 12 + 1 for n in range(min(max(count, 1), 12)))


def population_of(degree_of_establishment: str | None) -> str:
    """Which population a list's rule asks about; what is not said to be otherwise is wild."""
    return degree_of_establishment if degree_of_establishment in ("captive", "released", "cultivated") else "wild"


def of_bodies(
    session: Session, bodies: Mapping[UUID, Mapping[str, Any]], rules: SensitivityRules
) -> dict[UUID, Circumstances]:
    places = {id_: (body.get("place") or {}) for id_, body in bodies.items()}
    positions = {
        id_: (place["latitude_e7"], place["longitude_e7"])
        for id_, place in places.items()
        if place.get("latitude_e7") or place.get("longitude_e7")
    }
    counties = counties_by_level(session, positions, rules)
    return {
        id_: Circumstances(
            population_of(body.get("degree_of_establishment")),
            conditions_of(body),
            months_of(*observed_interval(body)),
            counties.get(id_),
        )
        for id_, body in bodies.items()
    }


def counties_by_level(
    session: Session, positions: Mapping[UUID, tuple[int, int]], rules: SensitivityRules
) -> dict[UUID, dict[int, frozenset[str]]]:
    """By record and level, of (latitude, longitude) in 1e-7 degree; only where a rule asks. At level 1 the county itself, which is told;
    at others each county that the cell touches."""
    levels = {rule.level for rule in rules.rules if rule.county_codes}
    found: dict[UUID, dict[int, frozenset[str]]] = {id_: {} for id_ in positions if levels}
    if not found:
        return {}
    if 1 in levels:
        points = [(str(id_), from_e7(lon), from_e7(lat)) for id_, (lat, lon) in positions.items()]
        for key, stamp in stamp_many(session, points, sampled=False).items():
            found[UUID(key)][1] = frozenset({stamp.county_code} if stamp.county_code else ())
    for level in sorted(levels - {1}):
        cells: dict[UUID, Cell] = {
            id_: cell for id_, position in positions.items() if (cell := cell_of(*position, level)) is not None
        }
        touched = covered(session, {cell.box for cell in cells.values()})
        for id_, cell in cells.items():
            found[id_][level] = touched[cell.box].touched
    return found
