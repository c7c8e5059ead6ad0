"""Writes the two homes of a place in one transaction: the exact one, and what may be shown of it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from server.db import among, put
from server.places.covering import covered
from server.places.queries import stamp_many, versions_on
from server.places.raster_sampling import RASTER_KINDS
from server.places.rules import Stamp
from server.sensitivity import kept, precise, rules
from server.sensitivity.generalising import altitude_m
from server.sensitivity.model import DisclosedPlaceRow, LevelEvidence
from server.taxa.remembered import remembered
from shared.coordinates import from_e7
from shared.problems import Problem
from shared.wire.standing import Standing, stand

# The gate keeps what others may only hand in.
keep_bodies = precise.keep_bodies
open_sealed = precise.open_sealed
keep_sealed = precise.keep_sealed
keep_batch = precise.keep_batch
keep_quarantined = precise.keep_quarantined
link_events = precise.link_events
write_lines = precise.write_lines
write_tracks = precise.write_tracks
bodies_for_merging = precise.read_bodies
# What people's rights and the audit ask of what came.
altered_bodies = kept.altered_bodies
bodies_with = kept.bodies_with
tracks_before = kept.tracks_before
forget_track_points = kept.forget_track_points
replace_bodies = kept.replace_bodies
drop_raw_batches = kept.drop_raw_batches
altered_batches = kept.altered_batches
quarantined_with = kept.quarantined_with
replace_quarantined = kept.replace_quarantined
unread = kept.unread
sealed_among = kept.sealed_among
tried_again = kept.tried_again
Unread = kept.Unread
Kept = kept.Kept


@dataclass(frozen=True)
class PlaceToWrite:
    """`place` is the wire's place object, or None where the record has none; `level` 0–4 with the rule that asks for it."""

    id: UUID
    place: Mapping[str, Any] | None
    level: int
    rule: str | None = None
    coarsest: str | None = None


def standings(session: Session, ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """How records stand now, by id."""
    versions: dict[UUID, dict[str, Any]] = {}
    for id_, mark, body in precise.read_bodies(session, ids):
        versions.setdefault(id_, {})[mark] = json.loads(body)
    return {id_: stand(of_record) for id_, of_record in versions.items()}


@dataclass(frozen=True)
class PlacePair:
    exact: dict[str, Any]
    disclosed: dict[str, Any]


def remember_levels(
    session: Session, evidence: Iterable[tuple[UUID, int, str]], at: datetime
) -> dict[UUID, rules.Asked]:
    """The strictest level ever asked for, by record."""
    rows: list[dict[str, Any]] = [{"id": id_, "level": level, "rule": rule, "at": at} for id_, level, rule in evidence]
    if not rows:
        return {}
    put(session, LevelEvidence, rows, "DO NOTHING")
    return asked_levels(session, [row["id"] for row in rows])


def asked_levels(session: Session, ids: Sequence[UUID]) -> dict[UUID, rules.Asked]:
    found: dict[UUID, list[tuple[int, str]]] = {}
    columns = select(LevelEvidence.id, LevelEvidence.level, LevelEvidence.rule)
    for id_, level, rule in session.execute(columns.where(among(LevelEvidence.id, ids))):
        found.setdefault(id_, []).append((level, rule))
    withheld = any(level == 1 for asked in found.values() for level, _ in asked)
    coarsest = coarsest_names(session) if withheld else {}
    return {id_: rules.strictest_of(asked, coarsest) for id_, asked in found.items()}


def coarsest_names(session: Session) -> dict[str, str | None]:
    """How coarsely each rule of level 1 names a place, by every version that had it: no later one reads it upward."""
    return remembered(session, "coarsest names", lambda: _coarsest_names(session))


def _coarsest_names(session: Session) -> dict[str, str | None]:
    rows = session.execute(
        text("""
        SELECT DISTINCT list_id || ':' || entry_no, coarsest_name FROM xiangye.sensitivity_rule WHERE coarsest_name IS NOT NULL
        """)
    )
    found: dict[str, str | None] = {}
    for rule, name in rows:
        found[rule] = max(name, found.get(rule) or name, key=list(rules.COARSEST_ZH).index)
    return found


def levels_kept(session: Session, ids: Iterable[UUID]) -> dict[UUID, int]:
    """How closely each record is kept, whatever it is; what nothing was ever asked for is left out."""
    rows = session.execute(
        text("""
        SELECT id, min(level) FROM (
            SELECT id, level FROM xiangye.level_evidence WHERE id = ANY(:ids)
            UNION ALL SELECT id, level FROM xiangye.disclosed_place WHERE id = ANY(:ids)) AS kept
        WHERE level > 0 GROUP BY id
        """),
        {"ids": list(ids)},
    )
    return {row[0]: row[1] for row in rows}


def shown_stamps(session: Session, ids: Iterable[UUID]) -> dict[UUID, Stamp]:
    rows = session.scalars(select(DisclosedPlaceRow).where(DisclosedPlaceRow.id.in_(ids)))
    return {row.id: shown_stamp(vars(row)) for row in rows}


def withdraw(session: Session, ids: Sequence[UUID]) -> None:
    """Both homes of these places, their lines, tracks and links. The evidence of levels stays."""
    precise.forget(session, ids)
    session.execute(delete(DisclosedPlaceRow).where(DisclosedPlaceRow.id.in_(ids)))


def write_places(session: Session, places: Sequence[PlaceToWrite]) -> dict[UUID, Stamp]:
    """Writes both homes; returns the stamp that may be shown, by record. A record without place has neither."""
    pairs = make_pairs(session, places)
    gone = [place.id for place in places if place.id not in pairs]
    if gone:
        precise.forget_places(session, gone)
        session.execute(delete(DisclosedPlaceRow).where(DisclosedPlaceRow.id.in_(gone)))
    precise.write_places(session, [pair.exact for pair in pairs.values()])
    disclosed = [pair.disclosed for pair in pairs.values()]
    if disclosed:
        changes = ", ".join(f"{name} = excluded.{name}" for name in disclosed[0] if name != "id")
        put(session, DisclosedPlaceRow, disclosed, f"(id) DO UPDATE SET {changes}")
    return {id_: shown_stamp(pair.disclosed) for id_, pair in pairs.items()}


def make_pairs(session: Session, places: Sequence[PlaceToWrite], on: date | None = None) -> dict[UUID, PlacePair]:
    """Both homes as the layers in force tell them, now or on a day."""
    known = [place for place in places if place.place is not None and _drawable(place.place)]
    cells = {
        p.id: rules.cell_of(p.place["latitude_e7"], p.place["longitude_e7"], p.level)
        for p in known
        if p.place is not None
    }
    points = [
        (str(p.id), from_e7(p.place["longitude_e7"]), from_e7(p.place["latitude_e7"]))
        for p in known
        if p.place is not None
    ]
    exact = stamp_many(session, points, on=on)
    whole = covered(session, {cell.box for cell in cells.values() if cell}, on)
    told = {id_: cell if cell and whole[cell.box].within else None for id_, cell in cells.items()}
    centres = [(str(id_), *cell.centre) for id_, cell in told.items() if cell is not None]
    of_cells = stamp_many(session, centres, on=on) if centres else {}
    return {p.id: _pair(p, exact[str(p.id)], told[p.id], of_cells.get(str(p.id))) for p in known}


def pairs_again(
    session: Session, homes: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]], on: date | None = None
) -> dict[UUID, PlacePair]:
    """Both homes of standing places, as layers tell them now or told them on a day. Problem `layer_unreadable` where a raster
    cannot be read: a new record does without it, a standing one would lose what it told."""
    pairs = make_pairs(session, [_place_again(*both) for both in homes], on)
    for kind in sorted(set(RASTER_KINDS) & versions_on(session, on).keys()):
        if any(kind not in pair.exact["layer_versions"] for pair in pairs.values()):
            raise Problem(
                "layer_unreadable", f"栅格 {versions_on(session, on)[kind]} 的文件无法读取；请先恢复文件，再重试"
            )
    return pairs


def _place_again(exact: Mapping[str, Any], disclosed: Mapping[str, Any]) -> PlaceToWrite:
    """What made these two rows."""
    place = {**exact, "coordinate_uncertainty_in_meters": exact["uncertainty_m"]}
    coarsest = rules.coarsest_of(disclosed["data_generalizations"])
    return PlaceToWrite(exact["id"], place, disclosed["level"], disclosed["rule"], coarsest)


def _drawable(place: Mapping[str, Any]) -> bool:
    """0,0 is a missing place that looks like one: it is kept in the record and never drawn on a map."""
    return not (place["latitude_e7"] == 0 and place["longitude_e7"] == 0)


def _pair(wanted: PlaceToWrite, exact: Stamp, cell: rules.Cell | None, of_centre: Stamp | None) -> PlacePair:
    place = wanted.place or {}
    uncertainty = place.get("coordinate_uncertainty_in_meters")
    exact_row = {
        "id": wanted.id,
        "latitude_e7": place["latitude_e7"],
        "longitude_e7": place["longitude_e7"],
        "uncertainty_m": float(uncertainty) if uncertainty is not None else None,
        "source": place["source"],
        "altitude_m": place.get("altitude_m"),
        "vertical_datum": place.get("vertical_datum"),
        "mock": bool(place.get("mock")),
        **vars(exact),
        "areas": list(exact.areas),
        "zones": list(exact.zones),
        "layer_versions": dict(exact.layer_versions),
    }
    return PlacePair(
        exact_row,
        _disclosed_row(wanted, exact_row, rules.shown_county(wanted.level, exact, of_centre, wanted.coarsest), cell),
    )


def _disclosed_row(
    wanted: PlaceToWrite, exact: Mapping[str, Any], shown: Stamp, cell: rules.Cell | None
) -> dict[str, Any]:
    longitude, latitude, uncertainty = None, None, None
    if cell is not None:
        (longitude, latitude), uncertainty = cell.centre, round(cell.half_diagonal_m)
    elif wanted.level == 0:
        longitude, latitude, uncertainty = (
            from_e7(exact["longitude_e7"]),
            from_e7(exact["latitude_e7"]),
            exact["uncertainty_m"],
        )
    own = exact["altitude_m"]
    generalised, withheld = rules.words(wanted.level, wanted.coarsest, cell is not None)
    return {
        "id": wanted.id,
        "level": wanted.level,
        "cell_x": cell.x if cell else None,
        "cell_y": cell.y if cell else None,
        "latitude": latitude,
        "longitude": longitude,
        "uncertainty_m": uncertainty,
        "altitude_m": altitude_m(
            wanted.level, None if own is None else float(own), shown.elevation_m if cell else None
        ),
        "cell_within_county": cell is not None if wanted.level > 1 else None,
        "county_code": shown.county_code,
        "county_name": shown.county_name,
        "prefecture_name": shown.prefecture_name,
        "in_scope": shown.in_scope,
        "uncertain": shown.uncertain and wanted.level != 1,
        "grid_cell": None if wanted.level == 1 else shown.grid_cell,
        "boundary_version": shown.boundary_version,
        "rule": wanted.rule,
        "data_generalizations": generalised,
        "information_withheld": withheld,
    }


def shown_stamp(row: Mapping[str, Any]) -> Stamp:
    return Stamp(
        county_code=row["county_code"],
        county_name=row["county_name"],
        prefecture_code=None,
        prefecture_name=row["prefecture_name"],
        in_scope=row["in_scope"],
        uncertain=row["uncertain"],
        distance_to_border_m=None,
        areas=(),
        grid_cell=row["grid_cell"],
        boundary_version=row["boundary_version"],
    )
