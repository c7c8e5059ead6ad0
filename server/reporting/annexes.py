"""A report's tables as an XLSX workbook and as one JSON file: the same figures, typed."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from server.formats.xlsx import XlsxCell, XlsxSheet, write_workbook
from server.reporting.cells import cell_text, is_number, table_content, table_digest
from server.reporting.document import Cell, Column, Count, Latin, Report, Table
from server.reporting.numbering import Numbered, number

_FORBIDDEN_IN_SHEET_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))


def tables_workbook(report: Report, created: datetime) -> bytes:
    """One sheet for each table, named by its number and title."""
    numbers = number(report)
    marks = "　".join((report.edition, *report.marks))
    return write_workbook(
        [_sheet(table, numbers[table.name], marks) for table in report.tables()], report.title, created
    )


def tables_json(report: Report) -> bytes:
    numbers = number(report)
    content = {table.name: {"number": numbers[table.name].label, **table_content(table)} for table in report.tables()}
    return (json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def table_digests(report: Report) -> Mapping[str, str]:
    return {table.name: table_digest(table) for table in report.tables()}


def _sheet(table: Table, numbered: Numbered, marks: str) -> XlsxSheet:
    preamble = (
        f"{numbered.label} {table.title}",
        marks,
        f"单位：{table.unit}",
        f"资料来源：{table.source}",
        f"统计口径：{table.counted}",
    )
    return XlsxSheet(
        name=f"{numbered.label} {table.title}".translate(_FORBIDDEN_IN_SHEET_NAMES),
        preamble=preamble,
        head=tuple(column.title + (f"（{column.unit}）" if column.unit else "") for column in table.columns),
        rows=tuple(
            tuple(_typed(cell, column) for cell, column in zip(row, table.columns, strict=True)) for row in table.rows
        ),
        decimals=tuple(column.decimals for column in table.columns),
        italic=_latin_columns(table.rows),
    )


def _typed(cell: Cell, column: Column) -> XlsxCell:
    if cell is None or cell == "":
        return None
    if isinstance(cell, Count):
        return cell.value
    if is_number(cell) and isinstance(cell, int | float | Decimal):
        text = cell_text(cell, column)
        return (
            int(text)
            if column.decimals == 0
            else Decimal(text).quantize(Decimal(1).scaleb(-column.decimals), ROUND_HALF_UP)
        )
    return cell_text(cell, column)


def _latin_columns(rows: Sequence[Sequence[Cell]]) -> frozenset[int]:
    return frozenset(n for row in rows for n, cell in enumerate(row) if isinstance(cell, Latin))
