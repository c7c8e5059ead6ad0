"""The heads of the chain, noted outside the database: one line an entry, appended when its transaction is committed.

Who may rewrite the whole table cannot rewrite these as well; without them a cut-off tail would look like a shorter log. A line
that a crash kept from being written is made good by the next one, which vouches for the entries before it.
"""

import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.orm import Session

from server.db import NOTES

_PENDING = "xiangye.audit_heads"
_LINE = re.compile(r"(\d{1,18}) ([0-9a-f]{64})", re.ASCII)
_log = logging.getLogger("xiangye.audit")


@dataclass(frozen=True)
class Heads:
    """`by_number`: the hash of each entry that was noted; `unreadable`: lines that say nothing, or what another line denies."""

    path: Path
    exists: bool
    by_number: Mapping[int, str]
    unreadable: tuple[int, ...]


def path_of(var_dir: Path, epoch: UUID) -> Path:
    """Another database, or one that was restored, begins another file."""
    return var_dir / "audit" / f"heads-{epoch}.txt"


def note(session: Session, epoch: UUID, entry_no: int, entry_hash: str) -> None:
    """Written down once the transaction is committed, by a session that knows where."""
    session.info.setdefault(_PENDING, []).append((epoch, entry_no, entry_hash))


@event.listens_for(Session, "after_commit")
def _write_down(session: Session) -> None:
    if session.in_nested_transaction():
        return
    pending, var_dir = session.info.pop(_PENDING, ()), session.info.get(NOTES)
    if not pending or var_dir is None:
        return
    try:
        for epoch in {one[0] for one in pending}:
            _append(path_of(var_dir, epoch), "".join(f"{no} {mark}\n" for of, no, mark in pending if of == epoch))
    except OSError:  # what was committed stays committed
        _log.exception("the head of the audit log was not noted")


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, _previous: object) -> None:
    """What was rolled back may not be vouched for; what a savepoint took with it needlessly is vouched for by the next line."""
    session.info.pop(_PENDING, None)


def _append(path: Path, lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, lines.encode())
    finally:
        os.close(handle)


def read(var_dir: Path, epoch: UUID) -> Heads:
    path = path_of(var_dir, epoch)
    if not path.is_file():
        return Heads(path, False, {}, ())
    by_number: dict[int, str] = {}
    unreadable = []
    with path.open(encoding="ascii", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            told = _LINE.fullmatch(line.rstrip("\n"))
            if told is None or by_number.setdefault(int(told[1]), told[2]) != told[2]:
                unreadable.append(number)
    return Heads(path, True, by_number, tuple(unreadable))
