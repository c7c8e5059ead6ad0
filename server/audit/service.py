"""The hash-chained log. An entry is the last step of its transaction, under the lock that also numbers changes."""

import hashlib
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit.model import AuditEntry
from server.ledger.service import take_order_lock
from shared.canonical import canonical_bytes
from shared.clock import Clock

_FIRST = "0" * 64


def log(session: Session, clock: Clock, actor: str, action: str, subject: str, detail: dict[str, Any]) -> AuditEntry:
    take_order_lock(session)
    last = session.scalar(select(AuditEntry).order_by(AuditEntry.entry_no.desc()).limit(1))
    entry = AuditEntry(
        entry_no=last.entry_no + 1 if last else 1,
        at=clock.now(),
        actor=actor,
        action=action,
        subject=subject,
        detail=detail,
        previous_hash=last.entry_hash if last else _FIRST,
        entry_hash="",
    )
    entry.entry_hash = entry_hash(entry)
    session.add(entry)
    session.flush()
    return entry


def entry_hash(entry: AuditEntry) -> str:
    told = [
        entry.entry_no,
        int(entry.at.timestamp() * 1_000_000),
        entry.actor,
        entry.action,
        entry.subject,
        entry.detail,
        entry.previous_hash,
    ]
    return hashlib.sha256(canonical_bytes(told)).hexdigest()


def first_broken(session: Session) -> int | None:
    """The number of the first entry that does not follow from the one before, or None."""
    previous, expected = _FIRST, 1
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.entry_no)):
        if entry.entry_no != expected or entry.previous_hash != previous or entry.entry_hash != entry_hash(entry):
            return expected
        previous, expected = entry.entry_hash, expected + 1
    return None
