"""The taxon pack: one SQLite file that a tablet carries whole. The same lists give the same bytes."""

import contextlib
import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from server.settings import Settings
from server.taxa.queries import pack_rows, reference_version

_TAXON = (
    "taxon_id",
    "scientific_name",
    "name_zh",
    "rank",
    "class_name",
    "family",
    "group_zh",
    "protection_class",
    "invasive",
    "sensitivity",
    "pinyin",
    "initials",
)
_NAME = ("taxon_id", "name", "kind", "pinyin", "initials")


def describe(settings: Settings, session: Session) -> dict[str, Any]:
    """{version, sha256, byte_count} of the newest pack, made first where the lists have changed."""
    path = ensure(settings, session)
    data = path.read_bytes()
    return {
        "version": path.stem.removeprefix("taxa-"),
        "sha256": hashlib.sha256(data).hexdigest(),
        "byte_count": len(data),
    }


def ensure(settings: Settings, session: Session) -> Path:
    folder = settings.store_dir / "packs"
    folder.mkdir(parents=True, exist_ok=True)
    version = reference_version(session)
    path = folder / f"taxa-{version}.sqlite"
    if not path.exists():
        _write(path, version, pack_rows(session))
    return path


def _write(path: Path, version: str, rows: Mapping[str, list[Mapping[str, Any]]]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent)
    os.close(handle)
    with contextlib.closing(sqlite3.connect(name, isolation_level=None)) as pack:
        pack.execute("BEGIN")
        pack.execute("CREATE TABLE pack (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
        pack.execute(f"CREATE TABLE taxon ({', '.join(_TAXON)}, PRIMARY KEY (taxon_id))")
        pack.execute(f"CREATE TABLE name ({', '.join(_NAME)})")
        pack.execute("INSERT INTO pack VALUES ('version', ?), ('kind', 'taxa')", [version])
        for table, columns in (("taxon", _TAXON), ("name", _NAME)):
            marks = ", ".join(f":{column}" for column in columns)
            pack.executemany(
                f"INSERT INTO {table} VALUES ({marks})", [{c: row[c] for c in columns} for row in rows[table]]
            )
        pack.execute("COMMIT")
        pack.execute("VACUUM")
    os.replace(name, path)
