"""Personal tokens: what a script bears instead of its owner's session."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.accounts import opaque
from server.accounts.model import PersonalToken
from shared.clock import Clock
from shared.ids import uuid7
from shared.problems import Problem

LONGEST = timedelta(days=365)
USUAL = timedelta(days=90)


def issue(
    session: Session, clock: Clock, person_id: UUID, name: str, expires_at: datetime | None = None
) -> tuple[PersonalToken, str]:
    """The row, and the token itself, which nobody can be told again."""
    now = clock.now()
    until = expires_at or now + USUAL
    if not now < until <= now + LONGEST:
        raise Problem("invalid", f"到期时间应在此刻之后、{LONGEST.days} 天之内", field="expires_at")
    secret = opaque.fresh(opaque.TOKEN)
    row = PersonalToken(
        id=uuid7(),
        person_id=person_id,
        name=name,
        token_hash=opaque.fingerprint(secret),
        created_at=now,
        expires_at=until,
    )
    session.add(row)
    session.flush()
    return row, secret


def bearing(session: Session, clock: Clock, secret: str) -> PersonalToken:
    row = session.scalar(select(PersonalToken).where(PersonalToken.token_hash == opaque.fingerprint(secret)))
    if row is None or row.revoked_at is not None or row.expires_at <= clock.now():
        raise Problem("sign_in_needed")
    return row


def of_person(session: Session, person_id: UUID) -> list[PersonalToken]:
    query = select(PersonalToken).where(PersonalToken.person_id == person_id).order_by(PersonalToken.id.desc())
    return list(session.scalars(query))


def revoke(session: Session, clock: Clock, person_id: UUID, token_id: UUID) -> None:
    row = session.get(PersonalToken, token_id)
    if row is None or row.person_id != person_id:
        raise Problem("not_found")
    row.revoked_at = row.revoked_at or clock.now()


def end_all(session: Session, clock: Clock, person_id: UUID) -> None:
    mine = update(PersonalToken).where(PersonalToken.person_id == person_id, PersonalToken.revoked_at.is_(None))
    session.execute(mine.values(revoked_at=clock.now()))
