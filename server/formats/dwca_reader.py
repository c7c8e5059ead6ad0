"""Darwin Core Archives into one table of occurrences, whichever core they have."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import PurePosixPath

from server.formats import text_encoding
from server.formats.archive import Archive
from server.formats.delimited import lines_of, rows_of
from server.formats.dwca_meta import MAX_META_BYTES, ArchiveMap, DataFile, read_meta
from server.formats.table import SourceRow, Table, fit_rows
from server.formats.unusable import Unusable

KEY = "\0key"  # no heading can be this


def meta_path(archive: Archive) -> str | None:
    """meta.xml at the top, or in the one folder that holds everything."""
    found = [name for name in archive.names if PurePosixPath(name).name.lower() == "meta.xml"]
    return min(found, key=lambda name: (name.count("/"), name), default=None)


@contextmanager
def open_dwca(archive: Archive, meta: str) -> Iterator[Table]:
    described = read_meta(archive.read(meta, MAX_META_BYTES))
    folder = PurePosixPath(meta).parent
    core = described.core
    if core.row_type == "Occurrence":
        with _open_file(archive, folder, core) as rows:
            yield Table("dwca", _headings(core), (_without_key(row, _identity(core)) for row in rows), core.encoding)
    elif core.row_type == "Event":
        occurrences = _occurrence_extension(described)
        with _open_file(archive, folder, core) as rows:
            events = {row.cells.get(KEY, ""): _own(row.cells) for row in rows if row.cells is not None}
        with _open_file(archive, folder, occurrences) as rows:
            headings = tuple(dict.fromkeys(_headings(occurrences) + _headings(core)))
            yield Table("dwca", headings, (_joined(row, events) for row in rows), occurrences.encoding)
    else:
        raise Unusable("core_not_occurrence", core.row_type)


def _occurrence_extension(described: ArchiveMap) -> DataFile:
    found = next((extension for extension in described.extensions if extension.row_type == "Occurrence"), None)
    if found is None:
        raise Unusable("core_not_occurrence", "没有 Occurrence 扩展")
    return found


@contextmanager
def _open_file(archive: Archive, folder: PurePosixPath, file: DataFile) -> Iterator[Iterator[SourceRow]]:
    name = str(folder / file.location)
    if name not in archive.names:
        raise Unusable("core_missing", file.location)
    if not text_encoding.is_known(file.encoding):
        raise Unusable("encoding_unknown", file.encoding)
    columns = list(file.columns)
    keyed: str | None = None
    if file.key is not None:
        keyed, columns[file.key] = columns[file.key], KEY
    encoding = "utf-8-sig" if file.encoding.lower().replace("-", "") == "utf8" else file.encoding
    with archive.stream(name) as stream:
        rows = islice(
            rows_of(lines_of(stream, encoding, file.dialect.terminator), file.dialect), file.header_lines, None
        )
        yield (_give_back(row, keyed) for row in fit_rows(rows, columns, dict(file.constants)))


def _give_back(row: SourceRow, keyed: str | None) -> SourceRow:
    """The key column is a term as well, in most archives."""
    if row.cells is None or keyed is None or KEY not in row.cells:
        return row
    return replace(row, cells={keyed: row.cells[KEY], **row.cells})


def _headings(file: DataFile) -> tuple[str, ...]:
    named = tuple(name for name in file.columns if name is not None) + tuple(name for name, _ in file.constants)
    identity = _identity(file)
    return tuple(dict.fromkeys(named + ((identity,) if identity else ())))


def _identity(core: DataFile) -> str | None:
    """An occurrence core whose id stands in a column without a term: that id is the occurrenceID."""
    unnamed = (
        core.row_type == "Occurrence"
        and core.key is not None
        and core.columns[core.key] is None
        and "occurrenceID" not in core.columns
    )
    return "occurrenceID" if unnamed else None


def _own(cells: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in cells.items() if name != KEY}


def _without_key(row: SourceRow, identity: str | None) -> SourceRow:
    if row.cells is None:
        return row
    named = {identity: row.cells[KEY]} if identity and KEY in row.cells else {}
    return replace(row, cells={**named, **_own(row.cells)})


def _joined(row: SourceRow, events: Mapping[str, Mapping[str, str]]) -> SourceRow:
    """An occurrence with what its event says; its own word counts more."""
    if row.cells is None:
        return row
    return replace(row, cells={**events.get(row.cells.get(KEY, ""), {}), **_own(row.cells)})
