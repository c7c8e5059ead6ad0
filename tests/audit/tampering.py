"""What the owner of the database can do to the log, with the trigger that refuses it put aside."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.audit.model import AuditEntry
from server.audit.rules import Link, microseconds
from server.audit.service import log
from tests.admitting import CLOCK

AWAY = 1_000_000


def fill(session: Session, entries: int) -> None:
    for number in range(entries):
        log(session, CLOCK, "测试员", "read_precise", f"record {number}", {"purpose": "核查 𬶋", "rows": number})


def put_guard_aside(session: Session) -> None:
    session.execute(text("ALTER TABLE xiangye.audit_entry DISABLE TRIGGER audit_entry_only_grows"))


def forge(session: Session, *numbers: int) -> None:
    session.execute(
        text("UPDATE audit_entry SET subject = subject || ' or another' WHERE entry_no = ANY(:numbers)"),
        {"numbers": list(numbers)},
    )


def delete(session: Session, *numbers: int, renumber: bool = False) -> None:
    session.execute(text("DELETE FROM audit_entry WHERE entry_no = ANY(:numbers)"), {"numbers": list(numbers)})
    if renumber:
        session.execute(
            text(
                "UPDATE audit_entry a SET entry_no = -b.place FROM (SELECT entry_no, row_number() OVER (ORDER BY entry_no) AS place "
                "FROM audit_entry) b WHERE b.entry_no = a.entry_no"
            )
        )
        session.execute(text("UPDATE audit_entry SET entry_no = -entry_no"))


def insert(session: Session, *numbers: int) -> None:
    """An entry that claims each number, chained to the one before as if it belonged there; those behind make room."""
    kept = session.execute(text("SELECT entry_no FROM audit_entry ORDER BY entry_no")).scalars().all()
    free = (place for place in range(1, len(kept) + len(numbers) + 1) if place not in numbers)
    session.execute(
        text(
            "UPDATE audit_entry SET entry_no = -places.new FROM unnest(CAST(:old AS bigint[]), CAST(:new AS bigint[])) "
            "AS places (old, new) WHERE entry_no = places.old"
        ),
        {"old": kept, "new": list(free)},
    )
    session.execute(text("UPDATE audit_entry SET entry_no = -entry_no"))
    for number in sorted(numbers):
        before = session.execute(
            text("SELECT entry_hash FROM audit_entry WHERE entry_no = :before"), {"before": number - 1}
        ).scalar()
        entry = AuditEntry(
            entry_no=number,
            at=CLOCK.now(),
            actor="别人",
            action="read_precise",
            subject="nobody",
            detail={},
            previous_hash=before or "0" * 64,
            entry_hash="",
        )
        entry.entry_hash = mark_of(entry)
        session.add(entry)
        session.flush()


def swap(session: Session, one: int, other: int) -> None:
    for before, after in ((one, AWAY), (other, one), (AWAY, other)):
        session.execute(
            text("UPDATE audit_entry SET entry_no = :after WHERE entry_no = :before"),
            {"before": before, "after": after},
        )


def cut_from(session: Session, number: int) -> None:
    session.execute(text("DELETE FROM audit_entry WHERE entry_no >= :number"), {"number": number})


def rewrite_from(session: Session, number: int) -> None:
    """Forges one entry and makes every later hash fit it."""
    forge(session, number)
    session.expire_all()
    entries = session.query(AuditEntry).where(AuditEntry.entry_no >= number).order_by(AuditEntry.entry_no).all()
    previous = entries[0].previous_hash
    for entry in entries:
        entry.previous_hash = previous
        previous = entry.entry_hash = mark_of(entry)
    session.flush()


def mark_of(entry: AuditEntry) -> str:
    link = Link(
        entry.entry_no,
        microseconds(entry.at),
        entry.actor,
        entry.action,
        entry.subject,
        entry.detail,
        entry.previous_hash,
        entry.entry_hash,
    )
    return link.hash_as(entry.entry_no) or ""
