"""The few readings of exact places that a person's question or a grown level brings about; the rest of precise.py, with its role."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.sensitivity.precise import PLACE_COLUMNS, as_precise


def read_links(session: Session, occurrence_ids: Iterable[UUID]) -> set[UUID]:
    """The events that these occurrences belong to."""
    with as_precise(session):
        rows = session.execute(
            text("SELECT DISTINCT event_id FROM precise.event_link WHERE occurrence_id = ANY(:ids)"),
            {"ids": list(occurrence_ids)},
        )
        return set(rows.scalars())


def read_asked_below(session: Session, event_ids: Iterable[UUID]) -> list[tuple[UUID, UUID, int, str]]:
    """(event, occurrence, level, rule): all that was ever asked for the occurrences of each event and of the events below it."""
    with as_precise(session):
        rows = session.execute(
            text("""
            WITH RECURSIVE below AS (
                SELECT top, top AS id FROM unnest(CAST(:ids AS uuid[])) AS t (top)
                UNION SELECT b.top, e.id FROM below b JOIN xiangye.event e ON e.parent_event_id = b.id)
            SELECT b.top, l.occurrence_id, a.level, a.rule FROM below b JOIN precise.event_link l ON l.event_id = b.id
            JOIN xiangye.level_evidence a ON a.id = l.occurrence_id
            """),
            {"ids": list(event_ids)},
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows]


def read_places_of(session: Session, ids: Iterable[UUID]) -> dict[UUID, Mapping[str, Any]]:
    with as_precise(session):
        rows = session.execute(
            text(f"SELECT {', '.join(PLACE_COLUMNS)} FROM precise.place WHERE id = ANY(:ids)"), {"ids": list(ids)}
        )
        return {row["id"]: dict(row) for row in rows.mappings()}


def read_granted(
    session: Session, grant_id: UUID, reader: UUID, now: datetime, ids: Sequence[UUID]
) -> dict[UUID, Mapping[str, Any]]:
    """Those of the places that the grant gives this reader now: the database asks once more what the program asked."""
    with as_precise(session):
        rows = session.execute(
            text(f"""
            SELECT {", ".join(PLACE_COLUMNS)} FROM precise.place
            WHERE id IN (SELECT precise.granted(:grant_id, :reader, :now, :ids))
            """),
            {"grant_id": grant_id, "reader": reader, "now": now, "ids": list(ids)},
        )
        return {row["id"]: dict(row) for row in rows.mappings()}


def granted(session: Session, grant_id: UUID, reader: UUID, now: datetime, ids: Sequence[UUID]) -> set[UUID]:
    with as_precise(session):
        rows = session.execute(
            text("SELECT precise.granted(:grant_id, :reader, :now, :ids)"),
            {"grant_id": grant_id, "reader": reader, "now": now, "ids": list(ids)},
        )
        return set(rows.scalars())
