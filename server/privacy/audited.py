"""The audit log as auditors read it: each within what they were granted, exact places never told."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import Session

from server.accounts import directory
from server.accounts.areas import EVERYWHERE
from server.accounts.model import Person
from server.accounts.viewer import Viewer
from server.audit.model import AuditEntry
from server.audit.telling import purpose_of, shown_detail, shown_subject
from server.db import EVERYTHING, looking_through
from server.sensitivity.scoping import shown_ids
from shared.clock import Clock
from shared.ids import is_uuid

_MOST_PEOPLE = 10_000
_AN_ID = "^[0-9a-f-]{36}$|^[0-9a-f]{64}$"


def entries(
    session: Session, viewer: Viewer, clock: Clock, asked: Mapping[str, Any], after: int | None, limit: int
) -> Sequence[AuditEntry]:
    """The newest first; one more than the limit where there are more."""
    query = select(AuditEntry).order_by(AuditEntry.entry_no.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(AuditEntry.entry_no < after)
    for name in ("actor", "action", "subject"):
        if asked[name] is not None:
            query = query.where(getattr(AuditEntry, name) == asked[name])
    since: datetime | None = asked["since"]
    until: datetime | None = asked["until"]
    if since is not None:
        query = query.where(AuditEntry.at >= since)
    if until is not None:
        query = query.where(AuditEntry.at < until)
    if asked["purpose"] is not None:
        query = query.where(func.strpos(_purpose(), asked["purpose"]) > 0)
    if not sees_all(viewer):
        known = audited_people(session, viewer, clock)
        query = query.where(or_(AuditEntry.actor.in_(known), AuditEntry.subject.in_(known)))
    return session.scalars(query).all()


def _purpose() -> ColumnElement[str]:
    """As telling.purpose_of has it. Digits match nothing: coordinates and ids, which are not shown, could be asked for piece by piece."""
    subject = case((AuditEntry.action.startswith("read_"), AuditEntry.subject), else_="")
    said = func.coalesce(AuditEntry.detail["purpose"].astext, subject)
    return case((said.regexp_match(_AN_ID), ""), else_=func.translate(said, "0123456789０１２３４５６７８９", ""))


def sees_all(viewer: Viewer) -> bool:
    return not viewer.held or any(held.area_kind == EVERYWHERE for held in viewer.held)


def audited_people(session: Session, viewer: Viewer, clock: Clock) -> list[str]:
    """Ids of those who hold nothing beyond what the auditor was granted: what somebody does elsewhere is for that place's auditor."""
    found = directory.people(session, viewer, None, _MOST_PEOPLE)
    return [str(one.id) for one in found if directory.stands_within(session, clock, viewer, one)]


def shown(session: Session, rows: Sequence[AuditEntry]) -> list[dict[str, Any]]:
    """A record is named by the id that it bears in every list; who acted by id, with the account while there is one."""
    named = {UUID(row.subject) for row in rows if is_uuid(row.subject)}
    actors = {UUID(row.actor) for row in rows if is_uuid(row.actor)}
    with looking_through(session, EVERYTHING):
        records = shown_ids(session, sorted(named))
    accounts = {
        row[0]: row[1] for row in session.execute(select(Person.id, Person.account).where(Person.id.in_(actors)))
    }
    return [_shown(row, records, accounts) for row in rows]


def _shown(row: AuditEntry, records: Mapping[UUID, UUID], accounts: Mapping[UUID, str | None]) -> dict[str, Any]:
    subject = UUID(row.subject) if is_uuid(row.subject) else None
    return {
        "entry_no": row.entry_no,
        "at": row.at,
        "actor": row.actor,
        "account": accounts.get(UUID(row.actor)) if is_uuid(row.actor) else None,
        "action": row.action,
        "subject": str(records.get(subject, subject)) if subject else shown_subject(row.subject),
        "purpose": purpose_of(row.action, row.subject, row.detail),
        "detail": shown_detail(row.detail),
        "entry_hash": row.entry_hash,
    }
