"""What can still be read of a tablet's store: nothing is upgraded, repaired or written, and one damaged page costs what lies on it.

Every way to a row is tried: the table in order from both ends, its indexes, and each number by itself.
"""

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STORE = "field.sqlite3"
_HELD = ("held", "conflict")
_BEYOND = 2_000
"""Numbers tried past the last that was heard of."""
_WAYS = (
    "select seq, record_id, digest from record order by seq",
    "select seq, record_id, digest from record order by seq desc",
    "select seq, record_id, digest from record indexed by sqlite_autoindex_record_1 order by record_id, digest",
    "select seq, null, null from record indexed by record_kind order by kind, seq",
)
Key = tuple[str, str]


@dataclass(frozen=True)
class Kept:
    """One version that was confirmed, and how far the tablet knows it to have come; an empty state is not known."""

    seq: int
    record_id: str
    digest: str
    state: str

    @property
    def is_held(self) -> bool:
        return self.state in _HELD


@dataclass(frozen=True)
class Photo:
    sha256: str
    file_name: str
    media_id: str
    state: str


@dataclass
class Wreck:
    """One database file, read as far as it goes. `unread` says in words what could not be read."""

    path: Path
    connection: sqlite3.Connection
    unread: list[str] = field(default_factory=list)

    def settings(self) -> dict[str, str]:
        return {str(row[0]): str(row[1]) for row in self.rows("select name, value from setting", "设置")}

    def records(self) -> list[Kept]:
        """In the order in which they were confirmed."""
        states = self._states()
        found: dict[int, Key | None] = {}
        sound = self._follow(_WAYS[0], found)
        if not sound:
            for way in _WAYS[1:]:
                self._follow(way, found)
            self._try_each(found)
        kept = [Kept(seq, *key, states.get(key, "")) for seq, key in sorted(found.items()) if key is not None]
        nameless = sorted(seq for seq, key in found.items() if key is None)
        if nameless:
            self.unread.append(f"{len(nameless)} 条记录已损坏，无法读取（序号 {_numbers(nameless)}）")
        elif not sound:
            self.unread.append("记录表有损坏之处：逐条读取")
        return kept

    def canonical(self, seq: int) -> bytes | None:
        try:
            row = self.connection.execute("select cast(canonical as blob) from record where seq = ?", (seq,)).fetchone()
        except sqlite3.Error:
            return None
        return bytes(row[0]) if row and isinstance(row[0], bytes) else None

    def photos(self) -> list[Photo]:
        rows = self.rows("select sha256, file_name, coalesce(media_id, ''), state from media_file", "照片目录")
        return [Photo(*map(str, row)) for row in rows]

    def _states(self) -> dict[Key, str]:
        rows = self.rows("select record_id, digest, state from outbox", "发送状态")
        return {(str(row[0]), str(row[1])): str(row[2]) for row in rows}

    def rows(self, query: str, what: str, *values: str) -> list[Any]:
        """As many as come before the first that cannot be read."""
        found: list[Any] = []
        try:
            for row in self.connection.execute(query, values):
                found.append(row)  # noqa: PERF402 - a list() would lose what came before the error
        except sqlite3.Error as error:
            self.unread.append(f"{what}只读出 {len(found)} 行（{error}）")
        return found

    def _follow(self, way: str, found: dict[int, Key | None]) -> bool:
        try:
            for seq, record_id, digest in self.connection.execute(way):
                if isinstance(seq, int) and (record_id is not None or seq not in found):
                    found[seq] = (str(record_id), str(digest)) if record_id is not None else None
        except sqlite3.Error:
            return False
        return True

    def _try_each(self, found: dict[int, Key | None]) -> None:
        missed, seq = 0, 0
        while missed < _BEYOND or seq < max(found, default=0):
            seq += 1
            if found.get(seq) is not None:
                continue
            row, damaged = self._one(seq)
            missed = 0 if row else missed + 1
            if row:
                found[seq] = (str(row[0]), str(row[1]))
            elif damaged and seq < max(found, default=0):
                found.setdefault(seq, None)

    def _one(self, seq: int) -> tuple[Any, bool]:
        try:
            return self.connection.execute(
                "select record_id, digest from record where seq = ?", (seq,)
            ).fetchone(), False
        except sqlite3.Error:
            return None, True


def _numbers(numbers: list[int]) -> str:
    shown = "、".join(map(str, numbers[:20]))
    return shown if len(numbers) <= 20 else f"{shown} 等"


@contextlib.contextmanager
def wreck_of(path: Path) -> Iterator[Wreck]:
    """The file with what lies in its write-ahead log. Where SQLite cannot open it in its place, a copy of both is read.
    sqlite3.Error where there is nothing to be read at all."""
    with contextlib.ExitStack() as held:
        try:
            connection = _opened(path)
        except sqlite3.Error:
            folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="xiangye-rescue-")))
            for name in (path.name, f"{path.name}-wal"):
                if path.with_name(name).is_file():
                    shutil.copyfile(path.with_name(name), folder / name)
            connection = _opened(folder / path.name)
        held.callback(connection.close)
        yield Wreck(path, connection)


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=10)
    try:
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        connection.execute("pragma query_only = on")
        connection.execute("select count(*) from sqlite_schema").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def stores_in(folder: Path) -> list[Path]:
    """The store first, then the copies that the app keeps of it, the newest first."""
    copies = sorted(
        (path for path in folder.rglob("*.sqlite3") if path.name != STORE and path.name.startswith("field")),
        key=lambda path: -path.stat().st_mtime,
    )
    return [path for path in (folder / STORE, *copies) if path.is_file()]


def photo_files(folder: Path) -> Iterable[Path]:
    """Originals, which are named by their digest."""
    return (path for path in sorted((folder / "media").glob("??/*")) if len(path.name) == 64 and path.is_file())
