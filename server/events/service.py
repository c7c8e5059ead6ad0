"""Writes events, their participants and the measurements of any subject. Exact places are not ours to write."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from server.events.model import Event, EventParticipant, Measurement
from server.events.rules import canonical_measurement
from shared.clock import observed_interval
from shared.vocabulary import VERSION

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


def write(session: Session, events: Sequence[tuple[UUID, Mapping[str, Any], UUID, list[str]]]) -> None:
    """`events`: (id, merged body, data set, flags). A later version replaces the row: history stays in the ledger."""
    if not events:
        return
    rows = [_row(id_, body, dataset_id, flags) for id_, body, dataset_id, flags in events]
    statement = insert(Event).values(rows)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["id"], set_={c: statement.excluded[c] for c in rows[0] if c != "id"}
        )
    )
    session.execute(delete(EventParticipant).where(EventParticipant.event_id.in_([e[0] for e in events])))
    participants = {
        (id_, UUID(p["person_id"]), p["role"]): p["order"] for id_, body, _, _ in events for p in body["participants"]
    }
    if participants:
        session.execute(
            insert(EventParticipant),
            [
                {"event_id": key[0], "person_id": key[1], "role": key[2], "order": order}
                for key, order in participants.items()
            ],
        )


def _row(id_: UUID, body: Mapping[str, Any], dataset_id: UUID, flags: list[str]) -> dict[str, Any]:
    effort = body["effort"]
    return {
        "id": id_,
        "parent_event_id": UUID(body["parent_event_id"]) if body["parent_event_id"] else None,
        "flags": flags,
        "effort_length_m": effort.get("length_m"),
        "effort_duration_min": effort.get("duration_min"),
        "effort_area_m2": effort.get("area_m2"),
        "effort_observers": effort.get("observers"),
        **{name: body[name] for name in PLAIN},
        **observed_columns(body, dataset_id),
    }


def write_measurements(session: Session, subjects: Mapping[UUID, Sequence[Mapping[str, Any]]]) -> None:
    if not subjects:
        return
    session.execute(delete(Measurement).where(Measurement.subject_id.in_(list(subjects))))
    rows = []
    for subject_id, measurements in subjects.items():
        for position, measurement in enumerate(measurements):
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
