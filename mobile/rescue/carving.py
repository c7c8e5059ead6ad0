"""Rows taken from the pages of a database file one by one, where the way to them (the schema, an inner page) is lost.

Each leaf page describes itself, and each record proves itself by its digest: what is found here needs no trust in where it lay. The
format is SQLite's own (sqlite.org/fileformat2.html); pages of the write-ahead log are looked through as well.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

PAGE_BYTES = 4096
"""SQLite's default, which the app never changes."""
_TABLE_LEAF, _INDEX_LEAF = 0x0D, 0x0A
_LOG_HEADER, _FRAME_HEADER = 32, 24
_LONGEST_PAYLOAD = 16 * 1024 * 1024
_RECORD_COLUMNS, _SETTING_COLUMNS = 7, 2
_NEEDED_SETTINGS = ("device_id", "person_id", "seal_key")
_TEXTS = 12
"""From this serial type on: blobs and texts, by length."""
Value = bytes | int | None


class _NoRow(ValueError):
    """Not a cell that holds a row, as far as one can tell."""


@dataclass(frozen=True)
class Carved:
    """`page` and `cell` tell where it lies, so that its bytes need not be kept in memory."""

    record_id: str
    digest: str
    seq: int
    path: Path
    page: int
    cell: int


class Pages:
    """Of a database file, or of its log."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = path.name.endswith("-wal")

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        with self.path.open("rb") as file:
            for number in count():
                file.seek(self._begins(number))
                if not (page := self._read(file.read)):
                    return
                yield number, page

    def one(self, number: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self._begins(number))
            return self._read(file.read)

    def _begins(self, number: int) -> int:
        if self._log:
            return _LOG_HEADER + number * (_FRAME_HEADER + PAGE_BYTES) + _FRAME_HEADER
        return number * PAGE_BYTES

    def _read(self, read: Callable[[int], bytes]) -> bytes:
        page = read(PAGE_BYTES)
        return page if len(page) == PAGE_BYTES else b""


def files_of(store: Path) -> list[Path]:
    return [path for path in (store, store.with_name(f"{store.name}-wal")) if path.is_file()]


def records_in(path: Path, is_record: Callable[[str, bytes], bool]) -> Iterator[Carved]:
    """Rows of the table `record`, of which `is_record(digest, canonical)` says that they are whole."""
    for number, page in Pages(path):
        for cell in range(_cells(page, number, _TABLE_LEAF)):
            try:
                row_id, row = _row(path, page, number, cell)
                record_id, digest, canonical = _record_of(row)
            except (_NoRow, IndexError, UnicodeDecodeError):
                continue
            if is_record(digest, canonical):
                yield Carved(record_id, digest, row_id, path, number, cell)


def canonical_of(carved: Carved) -> bytes:
    _, row = _row(carved.path, Pages(carved.path).one(carved.page), carved.page, carved.cell)
    return _record_of(row)[2]


def settings_in(path: Path) -> dict[str, str]:
    """Those that a rescue needs."""
    found: dict[str, str] = {}
    for number, page in Pages(path):
        for cell in range(_cells(page, number, _INDEX_LEAF)):
            try:
                _, row = _row(path, page, number, cell)
                name, value = (one.decode() for one in row if isinstance(one, bytes))
            except (_NoRow, IndexError, ValueError):
                continue
            if len(row) == _SETTING_COLUMNS and name in _NEEDED_SETTINGS:
                found[name] = value
    return found


def _record_of(row: list[Value]) -> tuple[str, str, bytes]:
    if len(row) != _RECORD_COLUMNS or not all(isinstance(row[at], bytes) for at in (1, 2, 6)):
        raise _NoRow
    record_id, digest, canonical = (bytes(value) for value in (row[1], row[2], row[6]) if isinstance(value, bytes))
    return record_id.decode(), digest.decode(), canonical


def _cells(page: bytes, number: int, kind: int) -> int:
    at = _header_at(number, page)
    return min(int.from_bytes(page[at + 3 : at + 5], "big"), PAGE_BYTES // 4) if page[at] == kind else 0


def _header_at(number: int, page: bytes) -> int:
    return 100 if number == 0 and page.startswith(b"SQLite format 3\0") else 0


def _row(path: Path, page: bytes, number: int, cell: int) -> tuple[int, list[Value]]:
    header = _header_at(number, page)
    is_table = page[header] == _TABLE_LEAF
    pointer = header + 8 + 2 * cell
    at = int.from_bytes(page[pointer : pointer + 2], "big")
    length, at = _varint(page, at)
    row_id = 0
    if is_table:
        row_id, at = _varint(page, at)
    if not 2 <= length <= _LONGEST_PAYLOAD:
        raise _NoRow
    return row_id, _values(_payload(path, page, at, length, is_table))


def _payload(path: Path, page: bytes, at: int, length: int, is_table: bool) -> bytes:
    """What lies on this page, and on the chain of overflow pages of the database file."""
    most = PAGE_BYTES - 35 if is_table else (PAGE_BYTES - 12) * 64 // 255 - 23
    if length <= most:
        return _whole(page[at : at + length], length)
    least = (PAGE_BYTES - 12) * 32 // 255 - 23
    local = least + (length - least) % (PAGE_BYTES - 4)
    local = local if local <= most else least
    found = bytearray(page[at : at + local])
    following = int.from_bytes(page[at + local : at + local + 4], "big")
    pages = Pages(path.with_name(path.name.removesuffix("-wal")))
    while len(found) < length and following:
        more = pages.one(following - 1)
        if not more:
            raise _NoRow
        found += more[4 : 4 + length - len(found)]
        following = int.from_bytes(more[:4], "big")
    return _whole(bytes(found), length)


def _whole(found: bytes, length: int) -> bytes:
    if len(found) != length:
        raise _NoRow
    return found


def _values(payload: bytes) -> list[Value]:
    header_length, at = _varint(payload, 0)
    kinds = []
    while at < header_length:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    values: list[Value] = []
    for kind in kinds:
        length = _length(kind)
        data = _whole(payload[at : at + length], length)
        values.append(None if kind == 0 else data if kind >= _TEXTS else int.from_bytes(data, "big", signed=True))
        at += length
    return values


def _length(kind: int) -> int:
    if kind >= _TEXTS:
        return (kind - _TEXTS) // 2
    lengths = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)
    if kind >= len(lengths):
        raise _NoRow
    return lengths[kind]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(8):
        byte = data[at + place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + place + 1
    return value << 8 | data[at + 8], at + 9
