"""From the merged view of records to the rows that readers read, kind by kind, parents first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from server.events import service as events
from server.identifications import service as identifications
from server.ledger.service import Came
from server.media import service as media
from server.occurrences import service as occurrences
from server.patrols import service as patrols
from server.places.rules import Stamp
from server.privacy import notices
from server.sensitivity import rules as sensitivity_rules
from server.sensitivity import service as sensitivity
from server.sensitivity.following import EventGuard, event_guards, follow_events, follow_media, own_level
from server.sensitivity.naming import Named, guarded_taxa, name_all
from server.surveys import service as surveys
from shared.checks import record_flags
from shared.clock import observed_interval, observed_year
from shared.wire.standing import Standing


@dataclass(frozen=True)
class Projected:
    """One record as it now stands; `body` is its merged body with defaults. `came`: as ledger.came tells of its versions."""

    id: UUID
    standing: Standing
    body: Mapping[str, Any]
    received_at: datetime
    dataset_id: UUID
    came: Mapping[str, Came]

    @property
    def kind(self) -> str:
        return self.standing.kind


Said = Sequence[tuple[UUID, Mapping[str, Any]]]
"""Bodies of versions, each with its record's id."""


def project(session: Session, now: datetime, records: Sequence[Projected], others: Said) -> set[UUID]:
    """The surveys whose counties changed: their records stand in other lists then. `others`: versions of occurrences that are not as
    their records now stand."""
    by_kind: dict[str, list[Projected]] = {}
    for record in records:
        by_kind.setdefault(record.kind, []).append(record)
    moved = _project_surveys(session, by_kind.get("survey", []))
    with follow_events(session, [r.id for r in by_kind.get("occurrence", [])], _events_of(by_kind)):
        _remember_names(session, now, others)
        _project_events(session, by_kind.get("event", []) + by_kind.get("patrol", []))
        patrols.write_patrols(session, [(r.id, r.body) for r in by_kind.get("patrol", [])])
        _project_tracks(session, by_kind.get("track_segment", []))
        _project_findings(session, by_kind.get("finding", []))
        _project_occurrences(session, by_kind.get("occurrence", []))
    photos = by_kind.get("media", [])
    media.write(session, [(r.id, r.body) for r in photos])
    follow_media(session, {r.id for r in records} | {UUID(id_) for r in photos for id_ in r.body["subject_ids"]})
    notices.write_notices(session, [(r.id, r.body["notice"]) for r in records if "notice" in r.body])
    return moved


def _project_surveys(session: Session, records: list[Projected]) -> set[UUID]:
    told = [surveys.SurveyToWrite(r.id, r.body, withdrawn=False) for r in records]
    return surveys.write(session, told, records[0].received_at) if told else set()


def _events_of(by_kind: Mapping[str, Sequence[Projected]]) -> set[UUID]:
    """The events that these records name, and themselves."""
    told = by_kind.get("event", []), by_kind.get("patrol", [])
    named = {r.body["event_id"] for r in by_kind.get("occurrence", [])}
    named |= {r.body["parent_event_id"] for some in told for r in some}
    return {UUID(id_) for id_ in named if id_} | {r.id for some in told for r in some}


def withdraw(session: Session, ids: Sequence[UUID]) -> None:
    """What was deleted leaves no row that a reader could count; its versions stay, and with them its history."""
    if ids:
        with follow_events(session, ids, ids):
            for room in (occurrences, events, patrols, media, notices, sensitivity):
                room.withdraw(session, ids)


def _project_events(session: Session, records: list[Projected]) -> None:
    if not records:
        return
    guards = event_guards(session, [r.id for r in records])
    places = [
        sensitivity.PlaceToWrite(r.id, r.body["place"], asked.level, asked.rule, asked.coarsest)
        for r in records
        for asked in (own_level(guards.get(r.id, EventGuard()), r.kind == "patrol"),)
    ]
    guarded = {r.id for r in records if r.kind == "patrol" or (r.id in guards and guards[r.id].guarded)}
    stamps = sensitivity.write_places(session, places)
    sought = guarded_taxa(session, {taxon for r in records for taxon in r.body["target_taxa"] or ()})
    events.write(
        session,
        [
            events.EventToWrite(
                r.id,
                r.body,
                r.dataset_id,
                tuple(_flags(r, stamps.get(r.id), needs_place=False)),
                r.id in guarded,
                sought,
            )
            for r in records
        ],
    )
    events.write_measurements(session, {r.id: r.body["measurements"] for r in records}, guarded)
    sensitivity.write_lines(session, {r.id: r.body["geometry"] or () for r in records})


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


def _remember_names(session: Session, now: datetime, bodies: Said) -> None:
    """How closely a record is to be kept by these versions of it, which may have been edited since or be in dispute: what anybody took
    it for counts, in whatever order it came."""
    if bodies:
        named = name_all(session, {UUID(int=number): body for number, (_, body) in enumerate(bodies)})
        evidence = [(bodies[key.int][0], one.level, one.rule or "none") for key, one in named.items()]
        sensitivity.remember_levels(session, evidence, now)


def _project_occurrences(session: Session, records: list[Projected]) -> None:
    if not records:
        return
    named = name_all(session, {r.id: r.body for r in records})
    levels = sensitivity.remember_levels(
        session, [(id_, n.level, n.rule or "none") for id_, n in named.items()], records[0].received_at
    )
    guarded = {id_: asked.level for id_, asked in levels.items() if asked.level > 0}
    stamps = sensitivity.write_places(
        session,
        [
            sensitivity.PlaceToWrite(r.id, r.body["place"], asked.level, asked.rule, asked.coarsest)
            for r in records
            for asked in (levels[r.id],)
        ],
    )
    occurrences.write(
        session,
        [
            occurrences.OccurrenceToWrite(
                r.id,
                r.body,
                r.dataset_id,
                tuple(_flags(r, stamps.get(r.id)) + list(named[r.id].flags)),
                r.received_at,
                levels[r.id].level,
            )
            for r in records
        ],
    )
    identifications.record(session, [_naming(r, named[r.id]) for r in records], guarded)
    events.write_measurements(session, {r.id: r.body["measurements"] for r in records}, set(guarded))
    sensitivity.link_events(session, {r.id: UUID(r.body["event_id"]) if r.body["event_id"] else None for r in records})


def _naming(record: Projected, named: Named) -> identifications.Naming:
    standing = record.standing
    return identifications.Naming(
        record.id, standing.taxon_digest, record.body["taxon"], named.taxon_id, record.received_at
    )


def _flags(record: Projected, stamp: Stamp | None, needs_place: bool = True) -> list[str]:
    start, _ = observed_interval(record.body)
    dated = record.came.get(record.standing.dated_by)
    times = (start, dated.received_at if dated else record.received_at)
    flags = record_flags(record.body, times, needs_place, any(one.clock_off for one in record.came.values()))
    return sensitivity_rules.with_place_flags(flags, record.body["flags"], stamp)
