"""What a tablet with one version lacks of another: rows to put, keys to drop, as gzipped JSON."""

import contextlib
import gzip
import sqlite3
from pathlib import Path
from typing import Any

from shared.canonical import canonical_bytes
from shared.taxon_pack import FORMAT, KIND, TABLES, Row, Table, read_meta


def difference(old: Path, new: Path) -> bytes:
    """{kind, format, from, to, pack: {signed values}, tables: {name: {put: rows, drop: keys}}}"""
    with contextlib.closing(_open(old)) as before, contextlib.closing(_open(new)) as after:
        meta = read_meta(after)
        told: dict[str, Any] = {
            "kind": KIND,
            "format": FORMAT,
            "from": read_meta(before).version,
            "to": meta.version,
            "pack": {str(key): value for key, value in meta.rows()},
            "tables": {table.name: _changes(table, before, after) for table in TABLES},
        }
    return gzip.compress(canonical_bytes(told), mtime=0)


def _changes(table: Table, before: sqlite3.Connection, after: sqlite3.Connection) -> dict[str, list[list[Any]]]:
    old, new = _rows(table, before), _rows(table, after)
    return {
        "put": [list(row) for row in new.values() if old.get(row[: table.key]) != row],
        "drop": [list(key) for key in old if key not in new],
    }


def _rows(table: Table, pack: sqlite3.Connection) -> dict[Row, Row]:
    return {row[: table.key]: row for row in pack.execute(table.select)}


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
