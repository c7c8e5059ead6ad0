"""What the tests of the demo read: bodies, tables, archives."""

import json
from pathlib import Path
from typing import Any

from dwca.read import DwCAReader

from tests.demo.conftest import Demo

DWC = "http://rs.tdwg.org/dwc/terms/"


def bodies(demo: Demo, kind: str) -> dict[str, dict[str, Any]]:
    """By record id."""
    rows = demo.query(
        "SELECT v.id::text, b.body FROM xiangye.version v JOIN precise.version_body b USING (id, digest) WHERE v.kind = %s",
        kind,
    )
    return {id_: json.loads(bytes(raw))["body"] for id_, raw in rows}


def tables(report: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((report / "tables.json").read_text(encoding="utf-8"))
    return read


def column(table: dict[str, Any], key: str) -> list[str]:
    place = [one["key"] for one in table["columns"]].index(key)
    return [row[place] for row in table["rows"]]


def archive(path: Path) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Events and occurrences, by the short names of their terms."""
    with DwCAReader(str(path)) as reader:
        events = [_short(row.data) for row in reader]
        occurrences = [
            _short(one.data) for row in reader for one in row.extensions if one.rowtype == f"{DWC}Occurrence"
        ]
    return events, occurrences


def _short(data: dict[str, str]) -> dict[str, str]:
    return {term.removeprefix(DWC): text for term, text in data.items()}
