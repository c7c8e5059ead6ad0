"""The checker sees what is planted: a checker that finds nothing proves nothing by itself."""

import re
from functools import cache

import pytest

from server.reporting.document import Chapter, Figure, Paragraph
from server.reporting.html_page import render_html
from tests.reporting.report_checker import check, foreign_words
from tests.reporting.test_document import SETTINGS, report, table

SVG = (
    "<svg viewBox='0 0 1 1'><text>北</text><text>5 km</text><text>坐标系：某</text><text>资料来源：某。</text>"
    "<text>数据日期：某</text><text>行政界线不作划界依据</text><text>内部工作用图 未经审核 不得公开</text></svg>"
)


@cache
def sound() -> str:
    drawn = Figure("map", "分布图", "处", "测试资料", "每处一次", SVG, "一张图", is_map=True)
    return render_html(report(Chapter("甲", (Paragraph("文字。"), table("one"), drawn))), SETTINGS).decode()


def test_a_sound_page_passes() -> None:
    assert check(sound()) == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('<span class="number">表1-1</span>', '<span class="number">表2-1</span>', "number '表2-1' in chapter 1"),
        ('<span class="number">图1-1</span>', '<span class="number">图1-2</span>', "图1-2 is number 1"),
        ('<span class="title">记录表</span>', "", "table one: no title"),
        ("单位：km", "", "table one: no unit"),
        ("资料来源：测试资料", "", "no source"),
        ("统计口径：每行一次", "", "table one: no counted"),
        ("<p>文字。</p>", "<p>文字 None。</p>", "no value: 'None'"),
        ("<p>文字。</p>", "<p>文字 nan。</p>", "no value: 'nan'"),
        ("<p>文字。</p>", "<p>Some words。</p>", "foreign word 'Some'"),
        ("<p>文字。</p>", '<p><a href="#nowhere">见</a></p>', "link to nothing: #nowhere"),
        ("<p>文字。</p>", '<p>文字<img src="photo.jpg"></p>', "not self-contained: photo.jpg"),
        (
            "<p>文字。</p>",
            '<p data-count="species">3</p><p data-count="species">4</p>',
            "species is counted differently",
        ),
        ("<p>文字。</p>", '<p id="plate-one">字</p>', "id twice: plate-one"),
        ("<text>北</text>", "", "map map: no north arrow"),
        ("<text>5 km</text>", "", "map map: no scale"),
        ("<text>坐标系：某</text>", "", "map map: no datum"),
        ("<text>数据日期：某</text>", "", "map map: no date"),
        ("<text>内部工作用图 未经审核 不得公开</text>", "", "neither approved nor marked"),
    ],
)
def test_each_fault_is_seen(old: str, new: str, complaint: str) -> None:
    assert old in sound()
    assert any(complaint in told for told in check(sound().replace(old, new, 1))), check(sound().replace(old, new, 1))


def test_an_empty_chapter_is_seen() -> None:
    emptied = re.sub(r'(<section class="chapter".*?</h2>).*?(</section>)', r"\1\2", sound(), flags=re.DOTALL)
    assert any("empty without a reason" in told for told in check(emptied))


def test_a_caption_below_its_table_is_seen() -> None:
    moved = re.sub(
        r'(<figure class="table[^>]*>)(<figcaption>.*?</figcaption>)(.*?)(</figure>)',
        r"\1\3\2\4",
        sound(),
        flags=re.DOTALL,
    )
    assert any("caption not above" in told for told in check(moved))


def test_allowed_terms_and_single_letters_pass() -> None:
    assert foreign_words("按HJ 623-2011计算，Chao2为5.4，坐标系WGS84，共3 km，N为北，表A-1") == []
    assert foreign_words("使用许可 CC BY-NC 4.0 与 Darwin Core Archive") == []
    assert foreign_words("the report") == ["the", "report"]
