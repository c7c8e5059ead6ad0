"""Console sessions: a cookie that only the browser holds, and a token beside it that only our own pages can read."""

import hashlib
import hmac
from datetime import timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from server.accounts import opaque
from server.accounts.model import ConsoleSession
from shared.clock import Clock
from shared.problems import Problem

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)


def begin(session: Session, clock: Clock, person_id: UUID) -> str:
    """The secret for the cookie."""
    secret, now = opaque.fresh(opaque.SESSION), clock.now()
    session.add(
        ConsoleSession(
            token_hash=opaque.fingerprint(secret),
            person_id=person_id,
            created_at=now,
            seen_at=now,
            expires_at=now + ABSOLUTE,
        )
    )
    session.flush()
    return secret


def anti_forgery(secret: str) -> str:
    """Follows from the cookie's secret and does not lead back to it, so that a page that was loaded anew can be told it again."""
    return hmac.new(secret.encode("utf-8", "surrogatepass"), b"xiangye anti-forgery", hashlib.sha256).hexdigest()


def bearing(session: Session, clock: Clock, secret: str, csrf: str | None) -> ConsoleSession:
    """`csrf` is None for a method that changes nothing."""
    row, now = session.get(ConsoleSession, opaque.fingerprint(secret)), clock.now()
    if row is None or row.ended_at is not None or row.expires_at <= now or row.seen_at + IDLE <= now:
        raise Problem("sign_in_needed")
    if csrf is not None and not hmac.compare_digest(csrf.encode("utf-8", "replace"), anti_forgery(secret).encode()):
        raise Problem("csrf_failed")
    return row


def end(session: Session, clock: Clock, secret: str) -> None:
    row = session.get(ConsoleSession, opaque.fingerprint(secret))
    if row is not None:
        row.ended_at = row.ended_at or clock.now()


def end_all(session: Session, clock: Clock, person_id: UUID) -> None:
    mine = update(ConsoleSession).where(ConsoleSession.person_id == person_id, ConsoleSession.ended_at.is_(None))
    session.execute(mine.values(ended_at=clock.now()))
