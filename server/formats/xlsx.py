"""XLSX workbooks whose bytes follow from their content: typed numbers, text that no spreadsheet takes for a formula, a given time."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import xlsxwriter

from server.formats.csv_text import neutralise
from shared.clock import CHINA

MAX_SHEET_NAME = 31
_WIDEST, _NARROWEST = 42, 8

XlsxCell = str | int | Decimal | None


@dataclass(frozen=True)
class XlsxSheet:
    """`preamble`: lines above the head (title, unit, source). `italic`: columns of scientific names. `decimals`: by column, None for text."""

    name: str
    preamble: tuple[str, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[XlsxCell, ...], ...]
    decimals: tuple[int | None, ...]
    italic: frozenset[int] = frozenset()


def write_workbook(sheets: Sequence[XlsxSheet], title: str, created: datetime) -> bytes:
    written = io.BytesIO()
    book = xlsxwriter.Workbook(
        written,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
    )
    # The format has no zone; XlsxWriter would otherwise put the machine's clock here.
    book.set_properties({"title": title, "created": created.astimezone(CHINA).replace(tzinfo=None, microsecond=0)})
    styles = _Styles(book)
    for sheet in sheets:
        _write_sheet(book.add_worksheet(sheet.name[:MAX_SHEET_NAME]), sheet, styles)
    book.close()
    return written.getvalue()


class _Styles:
    def __init__(self, book: Any) -> None:
        base = {"font_name": "宋体", "font_size": 10, "valign": "top"}
        self.title = book.add_format({**base, "bold": True, "font_size": 12})
        self.note = book.add_format({**base, "font_color": "#55625c"})
        self.head = book.add_format({**base, "bold": True, "top": 2, "bottom": 1, "text_wrap": True})
        self.text = book.add_format({**base, "text_wrap": True})
        self.italic = book.add_format({**base, "italic": True, "font_name": "Times New Roman"})
        self._numbers = {
            n: book.add_format({**base, "num_format": "0" + ("." + "0" * n if n else "")}) for n in range(8)
        }

    def number(self, decimals: int | None) -> Any:
        return self._numbers[min(decimals or 0, 7)]


def _write_sheet(target: Any, sheet: XlsxSheet, styles: _Styles) -> None:
    for n, line in enumerate(sheet.preamble):
        target.write_string(n, 0, neutralise(line), styles.note if n else styles.title)
    first = len(sheet.preamble)
    for column, text in enumerate(sheet.head):
        target.write_string(first, column, neutralise(text), styles.head)
        target.set_column(column, column, _width([text, *(str(row[column] or "") for row in sheet.rows[:500])]))
    for n, row in enumerate(sheet.rows, first + 1):
        for column, cell in enumerate(row):
            _write_cell(target, (n, column), cell, sheet, styles)
    target.freeze_panes(first + 1, 0)
    if sheet.rows:
        target.autofilter(first, 0, first + len(sheet.rows), len(sheet.head) - 1)


def _write_cell(target: Any, at: tuple[int, int], cell: XlsxCell, sheet: XlsxSheet, styles: _Styles) -> None:
    if cell is None:
        target.write_blank(*at, None, styles.text)
    elif isinstance(cell, str):
        target.write_string(*at, neutralise(cell), styles.italic if at[1] in sheet.italic else styles.text)
    else:
        target.write_number(*at, cell, styles.number(sheet.decimals[at[1]]))


def _width(texts: Sequence[str]) -> float:
    widest = max(sum(2 if ord(character) > 0x2E7F else 1 for character in text) for text in texts)
    return min(max(widest + 2, _NARROWEST), _WIDEST)
