"""Tries to sign in or to enrol, counted where all workers see them: ten a minute for each account and each device."""

from datetime import datetime, timedelta

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from server.accounts.model import RecentTry
from server.accounts.opaque import fingerprint
from shared.clock import Clock
from shared.problems import Problem

ALLOWED, WINDOW = 10, timedelta(minutes=1)
_FORGET = text("""
    DELETE FROM xiangye.recent_try WHERE subject_hash IN (
        SELECT subject_hash FROM xiangye.recent_try
        WHERE subject_hash <> :key AND coalesce(tried_at[cardinality(tried_at)] < :long_ago, true)
        LIMIT 100 FOR UPDATE SKIP LOCKED
    )
    """)


def count(session: Session, clock: Clock, subject: str) -> None:
    """Problem at the eleventh within a minute. The caller commits before it looks at what was sent, so that tries at the same
    moment are counted one after the other, and a subject that does not exist is counted like one that does."""
    key, now = fingerprint(subject), clock.now()
    session.execute(_FORGET, {"key": key, "long_ago": now - timedelta(hours=1)})
    recent = [at for at in _locked(session, key) if now - WINDOW < at <= now]
    if len(recent) >= ALLOWED:
        wait = (recent[0] + WINDOW - now).total_seconds()
        raise Problem("too_many_requests", retry_after=max(1, round(wait)))
    _write(session, key, [*recent, now])


def forgive(session: Session, subject: str) -> None:
    """It was the right one: this try is not among the failed."""
    key = fingerprint(subject)
    _write(session, key, _locked(session, key)[:-1])


def _locked(session: Session, key: str) -> list[datetime]:
    """Held to the end of the transaction, whether the row was there or not."""
    row = insert(RecentTry).values(subject_hash=key, tried_at=[])
    locking = row.on_conflict_do_update(index_elements=["subject_hash"], set_={"subject_hash": key})
    return list(session.execute(locking.returning(RecentTry.tried_at)).scalar_one())


def _write(session: Session, key: str, tried_at: list[datetime]) -> None:
    session.execute(update(RecentTry).where(RecentTry.subject_hash == key).values(tried_at=tried_at))
