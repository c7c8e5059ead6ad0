"""Who counts as another person where two have to agree: nobody whose account the first one holds in hand."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.queries import grants_in_force
from server.accounts.rights import APPROVE_PRECISE, ROLES
from server.audit.model import AuditEntry
from shared.clock import Clock
from shared.problems import Problem


def require_independent(session: Session, clock: Clock, first: UUID, second: UUID) -> None:
    """Problem `second_person_needed` where the second account approves only by what the first granted, itself or through others it so
    appointed, or where one of those was the last to set its password: whoever administers people could else agree with themselves."""
    if _in_hand(session, clock, str(first), str(second), frozenset()):
        raise Problem("second_person_needed", "批准人的权限由申请人授予，或密码由申请人设定，须由另一位批准")


def _in_hand(session: Session, clock: Clock, first: str, one: str, seen: frozenset[str]) -> bool:
    if one == first or one in seen:
        return one == first
    held = _givers(session, clock, one)
    setter = _last_set_the_password(session, one)
    below = seen | {one}
    return (bool(held) and all(_in_hand(session, clock, first, giver, below) for giver in held)) or (
        setter is not None and _in_hand(session, clock, first, setter, below)
    )


def _givers(session: Session, clock: Clock, one: str) -> set[str]:
    try:
        grants = grants_in_force(session, clock, UUID(one))
    except ValueError:  # the local operator, who is nobody's
        return set()
    return {grant.granted_by for grant in grants if APPROVE_PRECISE in ROLES[grant.role]}


def _last_set_the_password(session: Session, one: str) -> str | None:
    entry = select(AuditEntry.actor).where(AuditEntry.action == "set_password", AuditEntry.subject == one)
    return session.scalar(entry.order_by(AuditEntry.entry_no.desc()).limit(1))
