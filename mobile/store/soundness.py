"""Whether the bytes of a record are still those that were confirmed; where they are not, a copy of the store may have them.

SQLite notices a page that makes no sense, and never a bit that changed in the middle of a text: only the digest tells.
"""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mobile.store.database import Database
from shared.wire.sealed import is_sealed, read_sealed

DAMAGED = "内容与保存时不一致（平板存储可能损坏），未发送；原样留在平板上，也会随“导出到 U 盘”交给省级管理员"
_FINAL = "record_is_final"


@dataclass(frozen=True)
class Due:
    """A version that is to be sent, as the outbox names it."""

    seq: int
    record_id: str
    digest: str


def digest_of(canonical: bytes) -> str:
    """Of a record as it stands in the store and in a batch, sealed or not."""
    with contextlib.suppress(ValueError):
        told = json.loads(canonical)
        if is_sealed(told):
            return read_sealed(told).digest
    return hashlib.sha256(canonical).hexdigest()


def is_whole(digest: str, canonical: Any) -> bool:
    """The second look is for sealed ones, whose digest is over what is sealed."""
    return isinstance(canonical, bytes) and (
        hashlib.sha256(canonical).hexdigest() == digest or digest_of(canonical) == digest
    )


def whole(database: Database, copies: Callable[[], Iterable[Path]], due: Due) -> bytes | None:
    """The bytes that were confirmed: those of the store, else those of a copy, which are put back. None where no file has them."""
    rows = database.rows("select canonical from record where seq = ?", (due.seq,))
    if rows and is_whole(due.digest, rows[0]["canonical"]):
        return bytes(rows[0]["canonical"])
    found = next((row for path in copies() if (row := _kept_in(path, due)) is not None), None)
    if found is None:
        return None
    _put_back(database, found)
    return bytes(found["canonical"])


def mend(database: Database, copies: Callable[[], Iterable[Path]]) -> None:
    """All that the province does not have yet."""
    rows = database.rows(
        "select r.seq, o.record_id, o.digest from outbox o join record r using (record_id, digest) "
        "where o.state in ('waiting', 'sent', 'quarantined')"
    )
    for row in rows:
        whole(database, copies, Due(*row))


def _kept_in(path: Path, due: Due) -> sqlite3.Row | None:
    """None also where the copy cannot be read."""
    query = "select seq, record_id, digest, base_digest, kind, saved_at, canonical from record where record_id = ? and digest = ?"
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as copy,
    ):
        copy.row_factory = sqlite3.Row
        row: sqlite3.Row | None = copy.execute(query, (due.record_id, due.digest)).fetchone()
        return row if row is not None and row["seq"] == due.seq and is_whole(due.digest, row["canonical"]) else None
    return None


def _put_back(database: Database, row: sqlite3.Row) -> None:
    """Into its place: what lies there is not what was confirmed, so it is not what the trigger guards."""
    with database.transaction() as connection:
        [(trigger,)] = connection.execute("select sql from sqlite_schema where name = ?", (_FINAL,)).fetchall()
        connection.execute(f"drop trigger {_FINAL}")
        connection.execute(
            "update record set record_id = :record_id, digest = :digest, base_digest = :base_digest, kind = :kind, "
            "saved_at = :saved_at, canonical = :canonical where seq = :seq",
            dict(row),
        )
        connection.execute(trigger)
