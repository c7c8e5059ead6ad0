"""What a report is made of. Both compilers build these objects; renderers read them and add nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True)
class Latin:
    """A scientific name: set in italics, and the only foreign words that running text may hold."""

    name: str


@dataclass(frozen=True)
class Ref:
    """Points to a table or figure by its name; the renderer prints its number."""

    name: str


@dataclass(frozen=True)
class Code:
    """Codes, digests, file names, versions: not prose."""

    text: str


@dataclass(frozen=True)
class Foreign:
    """A citation in another language; only the list of references may hold one."""

    text: str


@dataclass(frozen=True)
class Count:
    """A figure that stands in several places and must be the same in all; the page marks it so that a reader can compare."""

    name: str
    value: int


Inline = str | Latin | Ref | Code | Count | Foreign
Text = Inline | tuple[Inline, ...]
Cell = str | int | float | Decimal | Latin | Code | Count | tuple[Inline, ...] | None


@dataclass(frozen=True)
class Column:
    """`decimals`: digits after the point of a number; `counted` says how its figures come about, where the table's word is not enough."""

    key: str
    title: str
    unit: str | None = None
    decimals: int = 0
    counted: str | None = None
    align: Literal["left", "right"] = "left"


@dataclass(frozen=True)
class Table:
    """`counted`: how its figures were counted. `name` is stable over editions and years: provenance and `explain` use it."""

    name: str
    title: str
    unit: str
    source: str
    counted: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[Text, ...] = ()
    landscape: bool = False

    def __post_init__(self) -> None:
        wrong = [row for row in self.rows if len(row) != len(self.columns)]
        if wrong:
            raise ValueError(f"table {self.name}: a row of {len(wrong[0])} cells under {len(self.columns)} columns")


@dataclass(frozen=True)
class Figure:
    """`svg` is one element without prolog; `alt` says in words what the picture shows."""

    name: str
    title: str
    unit: str
    source: str
    counted: str
    svg: str
    alt: str
    is_map: bool = False


@dataclass(frozen=True)
class Photo:
    """`jpeg` is a rendition rebuilt from pixels, never the original."""

    jpeg: bytes
    width: int
    height: int
    caption: Text


@dataclass(frozen=True)
class PhotoSheet:
    """A plate of photos; numbered like a figure."""

    name: str
    title: str
    source: str
    photos: tuple[Photo, ...]


@dataclass(frozen=True)
class Paragraph:
    text: Text


@dataclass(frozen=True)
class Listing:
    items: tuple[Text, ...]


@dataclass(frozen=True)
class Section:
    """`reason`: why the section has no data. An empty section without a reason is refused."""

    title: Text
    blocks: "tuple[Block, ...]" = ()
    reason: str | None = None


Block = Paragraph | Listing | Table | Figure | PhotoSheet | Section


@dataclass(frozen=True)
class Chapter:
    title: str
    blocks: tuple[Block, ...] = ()
    reason: str | None = None

    def tables(self) -> Iterator[Table]:
        return (block for block in walk(self.blocks) if isinstance(block, Table))


@dataclass(frozen=True)
class Report:
    """`marks` stand on the cover and on every printed page: internal use, demonstration data, edition."""

    title: str
    subtitle: str
    edition: str
    cover: tuple[tuple[str, Text], ...]
    marks: tuple[str, ...]
    abstract: tuple[Text, ...]
    basis: tuple[Text, ...]
    chapters: tuple[Chapter, ...]
    annexes: tuple[Chapter, ...] = ()
    data_version: tuple[Block, ...] = ()
    references: tuple[Text, ...] = field(default=())

    def all_chapters(self) -> tuple[Chapter, ...]:
        return (*self.chapters, *self.annexes)

    def tables(self) -> tuple[Table, ...]:
        return tuple(table for chapter in self.all_chapters() for table in chapter.tables())


class EmptyChapter(ValueError):
    """A chapter or section that neither holds anything nor says why."""


def walk(blocks: Sequence[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Section):
            yield from walk(block.blocks)


def refuse_empty(report: Report) -> None:
    for chapter in report.all_chapters():
        parts: list[Chapter | Section] = [chapter, *(b for b in walk(chapter.blocks) if isinstance(b, Section))]
        for part in parts:
            if not part.blocks and not part.reason:
                raise EmptyChapter(f"“{part.title}”既无内容也未说明原因 (empty, without a reason)")


def pieces(text: Text) -> tuple[Inline, ...]:
    return text if isinstance(text, tuple) else (text,)


def plain(text: Text) -> str:
    """Without its markup; references keep their name."""
    return "".join(_plain_inline(inline) for inline in pieces(text))


def _plain_inline(inline: Inline) -> str:
    match inline:
        case str():
            return inline
        case Latin(text) | Ref(text) | Code(text) | Foreign(text):
            return text
        case Count(_, value):
            return str(value)
