"""Blocks of a report as HTML: three-line tables with captions above, figures with captions below."""

import base64
import re
from collections.abc import Mapping, Sequence
from html import escape

from server.reporting.cells import cell_text
from server.reporting.document import (
    Block,
    Cell,
    Code,
    Column,
    Count,
    Figure,
    Foreign,
    Inline,
    Latin,
    Listing,
    Paragraph,
    Photo,
    PhotoSheet,
    Ref,
    Section,
    Table,
    Text,
    pieces,
)
from server.reporting.numbering import Numbered

WIDE_COLUMNS = 7
"""From here a table is set in small print on paper, and gets a landscape page where it asks for one."""


SHORT_ROWS = 18
"""Up to here a table is kept on one page."""
_DATE = re.compile(r"\d{4}(-\d{2}){1,2}")


class BlockWriter:
    def __init__(self, numbers: Mapping[str, Numbered]) -> None:
        self._numbers = numbers

    def blocks(self, blocks: Sequence[Block], level: int) -> str:
        return "\n".join(self._block(block, level) for block in blocks)

    def text(self, text: Text) -> str:
        return "".join(self._inline(inline) for inline in pieces(text))

    def listing(self, items: Sequence[Text], ordered: bool = False) -> str:
        tag = "ol" if ordered else "ul"
        return f"<{tag}>" + "".join(f"<li>{self.text(item)}</li>" for item in items) + f"</{tag}>"

    def reason(self, reason: str) -> str:
        return f'<p class="reason">{escape(reason)}</p>'

    def _inline(self, inline: Inline) -> str:
        match inline:
            case Latin(name):
                return f"<i>{escape(name)}</i>"
            case Code(text):
                return f"<code>{escape(text)}</code>"
            case Foreign(text):
                return f'<span lang="en">{escape(text)}</span>'
            case Count(name, value):
                return f'<span data-count="{escape(name)}">{value}</span>'
            case Ref(name):
                numbered = self._numbers[name]
                return f'<a href="#plate-{escape(name)}">{numbered.label}</a>'
            case str():
                return escape(inline)

    def _block(self, block: Block, level: int) -> str:
        match block:
            case Paragraph(text):
                return f"<p>{self.text(text)}</p>"
            case Listing(items):
                return self.listing(items)
            case Table():
                return self._table(block)
            case Figure():
                return self._figure(block)
            case PhotoSheet():
                return self._photos(block)
            case Section():
                return self._section(block, level)

    def _section(self, section: Section, level: int) -> str:
        reason = self.reason(section.reason) if section.reason else ""
        heading = f"<h{level}>{self.text(section.title)}</h{level}>"
        return f'<section class="part">{heading}{reason}{self.blocks(section.blocks, min(level + 1, 6))}</section>'

    def _table(self, table: Table) -> str:
        wide = len(table.columns) >= WIDE_COLUMNS
        kinds = (("wide", wide), ("landscape", table.landscape), ("short", len(table.rows) <= SHORT_ROWS))
        kind = " ".join(["table", *(name for name, holds in kinds if holds)])
        head = "".join(self._head_cell(column) for column in table.columns)
        body = "".join(self._row(row, table.columns) for row in table.rows)
        notes = "".join(f"<p>注：{self.text(note)}</p>" for note in table.notes)
        return (
            f'<figure class="{kind}" id="plate-{escape(table.name)}" data-table="{escape(table.name)}">'
            f'<figcaption><span class="number">{self._numbers[table.name].label}</span> '
            f'<span class="title">{escape(table.title)}</span><span class="unit">单位：{escape(table.unit)}</span></figcaption>'
            f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
            f'<div class="notes">{notes}<p class="source">资料来源：{escape(table.source)}</p>'
            f'<p class="counted">统计口径：{escape(table.counted)}</p></div></figure>'
        )

    def _head_cell(self, column: Column) -> str:
        unit = f'<span class="column-unit">（{escape(column.unit)}）</span>' if column.unit else ""
        return f'<th scope="col" data-key="{escape(column.key)}"{_align(column)}>{escape(column.title)}{unit}</th>'

    def _row(self, row: Sequence[Cell], columns: Sequence[Column]) -> str:
        cells = zip(row, columns, strict=True)
        return (
            "<tr>"
            + "".join(f"<td{_cell_class(cell, column)}>{self._cell(cell, column)}</td>" for cell, column in cells)
            + "</tr>"
        )

    def _cell(self, cell: Cell, column: Column) -> str:
        if isinstance(cell, Latin | Code | Count | tuple):
            return self.text(cell)
        return escape(cell_text(cell, column))

    def _figure(self, figure: Figure) -> str:
        kind = "figure map" if figure.is_map else "figure"
        return (
            f'<figure class="{kind}" id="plate-{escape(figure.name)}" data-figure="{escape(figure.name)}">'
            f'<div class="scroll drawing" role="img" aria-label="{escape(figure.alt)}">{figure.svg}</div>'
            f"{self._caption_below(figure.name, figure.title, figure.unit)}"
            f'<div class="notes"><p class="source">资料来源：{escape(figure.source)}</p>'
            f'<p class="counted">统计口径：{escape(figure.counted)}</p></div></figure>'
        )

    def _photos(self, sheet: PhotoSheet) -> str:
        shown = "".join(self._photo(photo) for photo in sheet.photos)
        return (
            f'<figure class="figure photos" id="plate-{escape(sheet.name)}" data-figure="{escape(sheet.name)}">'
            f'<div class="plate">{shown}</div>{self._caption_below(sheet.name, sheet.title, "张")}'
            f'<div class="notes"><p class="source">资料来源：{escape(sheet.source)}</p></div></figure>'
        )

    def _photo(self, photo: Photo) -> str:
        data = base64.b64encode(photo.jpeg).decode("ascii")
        return (
            f'<div class="photo"><img alt="" width="{photo.width}" height="{photo.height}" src="data:image/jpeg;base64,{data}">'
            f"<p>{self.text(photo.caption)}</p></div>"
        )

    def _caption_below(self, name: str, title: str, unit: str) -> str:
        return (
            f'<figcaption><span class="number">{self._numbers[name].label}</span> <span class="title">{escape(title)}</span>'
            f'<span class="unit">单位：{escape(unit)}</span></figcaption>'
        )


def _cell_class(cell: Cell, column: Column) -> str:
    """A date is not broken at its hyphens."""
    return ' class="date"' if isinstance(cell, str) and _DATE.fullmatch(cell) else _align(column)


def _align(column: Column) -> str:
    return ' class="right"' if column.align == "right" else ""
