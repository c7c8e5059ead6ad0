"""Writes events, their participants and the measurements of any subject. Exact places are not ours to write."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from server.db import among
from server.events.model import Event, EventParticipant, Measurement
from server.events.rules import canonical_measurement
from server.sensitivity import generalising
from server.sensitivity.mentions import guarded_names
from shared.clock import observed_interval
from shared.vocabulary import EVENT_TYPES, VERSION

PLAIN = (
    "event_type",
    "sampling_protocol",
    "target_group",
    "location_name",
    "weather",
    "habitat_code",
    "disturbance_code",
    "target_taxa",
    "event_remarks",
)


def observed_columns(body: Mapping[str, Any], dataset_id: UUID) -> dict[str, Any]:
    start, end = observed_interval(body)
    return {
        "dataset_id": dataset_id,
        "survey_id": UUID(body["survey_id"]),
        "observed_from": start,
        "observed_to": end,
        "date_precision": body.get("date_precision"),
        "verbatim_event_date": body.get("verbatim_event_date"),
    }


@dataclass(frozen=True)
class EventToWrite:
    """`guarded`: its words may tell a place that is kept; `sought_in_secret`: taxa that no readable row may say are looked for here."""

    id: UUID
    body: Mapping[str, Any]
    dataset_id: UUID
    flags: tuple[str, ...]
    guarded: bool = False
    sought_in_secret: Set[str] = frozenset()


def _told_type(event: EventToWrite) -> dict[str, str]:
    return {"event_type": generalising.known_code(int(event.guarded), EVENT_TYPES, event.body["event_type"])}


def write(session: Session, events: Sequence[EventToWrite]) -> None:
    """A later version replaces the row: history stays in the ledger."""
    if not events:
        return
    spoken = guarded_names(session).spoken_of
    rows = [
        row | generalising.event_words(event.guarded, row, spoken) | _told_type(event)
        for event in events
        for row in (_row(event),)
    ]
    statement = insert(Event).values(rows)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["id"], set_={c: statement.excluded[c] for c in rows[0] if c != "id"}
        )
    )
    session.execute(delete(EventParticipant).where(EventParticipant.event_id.in_([e.id for e in events])))
    participants = {(e.id, UUID(p["person_id"]), p["role"]): p["order"] for e in events for p in e.body["participants"]}
    if participants:
        session.execute(
            insert(EventParticipant),
            [
                {"event_id": key[0], "person_id": key[1], "role": key[2], "order": order}
                for key, order in participants.items()
            ],
        )


def withdraw(session: Session, ids: Sequence[UUID]) -> None:
    """The rows of events, and the measurements of any subject."""
    session.execute(delete(Event).where(Event.id.in_(ids)))
    session.execute(delete(Measurement).where(Measurement.subject_id.in_(ids)))


def _row(event: EventToWrite) -> dict[str, Any]:
    body, effort = event.body, event.body["effort"]
    row = {
        "id": event.id,
        "parent_event_id": UUID(body["parent_event_id"]) if body["parent_event_id"] else None,
        "flags": list(event.flags),
        "effort_length_m": effort.get("length_m"),
        "effort_duration_min": effort.get("duration_min"),
        "effort_area_m2": effort.get("area_m2"),
        "effort_observers": effort.get("observers"),
        **{name: body[name] for name in PLAIN},
        **observed_columns(body, event.dataset_id),
    }
    if body["target_taxa"] is not None:
        row["target_taxa"] = [taxon for taxon in body["target_taxa"] if taxon not in event.sought_in_secret]
    return row


def write_measurements(
    session: Session, subjects: Mapping[UUID, Sequence[Mapping[str, Any]]], guarded: Set[UUID] = frozenset()
) -> None:
    """Replaces those of each subject; of a guarded one only what cannot be words about its place."""
    if not subjects:
        return
    spoken = guarded_names(session).spoken_of
    before = delete(Measurement).where(among(Measurement.subject_id, subjects))
    session.execute(before.execution_options(synchronize_session=False))
    rows = []
    for subject_id, measurements in subjects.items():
        for position, measurement in enumerate(measurements):
            if not generalising.measurement(subject_id in guarded, measurement, spoken):
                continue
            value, unit = canonical_measurement(measurement["value"], measurement.get("unit"))
            rows.append(
                {
                    "subject_id": subject_id,
                    "position": position,
                    "code": measurement["code"],
                    "vocabulary": VERSION,
                    "value": measurement["value"],
                    "unit": measurement.get("unit"),
                    "canonical_value": value,
                    "canonical_unit": unit,
                    "method": measurement.get("method"),
                }
            )
    if rows:
        session.execute(insert(Measurement), rows)
