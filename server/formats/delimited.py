"""Delimited text into rows of cells, line by line.

A line ends where the declared terminator stands and nowhere else: U+0085 or U+2028 inside a name is part of the name. Python's
`str.splitlines` and text files in universal newline mode think otherwise.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO

MAX_LINES_OF_A_CELL = 500
_SNIFFED_CHARACTERS = 65_536


@dataclass(frozen=True)
class Dialect:
    """`quote` "" means that quotation marks are ordinary characters."""

    delimiter: str = ","
    quote: str = '"'
    terminator: str = "\n"


@dataclass(frozen=True)
class Row:
    """`line` counts from 1, as an editor shows it; `cells` is None where a quoted cell never ends."""

    line: int
    cells: tuple[str, ...] | None
    unquoted: tuple[str, ...]
    """The same line split with quotation marks as ordinary characters: the second opinion on a row that does not fit."""


def lines_of(stream: IO[bytes], encoding: str, terminator: str = "\n") -> Iterator[str]:
    """Lines without their terminator; undecodable bytes become U+FFFD. A CR before the LF stays: in a quoted cell it is part of it."""
    if terminator in ("\n", "\r", "\r\n"):
        with io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline=terminator) as text:
            for line in text:
                yield line.removesuffix(terminator)
        return
    whole = stream.read().decode(encoding, "replace")
    yield from whole.removesuffix(terminator).split(terminator)


def rows_of(lines: Iterable[str], dialect: Dialect) -> Iterator[Row]:
    """Blank lines are no rows. A quoted cell that never ends spoils its own line only: reading goes on with the next one."""
    source = _Lookahead(lines)
    for line_no, line in source:
        ended = _without_cr(line, dialect)
        if not ended:
            continue
        plain = tuple(ended.split(dialect.delimiter))
        if not dialect.quote or dialect.quote not in ended:
            yield Row(line_no, plain, plain)
            continue
        cells = _split_quoted(ended, dialect)
        taken, text = 0, line
        while isinstance(cells, _Open) and taken < MAX_LINES_OF_A_CELL:
            following = source.peek(taken)
            if following is None:
                break
            text, taken = f"{text}\n{following}", taken + 1
            cells = _split_quoted(_without_cr(text, dialect), dialect) if dialect.quote in following else cells
        if isinstance(cells, tuple):
            source.drop(taken)
        yield Row(line_no, cells if isinstance(cells, tuple) else None, plain)


def _without_cr(line: str, dialect: Dialect) -> str:
    """Where lines end with LF, a CR before it belongs to the line's end unless a quoted cell goes on."""
    return line.removesuffix("\r") if dialect.terminator == "\n" else line


class _Open:
    """A quoted cell that has begun and not ended."""


class _Lookahead:
    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = enumerate(lines, 1)
        self._waiting: list[tuple[int, str]] = []

    def __iter__(self) -> Iterator[tuple[int, str]]:
        while (following := self._take()) is not None:
            yield following

    def _take(self) -> tuple[int, str] | None:
        return self._waiting.pop(0) if self._waiting else next(self._lines, None)

    def peek(self, ahead: int) -> str | None:
        self._waiting.extend(islice(self._lines, max(0, ahead + 1 - len(self._waiting))))
        return self._waiting[ahead][1] if ahead < len(self._waiting) else None

    def drop(self, count: int) -> None:
        del self._waiting[:count]


def _split_quoted(text: str, dialect: Dialect) -> "tuple[str, ...] | _Open | None":
    """Cells; _Open where the last one wants more lines; None where a mark stands that no rule explains."""
    cells, position, mark, delimiter = [], 0, dialect.quote, dialect.delimiter
    while True:
        if text.startswith(mark, position):
            end = _closing(text, position + len(mark), mark)
            if end < 0:
                return _Open()
            cells.append(text[position + len(mark) : end].replace(mark * 2, mark))
            position = end + len(mark)
            if position < len(text) and not text.startswith(delimiter, position):
                return None
        else:
            end = text.find(delimiter, position)
            end = len(text) if end < 0 else end
            cells.append(text[position:end])
            position = end
        if position >= len(text):
            return tuple(cells)
        position += len(delimiter)


def _closing(text: str, position: int, mark: str) -> int:
    while True:
        found = text.find(mark, position)
        if found < 0 or not text.startswith(mark, found + len(mark)):
            return found
        position = found + 2 * len(mark)


def sniff(head: str) -> Dialect:
    """The delimiter that the heading line holds most often outside quotation marks; a file of one column has a comma."""
    head = head[:_SNIFFED_CHARACTERS]
    terminator = "\r" if "\r" in head and "\n" not in head else "\n"
    heading = next((line for line in head.split(terminator) if line.strip()), "")
    bare = "".join(part for n, part in enumerate(heading.split('"')) if n % 2 == 0)
    delimiter = max("\t;,|，", key=bare.count)
    return Dialect(delimiter if delimiter in bare else ",", '"', terminator)
