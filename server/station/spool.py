"""What lies at the station: one SQLite file and a folder of photos. A receipt is given only for what is on the disk.

Batches lie as they came, with their signature; nothing is opened, mapped or merged here. What the province has signed for is given up
when its tablets have had time to hear of it; before that nothing is.
"""

import contextlib
import fcntl
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from shared.failpoints import fail
from shared.ids import uuid7

_TABLES = """
create table if not exists setting (name text primary key, value text not null) without rowid;
create table if not exists batch (
    batch_no integer primary key, device_id text not null, sha256 text not null, signature text not null, body blob,
    byte_count integer not null, record_count integer not null, received_at text not null, passed_at text, reason text not null default '',
    unique (device_id, sha256)
);
create table if not exists record (
    device_id text not null, record_id text not null, digest text not null, batch_no integer not null references batch on delete cascade,
    primary key (device_id, record_id, digest)
) without rowid;
create table if not exists photo (
    upload_id text primary key, device_id text not null, sha256 text not null, byte_count integer not null, begun_at text not null,
    received_at text, passed_at text, reason text not null default '', unique (device_id, sha256)
) without rowid;
create table if not exists document (
    document_no integer primary key autoincrement, device_id text not null, told text not null, came_at text not null
);
create index if not exists document_of on document (device_id, document_no);
"""
KEPT_AFTER_PASSING = timedelta(days=30)


@dataclass(frozen=True)
class Batch:
    batch_no: int
    device_id: str
    signature: str
    body: bytes


@dataclass(frozen=True)
class Photo:
    upload_id: str
    device_id: str
    sha256: str
    byte_count: int
    received: bool


Key = tuple[str, str]


class Spool:
    """One connection a thread, as the tablet's store has it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._local = threading.local()
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        (home / "photos").mkdir(exist_ok=True, mode=0o700)
        with self._transaction() as connection:
            for statement in _TABLES.split(";\n"):
                connection.execute(statement)
            made = [("station_id", str(uuid7())), ("epoch", str(uuid7()))]
            connection.executemany("insert or ignore into setting values (?, ?)", made)

    def setting(self, name: str) -> str:
        rows = self._rows("select value from setting where name = ?", name)
        return str(rows[0]["value"]) if rows else ""

    def keep(self, **settings: str) -> None:
        with self._transaction() as connection:
            connection.executemany("insert or replace into setting values (?, ?)", settings.items())

    @property
    def holder(self) -> str:
        return f"station:{self.setting('station_id')}"

    def tablets(self) -> dict[str, list[str]]:
        """The public keys of each tablet that the province has told of."""
        told: dict[str, list[str]] = json.loads(self.setting("tablets") or "{}")
        return told

    def name_of(self, device_id: str) -> str:
        names: dict[str, str] = json.loads(self.setting("names") or "{}")
        return names.get(device_id) or f"平板 {device_id}"

    def take_batch(
        self, device_id: str, sha256: str, signature: str, body: bytes, records: Sequence[Key], now: datetime
    ) -> list[bool]:
        """For each record whether it lies here already, still to be passed on. A batch that brings nothing new is not kept again. What was
        passed on and is brought once more is taken in once more: the province may have been restored since."""
        with self._transaction() as connection:
            known = [self._knows(connection, device_id, record) for record in records]
            if not all(known) or not records:
                self._keep(connection, device_id, sha256, signature, body, records, now)
            fail("station_batch_written")
        fail("station_batch_kept")
        return known

    @staticmethod
    def _knows(connection: sqlite3.Connection, device_id: str, record: Key) -> bool:
        query = (
            "select 1 from record join batch using (batch_no) "
            "where record.device_id = ? and record_id = ? and digest = ? and passed_at is null"
        )
        return connection.execute(query, (device_id, *record)).fetchone() is not None

    @staticmethod
    def _keep(
        connection: sqlite3.Connection,
        device_id: str,
        sha256: str,
        signature: str,
        body: bytes,
        records: Sequence[Key],
        now: datetime,
    ) -> None:
        row = (device_id, sha256, signature, body, len(body), len(records), now.isoformat(timespec="seconds"))
        number = connection.execute(
            "insert into batch (device_id, sha256, signature, body, byte_count, record_count, received_at) values (?,?,?,?,?,?,?) "
            "on conflict (device_id, sha256) do update set body = excluded.body, signature = excluded.signature, "
            "received_at = excluded.received_at, passed_at = null, reason = '' returning batch_no",
            row,
        ).fetchone()[0]
        connection.executemany(
            "insert or replace into record values (?, ?, ?, ?)", [(device_id, *record, number) for record in records]
        )

    @contextlib.contextmanager
    def passing_alone(self) -> Iterator[bool]:
        """False where somebody passes on already."""
        with (self.home / "passing.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def to_pass(self) -> list[int]:
        return [row[0] for row in self._rows("select batch_no from batch where passed_at is null order by batch_no")]

    def batch(self, number: int) -> Batch:
        row = self._rows("select * from batch where batch_no = ?", number)[0]
        return Batch(row["batch_no"], row["device_id"], row["signature"], bytes(row["body"]))

    def passed(self, number: int, device_id: str, told: dict[str, Any], now: datetime) -> None:
        """The province has it and signed for it: kept for the tablet, and the bytes are given up here."""
        at = now.isoformat(timespec="seconds")
        with self._transaction() as connection:
            self._document(connection, device_id, told, at)
            connection.execute(
                "update batch set passed_at = ?, reason = '', body = null where batch_no = ?", (at, number)
            )
            fail("station_passing_written")
        fail("station_passed")

    def not_passed(self, number: int, reason: str) -> None:
        with self._transaction() as connection:
            connection.execute("update batch set reason = ? where batch_no = ?", (reason, number))

    @staticmethod
    def _document(connection: sqlite3.Connection, device_id: str, told: dict[str, Any], at: str) -> None:
        text = json.dumps(told, ensure_ascii=False)
        connection.execute("insert into document (device_id, told, came_at) values (?, ?, ?)", (device_id, text, at))

    def documents(self, device_id: str, after: int, most: int) -> list[tuple[int, Any]]:
        """What the province signed for this tablet since then, in the order in which it came."""
        query = "select document_no, told from document where device_id = ? and document_no > ? order by document_no limit ?"
        return [(row[0], json.loads(row[1])) for row in self._rows(query, device_id, after, most)]

    def photo_begun(self, device_id: str, sha256: str, byte_count: int, now: datetime) -> Photo:
        """One that was passed on, and is brought once more, begins anew in a file of its own."""
        with self._transaction() as connection:
            connection.execute(
                "insert into photo (upload_id, device_id, sha256, byte_count, begun_at) values (?, ?, ?, ?, ?) "
                "on conflict (device_id, sha256) do update set upload_id = excluded.upload_id, begun_at = excluded.begun_at, "
                "received_at = null, passed_at = null where passed_at is not null",
                (str(uuid7()), device_id, sha256, byte_count, now.isoformat(timespec="seconds")),
            )
        return _photo(self._rows("select * from photo where device_id = ? and sha256 = ?", device_id, sha256)[0])

    def photo(self, upload_id: str) -> Photo | None:
        rows = self._rows("select * from photo where upload_id = ?", upload_id)
        return _photo(rows[0]) if rows else None

    def photo_file(self, photo: Photo) -> Path:
        return self.home / "photos" / photo.upload_id

    def photo_received(self, photo: Photo, now: datetime) -> None:
        """Its file is on the disk under its last name."""
        with self._transaction() as connection:
            at = now.isoformat(timespec="seconds")
            connection.execute("update photo set received_at = ? where upload_id = ?", (at, photo.upload_id))
        fail("station_photo_kept")

    def photos_to_pass(self) -> list[Photo]:
        rows = self._rows("select * from photo where received_at is not null and passed_at is null order by upload_id")
        return [_photo(row) for row in rows]

    def photo_passed(self, photo: Photo, told: dict[str, Any], now: datetime) -> None:
        at = now.isoformat(timespec="seconds")
        with self._transaction() as connection:
            self._document(connection, photo.device_id, told, at)
            connection.execute("update photo set passed_at = ?, reason = '' where upload_id = ?", (at, photo.upload_id))
        self.photo_file(photo).unlink(missing_ok=True)

    def photo_not_passed(self, photo: Photo, reason: str) -> None:
        with self._transaction() as connection:
            connection.execute("update photo set reason = ? where upload_id = ?", (reason, photo.upload_id))

    def forget(self, now: datetime) -> None:
        """What the province has had for so long that every tablet came by meanwhile, or heard of it over its own line."""
        before = (now - KEPT_AFTER_PASSING).isoformat(timespec="seconds")
        with self._transaction() as connection:
            connection.execute("delete from batch where passed_at < ?", (before,))
            connection.execute("delete from photo where passed_at < ?", (before,))
            connection.execute("delete from document where came_at < ?", (before,))

    def backlog(self) -> list[dict[str, Any]]:
        """By tablet: what waits for the line, since when, and why it was refused where it was."""
        rows = self._rows(
            """select device_id, sum(records) records, sum(photos) photos, sum(byte_count) byte_count, min(received_at) oldest,
            max(reason) reason from (
                select device_id, record_count records, 0 photos, byte_count, received_at, reason from batch where passed_at is null
                union all select device_id, 0, 1, byte_count, received_at, reason from photo
                where passed_at is null and received_at is not null) group by 1 order by 1"""
        )
        return [dict(row) for row in rows]

    def _rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        return self._connection().execute(query, values).fetchall()

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = sqlite3.connect(self.home / "spool.sqlite3", timeout=30, isolation_level=None)
            found.row_factory = sqlite3.Row
            for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = on"):
                found.execute(f"pragma {pragma}")
            self._local.connection = found
        return found

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection()
        connection.execute("begin immediate")
        with connection:  # commits when the block ends well, else rolls all of it back
            yield connection

    def close(self) -> None:
        """This thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None


def _photo(row: sqlite3.Row) -> Photo:
    return Photo(row["upload_id"], row["device_id"], row["sha256"], row["byte_count"], row["received_at"] is not None)


def credential_file(home: Path) -> Path:
    return home / "credential"


def keep_credential(home: Path, credential: str) -> None:
    """Readable by its owner only, and never in the spool, which may be copied about."""
    part = credential_file(home).with_suffix(".part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(credential)
        file.flush()
        os.fsync(file.fileno())
    part.replace(credential_file(home))
