"""How a value is printed. Nothing is ever printed as None or nan: what is missing is a dash, what is no number is an error."""

import hashlib
import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from server.reporting.document import Cell, Column, Table, plain
from shared.canonical import canonical_bytes

MISSING = "—"


def is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float | Decimal) and not isinstance(cell, bool)


def number_text(value: float | Decimal, decimals: int) -> str:
    """Rounded half up, as Chinese statistical practice has it; ValueError for nan and infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is no number to print")
    exact = Decimal(repr(float(value))) if isinstance(value, float) else Decimal(value)
    return f"{exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):f}"


def cell_text(cell: Cell, column: Column) -> str:
    if cell is None or cell == "":
        return MISSING
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, int | float | Decimal):
        return number_text(cell, column.decimals)
    return plain(cell)


def table_content(table: Table) -> dict[str, Any]:
    """What the table says, without its looks: the same in HTML, XLSX and tables.json, and what its SHA-256 is taken of."""
    return {
        "title": table.title,
        "unit": table.unit,
        "source": table.source,
        "counted": table.counted,
        "columns": [{"key": c.key, "title": c.title, "unit": c.unit, "counted": c.counted} for c in table.columns],
        "rows": [
            [cell_text(cell, column) for cell, column in zip(row, table.columns, strict=True)] for row in table.rows
        ],
        "notes": [plain(note) for note in table.notes],
    }


def table_digest(table: Table) -> str:
    return hashlib.sha256(canonical_bytes(table_content(table))).hexdigest()
