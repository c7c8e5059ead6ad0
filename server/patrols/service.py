"""Writes patrols and findings; tracks are exact places and go through the gate."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from server.patrols.model import Finding, Patrol
from shared.clock import observed_interval


def write_patrols(session: Session, patrols: Sequence[tuple[UUID, Mapping[str, Any]]]) -> None:
    """Their event rows must stand already."""
    rows = [
        {
            "event_id": id_,
            "leader": UUID(body["leader"]) if body["leader"] else None,
            "nil_report": body["nil_report"],
            "pauses": _intervals(body["pauses"]),
            "gaps": _intervals(body["gaps"]),
        }
        for id_, body in patrols
    ]
    _upsert(session, Patrol, "event_id", rows)


def write_findings(session: Session, findings: Sequence[tuple[UUID, Mapping[str, Any]]]) -> None:
    """A finding's place is guarded: its free words, which may tell it, stay with its versions."""
    names = ("finding_type", "case_state", "evidence_number")
    rows = [
        {
            "id": id_,
            "event_id": UUID(body["event_id"]),
            "survey_id": UUID(body["survey_id"]),
            "observed_from": observed_interval(body)[0],
            **{name: body[name] for name in names},
        }
        for id_, body in findings
    ]
    _upsert(session, Finding, "id", rows)


def withdraw(session: Session, ids: Sequence[UUID]) -> None:
    """The rows of findings; those of patrols go with their events."""
    session.execute(delete(Finding).where(Finding.id.in_(ids)))


def _upsert(session: Session, table: type[Patrol] | type[Finding], key: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        statement = insert(table).values(rows)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=[key], set_={c: statement.excluded[c] for c in rows[0] if c != key}
            )
        )


def _intervals(intervals: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [{"from": interval["from_"], "to": interval["to"]} for interval in intervals]
