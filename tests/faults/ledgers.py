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
from shared.wire.sealed import is_sealed, read_sealed

Pair = tuple[str, str]


@dataclass(frozen=True)
class TabletBook:
    """`records` (id, digest) as confirmed; `held` and `photos_held` what the tablet believes to be at the server."""

    records: set[Pair]
    kinds: dict[str, int]
    held: set[Pair]
    photos: set[str]
    photos_held: set[str]
    told: set[str]
    """Ids of records of which the server told how they stand."""
    device_id: str


def read_tablet(data: Path) -> TabletBook:
    """Every confirmed record must still be what its digest says, and every photo's file whole."""
    with closing(sqlite3.connect(data / "field.sqlite3")) as store:
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = store.execute("SELECT record_id, digest, kind, canonical FROM record").fetchall()
        for record_id, mark, _, canonical in rows:
            assert _known_by(bytes(canonical)) == (record_id, mark)
        held = set(store.execute("SELECT record_id, digest FROM outbox WHERE state = 'held'").fetchall())
        photos = store.execute("SELECT sha256, state FROM media_file WHERE media_id IS NOT NULL").fetchall()
        told = {row[0] for row in store.execute("SELECT record_id FROM server_state")}
        device_id = store.execute("SELECT value FROM setting WHERE name = 'device_id'").fetchone()[0]
    kinds: dict[str, int] = {}
    for row in rows:
        kinds[row[2]] = kinds.get(row[2], 0) + 1
    return TabletBook(
        {(row[0], row[1]) for row in rows},
        kinds,
        held,
        {row[0] for row in photos},
        {row[0] for row in photos if row[1] == "held"},
        told,
        device_id,
    )


def _known_by(canonical: bytes) -> Pair:
    """Id and digest of the bytes of a record, in clear or sealed."""
    record = json.loads(canonical)
    if is_sealed(record):
        sealed = read_sealed(record)
        assert sealed.on_the_wire() == canonical
        return sealed.header["id"], sealed.digest
    assert canonical_bytes(record) == canonical
    return record["id"], digest(record)


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

    def last_change(self) -> int:
        return int(self.only("SELECT coalesce(max(change_no), 0) FROM xiangye.version"))

    def records_after(self, change_no: int) -> set[Pair]:
        found = self._rows(f"SELECT id, digest FROM xiangye.version WHERE change_no > {change_no}")
        return {(str(row[0]), row[1]) for row in found}

    def photos_of(self, wanted: set[str]) -> set[str]:
        """Those of these that are held complete: the row is there, and the original's bytes are what their name says."""
        rows = self._rows(
            "SELECT sha256 FROM xiangye.media_file"
        )  # one that is sealed shows nothing, and is held all the same
        return {row[0] for row in rows if row[0] in wanted and self._is_whole(row[0])}

    def _is_whole(self, sha256: str) -> bool:
        try:
            return hashlib.sha256(self.store.original(sha256)).hexdigest() == sha256
        except FileNotFoundError:
            return False

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

    def orphans(self) -> set[str]:
        """Files of the store that no row tells of. An upload that may still go on is none."""
        known = {row[0] for row in self._rows(_NAMED)}
        under = ("precise/original", "rendition", "precise/uploads")
        there = {path.name for folder in under for path in (self.store.folder / folder).rglob("*") if path.is_file()}
        return there - known


_NAMED = """
    SELECT sha256 FROM xiangye.media_file
    UNION SELECT unnest(ARRAY[rendition_sha256, preview_sha256]) || '.jpg' FROM xiangye.media_file
    UNION SELECT unnest(ARRAY[rendition_sha256, preview_sha256]) || '.jpg' FROM xiangye.media_review
    UNION SELECT id || '.part' FROM xiangye.upload WHERE completed_at IS NULL
    """
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
