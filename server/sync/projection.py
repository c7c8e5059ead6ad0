"""From the merged view of records to the rows that readers read, kind by kind, parents first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from server.events import service as events
from server.identifications import service as identifications
from server.media import service as media
from server.occurrences import service as occurrences
from server.patrols import service as patrols
from server.places.rules import Stamp
from server.sensitivity import rules as sensitivity_rules
from server.sensitivity import service as sensitivity
from server.sync.naming import Named, name_all
from shared.checks import place_flags, time_flags
from shared.clock import observed_interval, observed_year, parse_aware


@dataclass(frozen=True)
class Projected:
    """One record as it now stands: the merged body with defaults, and the envelope of its head."""

    id: UUID
    kind: str
    head_digest: str
    body: Mapping[str, Any]
    author: UUID
    saved_at: str
    received_at: datetime
    dataset_id: UUID
    clock_offset: timedelta = timedelta()


def project(session: Session, records: Sequence[Projected]) -> None:
    by_kind: dict[str, list[Projected]] = {}
    for record in records:
        by_kind.setdefault(record.kind, []).append(record)
    _project_events(session, by_kind.get("event", []) + by_kind.get("patrol", []))
    patrols.write_patrols(session, [(r.id, r.body) for r in by_kind.get("patrol", [])])
    _project_tracks(session, by_kind.get("track_segment", []))
    _project_findings(session, by_kind.get("finding", []))
    _project_occurrences(session, by_kind.get("occurrence", []))
    media.write(session, [(r.id, r.body) for r in by_kind.get("media", [])])


def _project_events(session: Session, records: list[Projected]) -> None:
    places = []
    for record in records:
        level, rule = sensitivity_rules.OPERATIONAL_PATROL if record.kind == "patrol" else (0, None)
        places.append(sensitivity.PlaceToWrite(record.id, record.body["place"], level, rule))
    stamps = sensitivity.write_places(session, places)
    events.write(
        session, [(r.id, r.body, r.dataset_id, _flags(r, stamps.get(r.id), needs_place=False)) for r in records]
    )
    events.write_measurements(session, {r.id: r.body["measurements"] for r in records if r.body["measurements"]})
    sensitivity.write_lines(session, {r.id: r.body["geometry"] for r in records if r.body["geometry"]})


def _project_tracks(session: Session, records: list[Projected]) -> None:
    sensitivity.write_tracks(
        session,
        {
            r.id: [
                {
                    "observed_year": observed_year(r.body),
                    "segment_id": r.id,
                    "position": position,
                    "patrol_id": UUID(r.body["patrol_id"]),
                    "leg": r.body["leg"],
                    "t_ms": point[0],
                    "longitude_e7": point[1],
                    "latitude_e7": point[2],
                    "accuracy_cm": point[3],
                    "altitude_dm": point[4],
                }
                for position, point in enumerate(r.body["points"])
            ]
            for r in records
        },
    )


def _project_findings(session: Session, records: list[Projected]) -> None:
    patrols.write_findings(session, [(r.id, r.body) for r in records])
    level, rule = sensitivity_rules.OPERATIONAL_FINDING
    sensitivity.write_places(session, [sensitivity.PlaceToWrite(r.id, r.body["place"], level, rule) for r in records])


def _project_occurrences(session: Session, records: list[Projected]) -> None:
    if not records:
        return
    named = name_all(session, {r.id: r.body for r in records})
    levels = sensitivity.remember_levels(
        session, [(id_, n.level, n.rule or "none") for id_, n in named.items()], records[0].received_at
    )
    stamps = sensitivity.write_places(session, [_place(r, named[r.id], levels[r.id]) for r in records])
    occurrences.write(
        session,
        [
            occurrences.OccurrenceToWrite(
                r.id,
                r.body,
                r.dataset_id,
                tuple(_flags(r, stamps.get(r.id)) + list(named[r.id].flags)),
                r.received_at,
                levels[r.id],
            )
            for r in records
        ],
    )
    identifications.record(
        session,
        [
            identifications.Naming(
                r.id,
                r.head_digest,
                r.body["taxon"],
                named[r.id].taxon_id,
                r.author,
                parse_aware(r.saved_at),
                r.received_at,
            )
            for r in records
        ],
    )
    events.write_measurements(session, {r.id: r.body["measurements"] for r in records if r.body["measurements"]})
    sensitivity.link_events(session, {r.id: UUID(r.body["event_id"]) for r in records if r.body["event_id"]})


def _place(record: Projected, named: Named, level: int) -> sensitivity.PlaceToWrite:
    return sensitivity.PlaceToWrite(record.id, record.body["place"], level, named.rule, named.coarsest)


def _flags(record: Projected, stamp: Stamp | None, needs_place: bool = True) -> list[str]:
    start, _ = observed_interval(record.body)
    flags = time_flags(start, parse_aware(record.saved_at), record.received_at, record.clock_offset)
    flags += place_flags(record.body["place"]) if needs_place or record.body["place"] else []
    if stamp is not None:
        flags += ([] if stamp.in_scope else ["out_of_scope"]) + (["near_border"] if stamp.uncertain else [])
    return flags + [flag for flag in record.body.get("flags", []) if flag not in flags]
