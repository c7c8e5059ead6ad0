"""A Darwin Core Archive: events with their occurrences and their measurements, meta.xml and eml.xml in one ZIP.

The same input gives the same bytes: rows and columns are sorted, and the only clock is the caller's. Text stands as it is; nothing is
escaped for spreadsheets, since an archive is read by programs.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import IO
from xml.sax.saxutils import quoteattr

from server.formats.darwin_core import ADDRESS, EVENT, EXTENDED_MEASUREMENT, OCCURRENCE, in_order
from server.formats.eml import DatasetDescription, eml_xml
from server.formats.packing import pack

Terms = Mapping[str, str]


def write_archive(
    out: IO[bytes],
    events: Iterable[Terms],
    occurrences: Iterable[Terms],
    measurements: Iterable[Terms],
    about: DatasetDescription,
    written_at: datetime,
) -> None:
    """Terms by their short names. Every event has an eventID; occurrences and measurements name one; a measurement of an occurrence names both.

    ValueError for a name that is no Darwin Core term, an eventID that stands twice, or one that no event has.
    """
    tables = [
        _Table("event.txt", EVENT, list(events), ("eventID",)),
        _Table("occurrence.txt", OCCURRENCE, list(occurrences), ("eventID", "occurrenceID")),
        _Table(
            "measurementorfact.txt",
            EXTENDED_MEASUREMENT,
            list(measurements),
            ("eventID", "occurrenceID", "measurementType"),
        ),
    ]
    _refuse_broken_links(tables)
    tables = [table for table in tables if table.rows or table.name == "event.txt"]
    parts = {table.name: table.text() for table in tables}
    parts["meta.xml"] = _meta(tables)
    parts["eml.xml"] = eml_xml(about)
    out.write(pack({name: text.encode("utf-8") for name, text in parts.items()}, written_at))


class _Table:
    """The first column is the key (id or coreid) and stands again under its term."""

    def __init__(self, name: str, row_type: str, rows: Sequence[Terms], keys: Sequence[str]) -> None:
        self.name, self.row_type, self.keys = name, row_type, keys
        self.rows = sorted(
            rows, key=lambda row: [row.get(key, "") for key in keys] + sorted(f"{k}={v}" for k, v in row.items())
        )
        used = {term for row in rows for term, value in row.items() if value} | {keys[0]}
        unknown = used - ADDRESS.keys()
        if unknown:
            raise ValueError(f"not terms of Darwin Core: {sorted(unknown)}")
        self.terms = in_order(used)

    def text(self) -> str:
        lines = ["\t".join([self._key_name(), *self.terms])]
        lines += [
            "\t".join(_cell(value) for value in [row[self.keys[0]], *(row.get(term, "") for term in self.terms)])
            for row in self.rows
        ]
        return "\n".join(lines) + "\n"

    def _key_name(self) -> str:
        return "id" if self.name == "event.txt" else "coreid"

    def meta(self) -> str:
        element = "core" if self.name == "event.txt" else "extension"
        fields = "".join(
            f'    <field index="{n}" term={quoteattr(ADDRESS[term])}/>\n' for n, term in enumerate(self.terms, 1)
        )
        return (
            f'  <{element} encoding="UTF-8" fieldsTerminatedBy="\\t" linesTerminatedBy="\\n" fieldsEnclosedBy="&quot;" ignoreHeaderLines="1" '
            f'rowType="{self.row_type}">\n'
            f"    <files><location>{self.name}</location></files>\n"
            f'    <{self._key_name()} index="0"/>\n{fields}  </{element}>\n'
        )


def _refuse_broken_links(tables: Sequence[_Table]) -> None:
    core, *extensions = tables
    ids = [row.get("eventID", "") for row in core.rows]
    known = set(ids)
    if len(known) != len(ids) or "" in known:
        raise ValueError("an eventID is missing or stands twice")
    for table in extensions:
        stray = next((row for row in table.rows if row.get("eventID", "") not in known), None)
        if stray is not None:
            raise ValueError(f"{table.name}: no event {stray.get('eventID')!r}")


def _cell(value: str) -> str:
    """Quoted where it must be: TAB, line ends and quotation marks of a value are part of it."""
    if any(character in value for character in '\t\n\r"'):
        return '"' + value.replace('"', '""') + '"'
    return value


def _meta(tables: Sequence[_Table]) -> str:
    inside = "".join(table.meta() for table in tables)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<archive xmlns="http://rs.tdwg.org/dwc/text/" metadata="eml.xml">\n{inside}</archive>\n'
    )
