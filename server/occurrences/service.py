"""Writes occurrences: the row that everybody may read, without what would tell a guarded place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from server.db import among, put
from server.events.service import observed_columns
from server.occurrences.model import Occurrence
from server.sensitivity import generalising
from server.sensitivity.mentions import guarded_names
from shared.clock import observed_year

PLAIN = (
    "occurrence_status",
    "individual_count",
    "count_min",
    "count_max",
    "count_method",
    "organism_quantity",
    "organism_quantity_type",
    "sex",
    "life_stage",
    "behavior",
    "evidence_class",
    "basis_of_record",
    "establishment_means",
    "degree_of_establishment",
    "pathway",
    "occurrence_remarks",
)


@dataclass(frozen=True)
class OccurrenceToWrite:
    id: UUID
    body: Mapping[str, Any]
    dataset_id: UUID
    flags: tuple[str, ...]
    received_at: datetime
    level: int


def write(session: Session, occurrences: Sequence[OccurrenceToWrite]) -> None:
    if not occurrences:
        return
    withdraw(session, [o.id for o in occurrences])
    spoken = guarded_names(session).spoken_of
    rows = [generalising.occurrence(o.level, _row(o), spoken) for o in occurrences]
    put(session, Occurrence, rows)


def withdraw(session: Session, ids: Sequence[UUID]) -> None:
    session.execute(delete(Occurrence).where(among(Occurrence.id, ids)).execution_options(synchronize_session=False))


def _row(occurrence: OccurrenceToWrite) -> dict[str, Any]:
    body = occurrence.body
    return {
        "id": occurrence.id,
        "observed_year": observed_year(body),
        "flags": list(occurrence.flags),
        "received_at": occurrence.received_at,
        "event_id": UUID(body["event_id"]) if body["event_id"] else None,
        "access_class": "internal",
        **{name: body[name] for name in PLAIN},
        **observed_columns(body, occurrence.dataset_id),
    }
