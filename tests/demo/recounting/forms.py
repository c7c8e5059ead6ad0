"""One table in three forms, tables.json, HTML and XLSX, told against one another; imports nothing of the project."""

from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
from recounting.figures import text


class _Tables(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: dict[str, list[list[str]]] = {}
        self.numbers: dict[str, str] = {}
        self._name, self._open, self._in_number = "", False, False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        if tag == "figure":
            self._name = facts.get("data-table") or ""
        if self._name and tag == "tr":
            self.rows.setdefault(self._name, []).append([])
        if self._name and tag == "td":
            self.rows[self._name][-1].append("")
            self._open = True
        self._in_number = tag == "span" and facts.get("class") == "number"

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self._open = False
        if tag == "figure":
            self._name = ""

    def handle_data(self, data: str) -> None:
        if self._name and self._open:
            self.rows[self._name][-1][-1] += data
        elif self._name and self._in_number:
            self.numbers[self._name] = self.numbers.get(self._name, "") + data


def differences_of_forms(report: Path, tables: dict[str, Any]) -> list[str]:
    page = _Tables()
    page.feed((report / "report.html").read_text(encoding="utf-8"))
    html = {name: [row for row in rows if row] for name, rows in page.rows.items()}
    found = (
        [f"HTML and tables.json do not hold the same tables: {html.keys() ^ tables.keys()}"]
        if html.keys() != tables.keys()
        else []
    )
    sheets = _sheets(report / "annexes.xlsx")
    if len(sheets) != len(tables):
        found.append(f"the workbook has {len(sheets)} sheets for {len(tables)} tables")
    for name, table in tables.items():
        found += _told(f"HTML, table {name}", html.get(name, []), table["rows"])
        rows = next((rows for title, rows in sheets.items() if title.split(" ")[0] == table["number"]), None)
        found += (
            [f"XLSX, table {name}: no sheet"] if rows is None else _told(f"XLSX, table {name}", rows, table["rows"])
        )
        if page.numbers.get(name, "").strip() != table["number"]:
            found.append(f"table {name} is {page.numbers.get(name)} in HTML and {table['number']} in tables.json")
    return found


def _told(where: str, rows: list[list[str]], wanted: list[list[str]]) -> list[str]:
    if len(rows) != len(wanted):
        return [f"{where}: {len(rows)} rows, tables.json has {len(wanted)}"]
    pairs = zip(rows, wanted, strict=True)
    return [
        f"{where}, row {n}: {said!r}, tables.json has {meant!r}"
        for n, (row, want) in enumerate(pairs, 1)
        for said, meant in zip(row, want, strict=True)
        if said != meant
    ]


def _sheets(path: Path) -> dict[str, list[list[str]]]:
    """Rows below the head, which is the row that the sheet's filter begins at."""
    book = openpyxl.load_workbook(path)
    found = {}
    for sheet in book.worksheets:
        head = int("".join(filter(str.isdigit, sheet.auto_filter.ref.split(":")[0])))
        rows = sheet.iter_rows(min_row=head + 1, max_col=len([one for one in sheet[head] if one.value is not None]))
        found[sheet.title] = [[_cell(cell) for cell in row] for row in rows]
    return found


def _cell(cell: Any) -> str:
    if isinstance(cell.value, int | float):
        shown = cell.number_format.split(".")
        return text(Decimal(repr(cell.value)), len(shown[1]) if len(shown) > 1 else 0)
    return text(cell.value)
