"""Cells of an XLSX workbook as the text its reader sees; what a spreadsheet has made unclear is named, never guessed.

A formula counts with the value saved beside it, since that is what the person saw who handed the file in; without one it is refused.
"""

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from server.formats.archive import open_archive
from server.formats.unusable import Unusable
from server.taxa.sheets import Merge, Sheet, read_bytes
from server.taxa.unreadable import ListError

ROWS_SHEET, DESCRIPTION_SHEET, GUIDE_SHEET = "名录", "说明", "填写须知"
MAX_UNPACKED_BYTES = 100 * 1024 * 1024
MAX_MERGED_CELLS = 500_000
MAX_COLUMNS = 256
_LAST_COLUMN, _LAST_ROW = 16_384, 1_048_576
_MERGED = re.compile(rb"""<(?:\w+:)?mergeCell\s[^>]*?\bref\s*=\s*["']([^"']*)["']""")
_OLE = b"\xd0\xcf\x11\xe0"
_EXACT_INTEGERS = 10**15
_BROKEN = (
    *(KeyError, ValueError, TypeError, AttributeError, IndexError, OSError, EOFError, RuntimeError),
    *(ParseError, zipfile.BadZipFile, zlib.error),
)
_SURROGATES = re.compile("_x(D[89AB][0-9A-F]{2})_(?:_x(D[C-F][0-9A-F]{2})_|([\udc00-\udfff]))", re.IGNORECASE)


def read_workbook(path: Path) -> Sheet:
    _refuse_unsafe(path)
    shown = _loaded(path, data_only=True)
    written = _loaded(path, data_only=False) if _has_formulas(path) else shown
    name, notes = _rows_sheet(path.name, shown)
    values, formulas = shown[name], written[name]
    reading = _Reading(path.name, values, formulas)
    rows = reading.rows()
    if not rows:
        raise ListError(path.name, f"“{name}”表是空的，没有任何行")
    from openpyxl.utils import get_column_letter

    return Sheet(
        rows,
        (*notes, *reading.notes(name)),
        reading.faults,
        reading.merges(),
        tuple(get_column_letter(n + 1) for n in range(len(rows[0][1]))),
        _description(shown),
    )


def _refuse_unsafe(path: Path) -> None:
    data = read_bytes(path)
    if not data:
        raise ListError(path.name, "文件是空的")
    if data.startswith(_OLE):
        raise ListError(path.name, "是加密的或旧版（.xls）工作簿，请去掉密码，另存为 .xlsx")
    with _telling(path), open_archive(path) as archive, zipfile.ZipFile(path) as opened:
        names = archive.names
        unpacked = sum(member.file_size for member in opened.infolist())
    if unpacked > MAX_UNPACKED_BYTES:
        raise ListError(
            path.name, f"工作簿解开后超过 {MAX_UNPACKED_BYTES // 1024 // 1024} MB 的上限；请只留名录所需的表、行和列"
        )
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise ListError(path.name, "工作簿含宏，请另存为不含宏的 .xlsx")
    _refuse_costly_parts(path)


def _refuse_costly_parts(path: Path) -> None:
    """openpyxl makes an object of every cell that is merged: one line of a small file may stand for milliards."""
    from openpyxl.utils import range_boundaries

    merged = 0
    with _telling(path), zipfile.ZipFile(path) as opened:
        for name in opened.namelist():
            xml = opened.read(name) if name.lower().endswith((".xml", ".rels")) else b""
            if b"<!DOCTYPE" in xml:  # which no workbook may have
                raise ListError(path.name, f"不是可读的 .xlsx 工作簿：{name} 里有 DTD")
            for found in _MERGED.finditer(xml):
                left, top, right, bottom = range_boundaries(found[1].decode("ascii"))
                merged += ((right or _LAST_COLUMN) - (left or 1) + 1) * ((bottom or _LAST_ROW) - (top or 1) + 1)
                if merged > MAX_MERGED_CELLS:
                    raise ListError(path.name, "合并单元格的范围太大（如合并了整行整列），请取消合并")


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """What a damaged workbook makes of zlib, the XML reader and openpyxl is one thing to who handed it in."""
    try:
        yield
    except ListError:
        raise
    except (Unusable, *_BROKEN) as error:
        raise ListError(path.name, f"不是可读的 .xlsx 工作簿：{error}") from error


def _has_formulas(path: Path) -> bool:
    """Values and formulas come by two readings, and most lists need only the first."""
    with _telling(path), zipfile.ZipFile(path) as opened:
        sheets = [opened.read(name) for name in opened.namelist() if name.startswith("xl/worksheets/")]
    return any(re.search(rb"<(\w+:)?f[\s>/]", sheet) for sheet in sheets)


def _loaded(path: Path, data_only: bool) -> Any:
    import openpyxl

    # Opened here, since openpyxl leaves a broken file open. It warns of extensions it leaves out; none of them holds cells.
    with _telling(path), path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(file, data_only=data_only, keep_links=False)


def _rows_sheet(file: str, book: Any) -> tuple[str, list[str]]:
    names = [sheet.title for sheet in book.worksheets]
    others = [name for name in names if name not in (DESCRIPTION_SHEET, GUIDE_SHEET)]
    hidden = [name for name in names if book[name].sheet_state != "visible"]
    chosen = [ROWS_SHEET] if ROWS_SHEET in names else [name for name in others if name not in hidden]
    if len(chosen) != 1:
        raise ListError(file, f"应有一张名为“{ROWS_SHEET}”的表，实有：{'、'.join(names)}")
    notes = [f"工作表“{chosen[0]}”是隐藏的，已读入"] if chosen[0] in hidden else []
    left = [name for name in others if name != chosen[0]]
    return chosen[0], notes + ([f"未读入的工作表：{'、'.join(left)}"] if left else [])


class _Reading:
    def __init__(self, file: str, values: Any, formulas: Any) -> None:
        self._file, self._values, self._formulas = file, values, formulas
        self.faults: dict[tuple[int, int], str] = {}
        self._saved_values = 0

    def rows(self) -> list[tuple[int, tuple[str, ...]]]:
        by_line: dict[int, dict[int, str]] = {}
        for (line, column), cell in sorted(self._values._cells.items()):
            text = self._text(line, column, cell)
            if text.strip() or (line, column - 1) in self.faults:
                by_line.setdefault(line, {})[column - 1] = text
        width = max((max(cells) + 1 for cells in by_line.values()), default=0)
        if width > MAX_COLUMNS:
            line, cells = next((line, cells) for line, cells in sorted(by_line.items()) if max(cells) >= MAX_COLUMNS)
            raise ListError(
                self._file, f"第 {max(cells) + 1} 列还有内容，名录至多 {MAX_COLUMNS} 列；请删去表外的单元格", line
            )
        return [(line, tuple(cells.get(n, "") for n in range(width))) for line, cells in sorted(by_line.items())]

    def _text(self, line: int, column: int, cell: Any) -> str:
        written = self._formulas._cells.get((line, column))
        if written is not None and written.data_type == "f":
            if cell.value is None:
                self.faults[line, column - 1] = (
                    "是公式，文件里没有存下它的值；请改为数值或文字（复制后“选择性粘贴—数值”）"
                )
                return ""
            self._saved_values += 1
        text, fault = text_of(cell.value, cell.number_format, cell.data_type)
        if fault:
            self.faults[line, column - 1] = fault
        return text

    def merges(self) -> list[Merge]:
        return [
            Merge(str(r.coord), range(r.min_row, r.max_row + 1), range(r.min_col - 1, r.max_col))
            for r in self._values.merged_cells.ranges
        ]

    def notes(self, name: str) -> Iterator[str]:
        if self._saved_values:
            yield f"“{name}”表有 {self._saved_values} 个单元格是公式，取其保存时的值"
        hidden = sorted(n for n, row in self._values.row_dimensions.items() if row.hidden)
        if hidden:
            shown = "、".join(map(str, hidden[:10])) + ("等" if len(hidden) > 10 else "")
            yield f"“{name}”表第 {shown} 行是隐藏的（共 {len(hidden)} 行），也已读入"


def text_of(value: Any, number_format: str = "General", data_type: str = "") -> tuple[str, str]:
    """The text of a cell and what is wrong with it. A whole number is a code or a count, never "430000.0"; a day is YYYY-MM-DD."""
    if value is None:
        return "", ""
    if data_type == "e":
        return "", f"是错误值 {value}"
    if isinstance(value, str):
        return _SURROGATES.sub(_joined, value), ""
    if isinstance(value, bool):
        return str(value).upper(), ""
    if isinstance(value, datetime | date | time | timedelta):
        return _day(value), ""
    if abs(value) >= _EXACT_INTEGERS:
        return "", "数字超过 15 位，Excel 已舍去末几位；请把该列设为文本后重填"
    if value != int(value):
        return format(value, ".15g"), ""
    digits = str(int(value))
    return (digits.zfill(len(number_format)) if re.fullmatch("0+", number_format) else digits), ""


def _day(value: datetime | date | time | timedelta) -> str:
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return str(value) if isinstance(value, timedelta) else value.isoformat()


def _joined(found: re.Match[str]) -> str:
    """Some writers part a rare character into the two halves UTF-16 has for it."""
    low = found[2] or f"{ord(found[3]):X}"
    return (bytes.fromhex(found[1]) + bytes.fromhex(low)).decode("utf-16-be")


def _description(book: Any) -> list[tuple[int, str, str]] | None:
    if DESCRIPTION_SHEET not in book.sheetnames:
        return None
    cells: Mapping[tuple[int, int], Any] = book[DESCRIPTION_SHEET]._cells
    found = []
    for line in sorted({line for line, _ in cells}):
        pair = []
        for column in (1, 2):
            cell = cells.get((line, column))
            pair.append(text_of(cell.value, cell.number_format, cell.data_type)[0].strip() if cell is not None else "")
        if pair[0]:
            found.append((line, pair[0], pair[1]))
    return found
