"""Rows of text out of CSV, whatever it is encoded in, and out of a workbook; nothing is made of them here."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from server.formats.delimited import sniff
from server.formats.text_encoding import detect
from server.taxa.unreadable import ListError, Problem

MAX_BYTES = 50 * 1024 * 1024
_HAN = re.compile("[\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_PLAIN = re.compile("[\u0000-\u024f\u2000-\u206f]*")


@dataclass(frozen=True)
class Merge:
    """Merged cells `name` (A5:A9): lines and columns, both ends counted, columns from 0."""

    name: str
    lines: range
    columns: range


@dataclass(frozen=True)
class Sheet:
    """`rows`: line or row number → cells as text, blank rows left out. `faults`: cells that cannot be read, by line and column.

    `letters`: names of the columns as a spreadsheet has them, empty for CSV. `description`: the workbook's own sheet of it.
    """

    rows: Sequence[tuple[int, Sequence[str]]]
    notes: tuple[str, ...] = ()
    faults: Mapping[tuple[int, int], str] = field(default_factory=dict)
    merges: Sequence[Merge] = ()
    letters: Sequence[str] = ()
    description: Sequence[tuple[int, str, str]] | None = None


def read_bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ListError(path.name, f"文件有 {size // 1024 // 1024} MB，超过 {MAX_BYTES // 1024 // 1024} MB 的上限")
        return path.read_bytes()
    except OSError as error:
        raise ListError(path.name, f"读不到文件（{path}）：{error.strerror}") from error


def read_csv(path: Path) -> Sheet:
    data = read_bytes(path)
    text, encoding = _decoded(path.name, data)
    notes = () if encoding == "UTF-8" else (f"编码为 {encoding}，已按此读入",)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sniff(text).delimiter, strict=True)
    rows: list[tuple[int, Sequence[str]]] = []
    while True:
        line = reader.line_num + 1  # a quoted cell may go over several lines; a row is named by its first
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise ListError(path.name, f"不能分列：{error}", line) from error
        if cells is None:
            break
        if any(cell.strip() for cell in cells):
            rows.append((line, cells))
    if not rows:
        raise ListError(path.name, "文件是空的，没有任何行")
    _refuse_misfits(path.name, rows)
    return Sheet(rows, notes)


def _decoded(file: str, data: bytes) -> tuple[str, str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace"), "UTF-16"
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as in_utf_8:
        return _in_gb18030(file, data, in_utf_8)
    if not _HAN.search(text) and not _PLAIN.fullmatch(text):
        # A few Chinese characters in GB18030 may happen to be UTF-8, of letters that no list holds.
        try:
            return data.decode("gb18030"), "GB18030"
        except UnicodeDecodeError:
            return text, "UTF-8"
    return text, "UTF-8"


def _in_gb18030(file: str, data: bytes, in_utf_8: UnicodeDecodeError) -> tuple[str, str]:
    """A UTF-8 file with one damaged byte might be read as GB18030, all of it nonsense."""
    name, error = "UTF-8", in_utf_8
    if detect([data]) != "utf-8":
        try:
            return data.decode("gb18030"), "GB18030"
        except UnicodeDecodeError as in_gb18030:
            name, error = "GB18030", in_gb18030
    line = data[: error.start].count(b"\n") + 1
    raise ListError(file, f"有读不出的字（文件似为 {name} 编码；请另存为 UTF-8 或 GB18030 后再载入）", line) from error


def _refuse_misfits(file: str, rows: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Rows are held to the first that has more than a title."""
    first = next((n for n, (_, cells) in enumerate(rows) if sum(bool(cell.strip()) for cell in cells) > 1), 0)
    head = rows[first][1]
    problems = [
        Problem(f"有 {len(cells)} 列，应为 {len(head)} 列", line)
        for line, cells in rows[first:]
        if len(_trimmed(cells)) > len(head) or len(cells) < len(_trimmed(head))
    ]
    if problems:
        raise ListError(file, problems=problems)


def _trimmed(cells: Sequence[str]) -> Sequence[str]:
    """Without blank cells at the end, which spreadsheets add at will."""
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]
