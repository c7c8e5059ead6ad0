"""The one reading of whole records with both homes of their places; every reading is logged."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from server.accounts.viewer import Viewer
from server.audit.service import log
from server.ledger.model import Ledger
from server.places.rules import Stamp
from server.sensitivity import precise
from server.sensitivity.model import DisclosedPlaceRow
from server.sensitivity.records import DisclosedPlace, ExactPlace, FrozenRecord
from server.sensitivity.rules import CELL_E7, E7
from server.sensitivity.service import PlaceToWrite, make_pairs
from shared.clock import Clock, observed_year
from shared.coordinates import from_e7
from shared.merge import Merged, Version, merge
from shared.problems import Problem
from shared.wire.envelope import load_record


def frozen_records(
    session: Session, viewer: Viewer, clock: Clock, purpose: str, cutoff: datetime
) -> list[FrozenRecord]:
    """Every record as it stood at the cutoff, by id, deleted ones left out. Problem `not_allowed` without the right."""
    if not viewer.may_read_precise:
        raise Problem("not_allowed", "没有查阅精确位置的权限")
    versions = precise.read_versions(session, cutoff)
    merged = _merge_all(versions)
    exact, disclosed = precise.read_places(session), {row.id: row for row in session.scalars(select(DisclosedPlaceRow))}
    heads = {row[0]: row[1] for row in session.execute(select(Ledger.id, Ledger.head_digest))}
    _restamp(session, merged, heads, exact, disclosed)
    taxa, flags = _taxa(session, cutoff), _flags(session)
    log(session, clock, viewer.name, "read_precise", purpose, {"records": len(merged), "cutoff": cutoff.isoformat()})
    return [
        _freeze(id_, view, facts, exact.get(id_), disclosed.get(id_), taxa.get(id_), flags.get(id_, ()))
        for id_, (view, facts) in sorted(merged.items(), key=lambda item: str(item[0]))
        if view.state != "deleted"
    ]


def merged_body(kind: str, record: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """The merged body with the defaults of today's schema filled in."""
    loaded: dict[str, Any] = load_record({**record, "kind": kind, "body": dict(body)})["body"]
    return loaded


def _merge_all(rows: list[Mapping[str, Any]]) -> dict[UUID, tuple[Merged, Mapping[str, Any]]]:
    grouped: dict[UUID, list[tuple[Mapping[str, Any], dict[str, Any]]]] = {}
    for row in rows:
        grouped.setdefault(row["id"], []).append((row, json.loads(bytes(row["body"]))))
    found: dict[UUID, tuple[Merged, Mapping[str, Any]]] = {}
    for id_, versions in grouped.items():
        view = merge(
            Version(row["digest"], row["base_digest"], row["kind"], record["body"]) for row, record in versions
        )
        row, record = next(pair for pair in versions if pair[0]["digest"] == view.heads[0])
        first_kind = next((pair[0]["kind"] for pair in versions if pair[0]["kind"] != "tombstone"), "tombstone")
        found[id_] = (
            view,
            {
                **row,
                "record": record,
                "kind": first_kind,
                "received_at": max(pair[0]["received_at"] for pair in versions),
            },
        )
    return found


def _restamp(
    session: Session,
    merged: Mapping[UUID, tuple[Merged, Mapping[str, Any]]],
    heads: Mapping[UUID, str | None],
    exact: dict[UUID, Mapping[str, Any]],
    disclosed: dict[UUID, DisclosedPlaceRow],
) -> None:
    """A record that was edited after the cutoff stood elsewhere then: its stamps are made anew, its level kept."""
    moved = [id_ for id_, (view, _) in merged.items() if view.heads[0] != heads.get(id_) and view.state != "deleted"]
    wanted = []
    for id_ in moved:
        row = disclosed.pop(id_, None)
        exact.pop(id_, None)
        level, rule = (row.level, row.rule) if row else (0, None)
        wanted.append(PlaceToWrite(id_, merged[id_][0].body.get("place"), level, rule))
    for id_, pair in make_pairs(session, wanted).items():
        exact[id_], disclosed[id_] = pair.exact, DisclosedPlaceRow(**pair.disclosed)


def _taxa(session: Session, cutoff: datetime) -> dict[UUID, str]:
    """The taxon of the latest identification received before the cutoff."""
    rows = session.execute(
        text("""
        SELECT DISTINCT ON (occurrence_id) occurrence_id, taxon_id FROM xiangye.identification
        WHERE received_at < :cutoff ORDER BY occurrence_id, received_at DESC, id DESC
        """),
        {"cutoff": cutoff},
    )
    return {row[0]: str(row[1]) for row in rows if row[1] is not None}


def _flags(session: Session) -> dict[UUID, tuple[str, ...]]:
    rows = session.execute(
        text("SELECT id, flags FROM xiangye.occurrence UNION ALL SELECT id, flags FROM xiangye.event")
    )
    return {row[0]: tuple(row[1]) for row in rows}


def _freeze(
    id_: UUID,
    view: Merged,
    facts: Mapping[str, Any],
    exact: Mapping[str, Any] | None,
    shown: DisclosedPlaceRow | None,
    taxon_id: str | None,
    flags: tuple[str, ...],
) -> FrozenRecord:
    body = merged_body(facts["kind"], facts["record"], view.body)
    return FrozenRecord(
        id=str(id_),
        kind=facts["kind"],
        observed_year=observed_year(body),
        received_at=facts["received_at"],
        head_digest=view.heads[0],
        state=view.state,
        author=str(facts["author"]),
        device=str(facts["device"]),
        body=body,
        exact=_exact(exact),
        disclosed=_disclosed(shown),
        taxon_id=taxon_id,
        flags=flags,
    )


def _exact(row: Mapping[str, Any] | None) -> ExactPlace | None:
    if row is None:
        return None
    stamp = Stamp(
        county_code=row["county_code"],
        county_name=row["county_name"],
        prefecture_code=row["prefecture_code"],
        prefecture_name=row["prefecture_name"],
        in_scope=row["in_scope"],
        uncertain=row["uncertain"],
        distance_to_border_m=row["distance_to_border_m"],
        areas=tuple(row["areas"]),
        grid_cell=row["grid_cell"],
        boundary_version=row["boundary_version"],
    )
    altitude = row["altitude_m"]
    return ExactPlace(
        from_e7(row["latitude_e7"]),
        from_e7(row["longitude_e7"]),
        row["latitude_e7"],
        row["longitude_e7"],
        row["uncertainty_m"],
        str(altitude) if altitude is not None else None,
        stamp,
    )


def _disclosed(row: DisclosedPlaceRow | None) -> DisclosedPlace | None:
    if row is None:
        return None
    size = CELL_E7.get(row.level)
    return DisclosedPlace(
        row.level,
        row.latitude,
        row.longitude,
        size / E7 if size else None,
        row.uncertainty_m,
        row.county_code,
        row.county_name,
        row.in_scope,
        row.uncertain,
        row.grid_cell,
        row.data_generalizations,
        row.information_withheld,
    )
