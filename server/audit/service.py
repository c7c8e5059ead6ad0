"""The hash-chained log. An entry is the last step of its transaction, under the lock that also numbers changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from server.audit.anchor import note
from server.audit.model import AuditEntry, Redaction
from server.audit.rules import FIRST, Link, microseconds
from server.ledger.model import ServerState
from server.ledger.service import number_changes, take_order_lock
from shared.clock import Clock

RECORDS = "records"
_TOGETHER = 1000


def log(session: Session, clock: Clock, actor: str, action: str, subject: str, detail: dict[str, Any]) -> AuditEntry:
    take_order_lock(session)
    last = select(AuditEntry.entry_no, AuditEntry.entry_hash).order_by(AuditEntry.entry_no.desc()).limit(1).subquery()
    epoch, number, previous = session.execute(
        select(ServerState.epoch, last.c.entry_no, last.c.entry_hash).outerjoin_from(ServerState, last, true())
    ).one()
    now = clock.now()
    link = Link((number or 0) + 1, microseconds(now), actor, action, subject, detail, previous or FIRST, entry_hash="")
    mark = link.hash_as(link.entry_no)
    if mark is None:
        raise ValueError(f"an audit entry {action!r} that has no canonical form")
    entry = AuditEntry(
        entry_no=link.entry_no,
        at=now,
        actor=actor,
        action=action,
        subject=subject,
        detail=detail,
        previous_hash=link.previous_hash,
        entry_hash=mark,
    )
    session.add(entry)
    session.flush()
    note(session, epoch, entry.entry_no, mark)
    return entry


def seal_versions(session: Session, clock: Clock, actor: str, subject: str) -> None:
    """The last step of a transaction that wrote versions: numbers them, and has the chain hold the digest of each."""
    written = number_changes(session)
    for start in range(0, len(written), _TOGETHER):
        some = written[start : start + _TOGETHER]
        received = [microseconds(one.received_at) for one in some]
        detail = {
            "versions": [[str(one.id), one.digest] for one in some],
            "received_from": min(received),
            "received_to": max(received),
        }
        log(session, clock, actor, RECORDS, subject, detail)


@dataclass(frozen=True)
class Redacted:
    """`digest` of what it was, `sha256` of what it is now."""

    kind: str
    subject: str
    digest: str
    sha256: str


def write_redactions(session: Session, clock: Clock, reason: str, redacted: Sequence[Redacted]) -> None:
    """Before the bytes themselves give way: the database takes only what is written here. `log_redactions` tells of them as
    the last step, when every row is locked that has to be."""
    session.add_all(
        Redaction(
            kind=one.kind,
            subject=one.subject,
            digest=one.digest,
            redacted_sha256=one.sha256,
            reason=reason,
            at=clock.now(),
        )
        for one in redacted
    )
    session.flush()


def log_redactions(session: Session, clock: Clock, actor: str, reason: str, redacted: Sequence[Redacted]) -> None:
    for start in range(0, len(redacted), _TOGETHER):
        some = redacted[start : start + _TOGETHER]
        told = [[one.kind, one.subject, one.digest, one.sha256] for one in some]
        log(session, clock, actor, "redact", reason, {"redactions": told})
