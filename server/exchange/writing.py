"""Rows of Darwin Core terms as the bytes of a file; pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from io import BytesIO

from server.formats.csv_text import csv_bytes
from server.formats.darwin_core import in_order
from server.formats.dwca_writer import write_archive
from server.formats.eml import DatasetDescription
from server.formats.geojson import geojson_bytes
from server.formats.xlsx import XlsxCell, XlsxSheet, write_workbook
from server.reporting.darwin import event_rows, in_order_of_ids

Terms = Mapping[str, str]
_NUMBERS = frozenset(
    {"decimalLatitude", "decimalLongitude", "coordinateUncertaintyInMeters", "individualCount", "organismQuantity"}
)
_PLAIN_NUMBER = re.compile(r"-?(0|[1-9]\d{0,11})(\.\d{1,7})?", re.ASCII)
_NAMES = frozenset({"scientificName"})


@dataclass(frozen=True)
class Leaving:
    """What leaves: `rows` of occurrences, `measurements` of them. `more`: by occurrenceID, columns that are no Darwin Core, for tables."""

    rows: Sequence[Terms]
    measurements: Sequence[Terms]
    about: DatasetDescription
    written_at: datetime
    more: Mapping[str, Terms] = field(default_factory=dict)


def _dwca(leaving: Leaving) -> bytes:
    out = BytesIO()
    events = event_rows(leaving.rows)
    write_archive(out, events, leaving.rows, leaving.measurements, leaving.about, leaving.written_at)
    return out.getvalue()


def _full(leaving: Leaving) -> list[Terms]:
    return in_order_of_ids({**leaving.more.get(row["occurrenceID"], {}), **row} for row in leaving.rows)


def _columns(rows: Sequence[Terms]) -> list[str]:
    return in_order({name for row in rows for name, text in row.items() if text} | {"occurrenceID"})


def _csv(leaving: Leaving) -> bytes:
    rows = _full(leaving)
    return csv_bytes(_columns(rows), rows)


def _xlsx(leaving: Leaving) -> bytes:
    """The head stands in the first line, so that what reads CSV reads this; what is said of the data has a sheet of its own."""
    rows = _full(leaving)
    columns = _columns(rows)
    numeric = [column in _NUMBERS and all(_is_number(row.get(column, "")) for row in rows) for column in columns]
    cells = tuple(
        tuple(_cell(row.get(column, ""), number) for column, number in zip(columns, numeric, strict=True))
        for row in rows
    )
    decimals = tuple(
        max((len(row.get(column, "").partition(".")[2]) for row in rows), default=0) if number else None
        for column, number in zip(columns, numeric, strict=True)
    )
    italic = frozenset(n for n, column in enumerate(columns) if column in _NAMES)
    told = tuple((key, text) for key, text in _about(leaving.about).items())
    sheets = [
        XlsxSheet("出现记录", (), tuple(columns), cells, decimals, italic),
        XlsxSheet("说明", (), ("项目", "内容"), told, (None, None)),
    ]
    return write_workbook(sheets, leaving.about.title, leaving.written_at)


def _is_number(text: str) -> bool:
    return not text or _PLAIN_NUMBER.fullmatch(text) is not None


def _cell(text: str, number: bool) -> XlsxCell:
    if not text:
        return None
    return Decimal(text) if number else text


def _geojson(leaving: Leaving) -> bytes:
    return geojson_bytes(in_order_of_ids(leaving.rows), _about(leaving.about))


def _about(about: DatasetDescription) -> dict[str, str]:
    return {
        "title": about.title,
        "publisher": about.publisher,
        "license": about.licence,
        "description": "".join(about.abstract),
        "published": about.published.isoformat(),
    }


@dataclass(frozen=True)
class FileFormat:
    suffix: str
    media_type: str
    write: Callable[[Leaving], bytes]


FORMATS: Mapping[str, FileFormat] = {
    "dwca": FileFormat("zip", "application/zip", _dwca),
    "csv": FileFormat("csv", "text/csv; charset=utf-8", _csv),
    "xlsx": FileFormat("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _xlsx),
    "geojson": FileFormat("geojson", "application/geo+json", _geojson),
}
