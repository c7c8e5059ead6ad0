"""Writes versions of layers: a version is opened, filled, and never touched again."""

import json
from collections.abc import Iterable, Sequence
from datetime import date

import shapely
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from server.places.features import Place
from server.places.model import BoundaryVersion

_COUNTY = "code name_zh prefecture_code prefecture_name province_code province_name valid_from valid_to geom".split()
_NAMED = "kind code name_zh parent_code level category scheme county_codes area_ha status source note properties geom extent".split()
_VALUES = {
    "geom": "ST_GeomFromWKB(:geom, 4326)",
    "extent": "ST_GeomFromWKB(:extent, 4326)",
    "properties": "CAST(:properties AS jsonb)",
}


def open_version(session: Session, version: BoundaryVersion) -> None:
    """In place of the one in force, which ends on the day the new one begins."""
    session.execute(
        update(BoundaryVersion)
        .where(BoundaryVersion.kind == version.kind, BoundaryVersion.valid_to.is_(None))
        .values(valid_to=version.valid_from)
    )
    session.add(version)
    session.flush()


def write_places(session: Session, kind: str, version: str, places: Sequence[Place]) -> None:
    if not places:
        return
    into, columns = _table(kind)
    row = _county_row if kind == "county" else _named_row
    values = ", ".join(_VALUES.get(name, f":{name}") for name in columns)
    session.execute(
        text(f"{into} (boundary_version, {', '.join(columns)}) VALUES (:version, {values})"),
        [row(place) | {"version": version, "kind": kind} for place in places],
    )


def carry_over(session: Session, kind: str, before: str, version: str, but: Iterable[str]) -> None:
    """Every row of one version but those of some codes, to the last bit."""
    into, columns = _table(kind)
    listed, table = ", ".join(columns), into.removeprefix("INSERT INTO ")
    session.execute(
        text(
            f"{into} (boundary_version, {listed}) SELECT :version, {listed} FROM {table} "
            "WHERE boundary_version = :before AND code <> ALL(:but)"
        ),
        {"version": version, "before": before, "but": sorted(but)},
    )


def _table(kind: str) -> tuple[str, list[str]]:
    if kind == "county":
        return "INSERT INTO xiangye.county", _COUNTY
    return "INSERT INTO xiangye.named_place", _NAMED


def _county_row(place: Place) -> dict[str, object]:
    days = {name: place.properties.get(name) for name in ("valid_from", "valid_to")}
    groups = {name: value for name, value in place.properties.items() if name not in days}
    return {
        "code": place.code,
        "name_zh": place.name_zh,
        **groups,
        **{name: None if day is None else date.fromisoformat(day) for name, day in days.items()},
        "geom": shapely.to_wkb(place.shape),
    }


def _named_row(place: Place) -> dict[str, object]:
    plain = ("code", "name_zh", "parent_code", "level", "category", "scheme", "area_ha", "status", "source", "note")
    return {
        **{name: getattr(place, name) for name in plain},
        "county_codes": list(place.county_codes),
        "properties": json.dumps(dict(place.properties), ensure_ascii=False),
        "geom": None if place.shape is None else shapely.to_wkb(place.shape),
        "extent": None if place.extent is None else shapely.to_wkb(place.extent),
    }
