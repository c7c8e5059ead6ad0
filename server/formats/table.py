"""A table as any reader hands it over: headings, then rows that either fit them or do not."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from server.formats.delimited import Row


@dataclass(frozen=True)
class SourceRow:
    """`number` counts data rows from 1, `line` counts lines of the file; `cells` maps headings to text as it came, empty cells left out.

    `cells` is None where the row cannot be split; `found` then says how many cells there were against `expected`.
    """

    number: int
    line: int
    cells: Mapping[str, str] | None
    expected: int
    found: int


@dataclass
class Table:
    """`rows` may be read once. `source` says in a word what the file was: dwca, csv, camtrap_dp."""

    source: str
    headings: tuple[str, ...]
    rows: Iterator[SourceRow]
    encoding: str = "utf-8"


def fit_rows(rows: Iterable[Row], columns: Sequence[str | None], constants: Mapping[str, str]) -> Iterator[SourceRow]:
    """Rows under their columns (None: a column nobody named). A surplus of empty cells at the end does no harm; any other misfit does."""
    for number, row in enumerate(rows, 1):
        cells = _fitting(row, len(columns))
        if cells is None:
            yield SourceRow(number, row.line, None, len(columns), len(row.unquoted if row.cells is None else row.cells))
            continue
        named = {name: cell for name, cell in zip(columns, cells, strict=True) if name is not None and cell}
        for name, value in constants.items():
            named.setdefault(name, value)
        yield SourceRow(number, row.line, named, len(columns), len(cells))


def _fitting(row: Row, width: int) -> tuple[str, ...] | None:
    for cells in (row.cells, row.unquoted):
        if cells is not None and len(cells) >= width and not any(cells[width:]):
            return cells[:width]
    return None


def unique_headings(headings: Sequence[str]) -> tuple[str | None, ...]:
    """Trimmed; None for an empty one; a repeated one gets its number, so that no cell covers another."""
    seen: dict[str, int] = {}
    found: list[str | None] = []
    for heading in headings:
        name = heading.strip().lstrip("\ufeff")
        seen[name] = seen.get(name, 0) + 1
        found.append((name if seen[name] == 1 else f"{name} ({seen[name]})") if name else None)
    return tuple(found)
