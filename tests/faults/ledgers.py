"""Both ends' books: what the tablet keeps and believes, and what the server holds. At the end they must agree."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from server.media.store import Store
from shared.canonical import canonical_bytes, digest

Pair = tuple[str, str]


@dataclass(frozen=True)
class TabletBook:
    """`records` (id, digest) as confirmed; `held` and `photos_held` what the tablet believes to be at the server."""

    records: set[Pair]
    kinds: dict[str, int]
    held: set[Pair]
    photos: set[str]
    photos_held: set[str]


def read_tablet(data: Path) -> TabletBook:
    """Every confirmed record must still be what its digest says, and every photo's file whole."""
    with closing(sqlite3.connect(data / "field.sqlite3")) as store:
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = store.execute("SELECT record_id, digest, kind, canonical FROM record").fetchall()
        for record_id, mark, _, canonical in rows:
            record = json.loads(canonical)
            assert (record["id"], digest(record), canonical_bytes(record)) == (record_id, mark, bytes(canonical))
        held = set(store.execute("SELECT record_id, digest FROM outbox WHERE state = 'held'").fetchall())
        photos = store.execute("SELECT sha256, state FROM media_file WHERE media_id IS NOT NULL").fetchall()
    kinds: dict[str, int] = {}
    for row in rows:
        kinds[row[2]] = kinds.get(row[2], 0) + 1
    return TabletBook(
        {(row[0], row[1]) for row in rows},
        kinds,
        held,
        {row[0] for row in photos},
        {row[0] for row in photos if row[1] == "held"},
    )


def photo_file(data: Path, sha256: str) -> bytes:
    return (data / "media" / sha256[:2] / sha256).read_bytes()


@dataclass(frozen=True)
class ServerBook:
    """Read as the cluster's administrator, past every role."""

    dsn: str
    store: Store

    @contextmanager
    def _open(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        with psycopg.connect(self.dsn) as connection:
            yield connection

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self._open() as connection:
            return connection.execute(statement).fetchall()  # type: ignore[arg-type]  # the texts below

    def only(self, statement: str) -> Any:
        return self._rows(statement)[0][0]

    def run(self, *statements: str) -> None:
        """`{}` stands for the database's own name."""
        with self._open() as connection:
            for statement in statements:
                connection.execute(sql.SQL(statement).format(sql.Identifier(connection.info.dbname)))  # type: ignore[arg-type]

    def records(self) -> set[Pair]:
        return {(str(row[0]), row[1]) for row in self._rows("SELECT id, digest FROM xiangye.version")}

    def photos(self) -> set[str]:
        """Held complete: the row is there, and the original's bytes are what their name says."""
        held = {row[0] for row in self._rows("SELECT sha256 FROM xiangye.media_file WHERE problem IS NULL")}
        for sha256 in held:
            assert hashlib.sha256(self.store.original(sha256)).hexdigest() == sha256
        return held

    def count(self, table: str) -> int:
        return int(self._rows(f"SELECT count(*) FROM {table}")[0][0])

    def halves(self) -> dict[str, int]:
        """What a death in the middle could leave half done; each must be 0."""
        return {name: int(self._rows(statement)[0][0]) for name, statement in _HALVES.items()}

    def accepted_twice(self) -> list[tuple[Any, ...]]:
        return self._rows(
            "SELECT record_id, digest, count(*) FROM xiangye.receipt WHERE outcome = 'accepted' GROUP BY 1, 2 HAVING count(*) > 1"
        )


_VERSION_WITHOUT = "SELECT count(*) FROM xiangye.version v WHERE NOT EXISTS (SELECT 1 FROM"
_HALVES = {
    "version without body": f"{_VERSION_WITHOUT} precise.version_body b WHERE (b.id, b.digest) = (v.id, v.digest))",
    "version without receipt": f"{_VERSION_WITHOUT} xiangye.receipt r WHERE (r.record_id, r.digest) = (v.id::text, v.digest))",
    "version without number": "SELECT count(*) FROM xiangye.version WHERE change_no IS NULL",
    "receipt without version": (
        "SELECT count(*) FROM xiangye.receipt r WHERE outcome <> 'quarantined' AND NOT EXISTS "
        "(SELECT 1 FROM xiangye.version v WHERE (v.id::text, v.digest) = (r.record_id, r.digest))"
    ),
    "batch without its bytes": (
        "SELECT count(*) FROM xiangye.batch b WHERE NOT EXISTS (SELECT 1 FROM precise.raw_batch r WHERE r.batch_id = b.id)"
    ),
    "disclosed without precise": (
        "SELECT count(*) FROM xiangye.disclosed_place d WHERE NOT EXISTS (SELECT 1 FROM precise.place p WHERE p.id = d.id)"
    ),
    "precise without disclosed": (
        "SELECT count(*) FROM precise.place p WHERE NOT EXISTS (SELECT 1 FROM xiangye.disclosed_place d WHERE d.id = p.id)"
    ),
    "occurrence without name": (
        "SELECT count(*) FROM xiangye.occurrence o WHERE NOT EXISTS "
        "(SELECT 1 FROM xiangye.identification i WHERE i.occurrence_id = o.id)"
    ),
    "still expected": "SELECT count(*) FROM xiangye.ledger WHERE state <> 'current'",
}
