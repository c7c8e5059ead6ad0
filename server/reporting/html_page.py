"""The whole report as one HTML file that needs nothing beside it: styles, typeface, maps and photos are inside."""

import base64
import html
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path

from server.reporting.document import Chapter, Report, refuse_empty
from server.reporting.fonts import FAMILY, Weight, woff2_for
from server.reporting.html_blocks import BlockWriter
from server.reporting.numbering import Numbered, chapter_marks, number
from server.settings import Settings

_STYLE = Path(__file__).with_name("report.css")
_FONT_MARK = "/*fonts*/"
_CSS_NUMERIC = {"Regular": 400, "Bold": 700}
_WEIGHTS: tuple[Weight, ...] = ("Regular", "Bold")


def render_html(report: Report, settings: Settings) -> bytes:
    """UTF-8. EmptyChapter, GlyphMissing, ValueError where the report is not fit to be printed."""
    refuse_empty(report)
    page = _page(report)
    drawn = html.unescape(re.sub(r"base64,[^\"]*", "", page))
    faces = "".join(_font_face(settings, weight, drawn) for weight in _WEIGHTS)
    return page.replace(_FONT_MARK, faces, 1).encode("utf-8")


def _page(report: Report) -> str:
    numbers = number(report)
    writer = BlockWriter(numbers)
    style = _FONT_MARK + _STYLE.read_text(encoding="utf-8") + _running_lines(report)
    parts = [
        _cover(report, writer),
        _abstract(report, writer),
        _contents(report),
        _lists(numbers),
        _basis(report, writer),
        *(_chapters(report, writer)),
        _data_version(report, writer),
        _references(report, writer),
    ]
    return (
        f'<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(report.title)}</title>\n'
        f"<style>{style}</style>\n</head>\n<body>\n{_ribbon(report)}\n<main>\n"
        + "\n".join(filter(None, parts))
        + "\n</main>\n</body>\n</html>\n"
    )


def _ribbon(report: Report) -> str:
    return (
        '<div class="ribbon">'
        + "".join(f"<span>{escape(mark)}</span>" for mark in (report.edition, *report.marks))
        + "</div>"
    )


def _cover(report: Report, writer: BlockWriter) -> str:
    facts = "".join(f"<div><dt>{escape(key)}</dt><dd>{writer.text(value)}</dd></div>" for key, value in report.cover)
    marks = "".join(f"<p>{escape(mark)}</p>" for mark in report.marks)
    return (
        f'<header class="cover"><p class="edition">{escape(report.edition)}</p><h1>{escape(report.title)}</h1>'
        f'<p class="subtitle">{escape(report.subtitle)}</p><div class="marks">{marks}</div><dl>{facts}</dl></header>'
    )


def _abstract(report: Report, writer: BlockWriter) -> str:
    return (
        '<section class="front" id="abstract"><h2>摘要</h2>'
        + "".join(f"<p>{writer.text(t)}</p>" for t in report.abstract)
        + "</section>"
    )


def _contents(report: Report) -> str:
    entries = [(f"chapter-{mark}", heading) for _, mark, heading in chapter_marks(report)]
    entries += [("data-version", "数据版本与校验")] + ([("references", "参考文献")] if report.references else [])
    items = "".join(f'<li><a href="#{anchor}">{escape(heading)}</a></li>' for anchor, heading in entries)
    return f'<nav class="front" id="contents"><h2>目录</h2><ul class="contents">{items}</ul></nav>'


def _lists(numbers: Mapping[str, Numbered]) -> str:
    def listed(tables: bool) -> str:
        return "".join(
            f'<li><a href="#plate-{escape(n.name)}"><span>{n.label}</span> {escape(n.title)}</a></li>'
            for n in numbers.values()
            if n.is_table is tables
        )

    return (
        '<nav class="front" id="plates"><h2>图表目录</h2>'
        f'<h3>表</h3><ul class="contents">{listed(True)}</ul><h3>图</h3><ul class="contents">{listed(False)}</ul></nav>'
    )


def _basis(report: Report, writer: BlockWriter) -> str:
    return f'<section class="front" id="basis"><h2>编制依据</h2>{writer.listing(report.basis, ordered=True)}</section>'


def _chapters(report: Report, writer: BlockWriter) -> list[str]:
    return [
        f'<section class="{_chapter_class(chapter, mark)}" id="chapter-{mark}" data-chapter="{mark}"><h2>{escape(heading)}</h2>'
        + (writer.reason(chapter.reason) if chapter.reason else "")
        + writer.blocks(chapter.blocks, 3)
        + "</section>"
        for chapter, mark, heading in chapter_marks(report)
    ]


def _chapter_class(chapter: Chapter, mark: str) -> str:
    """An annex of wide tables lies sideways as a whole, its heading too."""
    if mark.isdecimal():
        return "chapter"
    if not chapter.blocks:
        return "chapter"
    return "chapter annex" + (" landscape" if any(table.landscape for table in chapter.tables()) else "")


def _data_version(report: Report, writer: BlockWriter) -> str:
    return f'<section class="front" id="data-version"><h2>数据版本与校验</h2>{writer.blocks(report.data_version, 3)}</section>'


def _references(report: Report, writer: BlockWriter) -> str:
    if not report.references:
        return ""
    return f'<section class="front" id="references"><h2>参考文献</h2>{writer.listing(report.references, ordered=True)}</section>'


def _running_lines(report: Report) -> str:
    """Head and foot of every printed page."""
    head, marks = _css_text(report.title), _css_text("　".join((report.edition, *report.marks)))
    return (
        f'\n@page {{ @top-left {{ content: "{head}" }} @top-right {{ content: "{marks}" }} '
        '@bottom-center { content: "第 " counter(page) " 页　共 " counter(pages) " 页" } }\n'
    )


def _css_text(text: str) -> str:
    return text.replace("\\", "").replace('"', "").replace("<", "").replace("\n", " ")


def _font_face(settings: Settings, weight: Weight, drawn: str) -> str:
    data = base64.b64encode(woff2_for(settings, weight, drawn)).decode("ascii")
    return (
        f'@font-face {{ font-family: "{FAMILY}"; font-weight: {_CSS_NUMERIC[weight]}; '
        f'src: url("data:font/woff2;base64,{data}") format("woff2"); }}\n'
    )
