"""CSV, TSV and what people call so: encoding and delimiter found out from the file."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO

from server.formats import text_encoding
from server.formats.archive import MAX_UNPACKED_BYTES
from server.formats.csv_text import restore
from server.formats.delimited import Row, lines_of, rows_of, sniff
from server.formats.table import Table, fit_rows, unique_headings
from server.formats.unusable import Unusable

_CHUNK = 1 << 20
Opener = Callable[[], AbstractContextManager[IO[bytes]]]


@contextmanager
def open_csv(
    open_stream: Opener, source: str = "csv", encoding: str | None = None, delimiter: str | None = None
) -> Iterator[Table]:
    """`open_stream` is called twice: once to find out the encoding, once to read. The quote that keeps a cell from being a formula is
    taken away again, whoever put it there."""
    found = encoding or _detect(open_stream)
    if not text_encoding.is_known(found):
        raise Unusable("encoding_unknown", found)
    with open_stream() as stream:
        dialect = sniff(_head(open_stream, found))
        if delimiter:
            dialect = type(dialect)(delimiter, dialect.quote, dialect.terminator)
        rows = map(_restored, rows_of(lines_of(stream, found, dialect.terminator), dialect))
        first = next(rows, None)
        if first is None:
            raise Unusable("file_empty")
        columns = unique_headings(first.cells if first.cells is not None else first.unquoted)
        headings = tuple(name for name in columns if name is not None)
        yield Table(source, headings, fit_rows(rows, columns, {}), found)


def _restored(row: Row) -> Row:
    cells = None if row.cells is None else tuple(map(restore, row.cells))
    return Row(row.line, cells, tuple(map(restore, row.unquoted)))


def file_opener(path: Path) -> Opener:
    """Opens the file anew at each call; Unusable when it is not there or too large."""

    @contextmanager
    def opened() -> Iterator[IO[bytes]]:
        try:
            stream = path.open("rb")
        except OSError as error:
            raise Unusable("file_absent", str(error)) from error
        with stream:
            if path.stat().st_size > MAX_UNPACKED_BYTES:
                raise Unusable("file_too_large", f"{MAX_UNPACKED_BYTES // 1024 // 1024} MB")
            yield stream

    return opened


def _detect(open_stream: Opener) -> str:
    with open_stream() as stream:
        return text_encoding.detect(iter(lambda: stream.read(_CHUNK), b""))


def _head(open_stream: Opener, encoding: str) -> str:
    with open_stream() as stream:
        return stream.read(_CHUNK).decode(encoding, "replace").lstrip("\ufeff")
