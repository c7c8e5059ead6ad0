"""The taxon pack, the one SQLite file that a tablet carries whole: its form, the digest of its content, its version.

Format 2. Nothing but primary keys is indexed, so whoever reads the rows in the order of their keys reads all there is.
"""

import contextlib
import hashlib
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from shared.canonical import canonical_bytes

KIND = "taxa"
FORMAT = 2
DIFFERENCE_TYPE = "application/vnd.xiangye.pack-difference+gzip"
PACK_TYPE = "application/vnd.sqlite3"
CELL_E7 = 500_000
"""Side of the coarse cells that tell a tablet its county: 0.05 degree."""

Cell = str | int | None
Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """`key`: how many of the first columns make the primary key."""

    name: str
    columns: tuple[str, ...]
    key: int

    @property
    def sql(self) -> str:
        keys = ", ".join(self.columns[: self.key])
        return f"CREATE TABLE {self.name} ({', '.join(self.columns)}, PRIMARY KEY ({keys})) WITHOUT ROWID"

    @property
    def select(self) -> str:
        return f"SELECT {', '.join(self.columns)} FROM {self.name} ORDER BY {', '.join(self.columns[: self.key])}"

    @property
    def put(self) -> str:
        return f"INSERT OR REPLACE INTO {self.name} VALUES ({', '.join('?' * len(self.columns))})"

    @property
    def drop(self) -> str:
        return f"DELETE FROM {self.name} WHERE " + " AND ".join(f"{c} = ?" for c in self.columns[: self.key])


_TAXON = "taxon_no taxon_id rank class_name family group_zh protection_class provincial invasive sensitivity"
TABLES = (
    Table("taxon", tuple(_TAXON.split()), 1),
    # `readings`: syllables parted by spaces, readings by semicolons, the likeliest first; empty for Latin.
    Table("name", ("taxon_no", "name", "language", "kind", "readings"), 2),
    Table("lookalike", ("taxon_no", "other_no", "difference_zh"), 2),
    Table("county", ("county_code", "name_zh"), 1),
    Table("cell", ("row", "col", "county_code"), 2),
    Table("likely", ("county_code", "month", "taxon_no", "weight"), 3),
)
META = Table("pack", ("key", "value"), 1)
SCHEMA = tuple(table.sql for table in (META, *TABLES))


class NotAPack(ValueError):
    """The file has not the form of a pack that this program knows; the text says why, in words."""


@dataclass(frozen=True)
class Meta:
    """What a pack says of itself. `made_from`: canonical JSON of the lists, boundaries and records that it was made from."""

    kind: str
    format: int
    version: str
    content_digest: str
    made_from: str
    signature: str = ""

    def statement(self) -> bytes:
        """What is signed."""
        return canonical_bytes(
            {
                "kind": self.kind,
                "format": self.format,
                "version": self.version,
                "content_digest": self.content_digest,
                "made_from": self.made_from,
            }
        )

    def rows(self) -> list[Row]:
        return [(name, str(value)) for name, value in sorted(vars(self).items())]


def meta_of(values: Mapping[str, str]) -> Meta:
    """Refuses another kind and a format that this program does not know."""
    kind, format_ = values.get("kind"), values.get("format", "1")
    if kind != KIND:
        raise NotAPack(f"这是 {kind or '未知'} 类的数据包，不是物种名录包")
    if format_ != str(FORMAT):
        raise NotAPack(f"名录包的格式是 {format_}，本程序只认识格式 {FORMAT}：请更新应用或服务器")
    try:
        return Meta(
            kind, FORMAT, values["version"], values["content_digest"], values["made_from"], values.get("signature", "")
        )
    except KeyError as missing:
        raise NotAPack(f"名录包缺少 {missing.args[0]}") from missing


def read_meta(pack: sqlite3.Connection) -> Meta:
    return meta_of({str(key): str(value) for key, value in pack.execute(META.select)})


def write(
    path: Path,
    rows: Mapping[str, Iterable[Row]],
    version: str,
    made_from: str = "{}",
    sign: Callable[[bytes], str] = lambda _: "",
) -> Meta:
    """Makes the file: the same rows, version and signature give the same bytes on the same SQLite."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as pack:
        pack.execute("BEGIN")
        _fill(pack, rows)
        meta = Meta(KIND, FORMAT, version, content_digest(pack), made_from)
        meta = replace(meta, signature=sign(meta.statement()))
        pack.executemany(META.put, meta.rows())
        pack.execute("COMMIT")
        pack.execute("VACUUM")
    return meta


def content_digest_of(rows: Mapping[str, Iterable[Row]]) -> str:
    """The digest that a file with these rows has."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as pack:
        _fill(pack, rows)
        return content_digest(pack)


def _fill(pack: sqlite3.Connection, rows: Mapping[str, Iterable[Row]]) -> None:
    for statement in SCHEMA:
        pack.execute(statement)
    for table in TABLES:
        pack.executemany(table.put, rows.get(table.name, ()))


def is_formed(pack: sqlite3.Connection) -> bool:
    """Exactly our tables: an index or a trigger more could answer otherwise than the rows that the digest is over."""
    found = pack.execute("SELECT sql FROM sqlite_schema ORDER BY name").fetchall()
    return sorted(str(row[0]) for row in found) == sorted(SCHEMA)


def content_digest(pack: sqlite3.Connection) -> str:
    """SHA-256 over all rows as JSON, table by table in the order of their keys: the same on any SQLite."""
    digest = hashlib.sha256(f"{KIND} {FORMAT}\n".encode())
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for table in TABLES:
        digest.update(f"{table.name}\n".encode())
        for row in pack.execute(table.select):
            digest.update(f"{encode(tuple(row))}\n".encode())
    return digest.hexdigest()


def version_order(version: str) -> tuple[str, int]:
    """What orders versions such as 2026-11-27.1032 (day and minute of making, in China)."""
    match = re.fullmatch(r"(\d{4}-\d{2}-\d{2})\.(\d{1,6})", version, re.ASCII)
    if match is None:
        raise NotAPack(f"名录包的版本 {version!r} 无法识别")
    return match[1], int(match[2])


def cell_of(latitude_e7: int, longitude_e7: int) -> tuple[int, int]:
    """(row, col) of the coarse cell."""
    return latitude_e7 // CELL_E7, longitude_e7 // CELL_E7
