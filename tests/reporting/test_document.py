"""Numbering, references, and what a report refuses to say."""

from decimal import Decimal
from pathlib import Path

import pytest

from server.reporting import fonts
from server.reporting.annexes import table_digests, tables_workbook
from server.reporting.cells import number_text, table_digest
from server.reporting.document import (
    Chapter,
    Column,
    EmptyChapter,
    Foreign,
    Latin,
    Paragraph,
    Ref,
    Report,
    Section,
    Table,
)
from server.reporting.fonts import GlyphMissing, font_file, woff2_for
from server.reporting.html_page import render_html
from server.reporting.numbering import number
from server.settings import Settings
from shared.clock import end_of_day_in_china
from tests.reporting.report_checker import check, read

SETTINGS = Settings(var_dir=Path("/nonexistent"))
COLUMNS = (Column("name", "名称"), Column("value", "数值", "km", 1, align="right"))


def table(name: str, rows: tuple[tuple[object, ...], ...] = (("白鹭", Decimal("1.25")),)) -> Table:
    return Table(name, "记录表", "km", "测试资料", "每行一次", COLUMNS, rows)  # type: ignore[arg-type]


def report(*chapters: Chapter, annexes: tuple[Chapter, ...] = (), **fields: object) -> Report:
    base = {
        "abstract": ("摘要文字。",),
        "basis": ("《测试依据》",),
        "cover": (("代码", "431022"),),
        "marks": ("演示数据",),
    }
    told = base | {"data_version": (Paragraph("版本一。"),)} | fields
    return Report("测试报告", "副题", "公开版", chapters=chapters, annexes=annexes, **told)  # type: ignore[arg-type]


def test_numbers_follow_chapters_and_annexes() -> None:
    made = report(
        Chapter("甲", (Section("节", (table("one"),)), table("two"))),
        Chapter("乙", (table("three"),)),
        annexes=(Chapter("丙", (table("four"),)),),
    )
    labels = {name: numbered.label for name, numbered in number(made).items()}
    assert labels == {"one": "表1-1", "two": "表1-2", "three": "表2-1", "four": "表A-1"}
    assert table_digests(made).keys() == labels.keys()


def test_a_reference_prints_the_number_and_leads_there() -> None:
    html = render_html(report(Chapter("甲", (Paragraph(("见", Ref("one"), "。")), table("one")))), SETTINGS).decode()
    assert '见<a href="#plate-one">表1-1</a>。' in html
    assert check(html) == []


def test_one_name_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="named 'one'"):
        number(report(Chapter("甲", (table("one"), table("one")))))


@pytest.mark.parametrize("empty", [Chapter("空章"), Chapter("章", (Section("空节"),))])
def test_an_empty_chapter_needs_its_reason(empty: Chapter) -> None:
    with pytest.raises(EmptyChapter, match="既无内容也未说明原因"):
        render_html(report(empty), SETTINGS)
    assert check(render_html(report(Chapter("空章", reason="没有资料。")), SETTINGS).decode()) == []


def test_text_of_strangers_is_never_markup() -> None:
    nasty = '<script>alert(1)</script>"&'
    html = render_html(report(Chapter(nasty, (table("one", ((nasty, 1),)),))), SETTINGS).decode()
    assert "<script" not in html
    assert read(html).plates["one"].rows[0][0] == nasty


def test_missing_values_are_a_dash_and_nan_is_an_error() -> None:
    html = render_html(report(Chapter("甲", (table("one", ((None, None),)),))), SETTINGS).decode()
    assert read(html).plates["one"].rows == [["—", "—"]]
    with pytest.raises(ValueError, match="no number to print"):
        render_html(report(Chapter("甲", (table("one", (("a", float("nan")),)),))), SETTINGS)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(2.5, 0, "3"), (Decimal("0.125"), 2, "0.13"), (1e-9, 2, "0.00"), (12, 1, "12.0"), (-0.05, 1, "-0.1")],
)
def test_numbers_are_rounded_half_up(value: float | Decimal, decimals: int, text: str) -> None:
    assert number_text(value, decimals) == text


def test_a_table_s_digest_is_of_its_content() -> None:
    assert table_digest(table("one")) == table_digest(table("one", (("白鹭", 1.25),)))
    assert table_digest(table("one")) != table_digest(table("one", (("白鹭", 1.35),)))


def test_a_row_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a row of 1 cells under 2 columns"):
        table("one", (("白鹭",),))


def test_latin_is_italic_and_foreign_titles_stand_in_the_references_alone() -> None:
    rows = ((Latin("Egretta garzetta"), 1),)
    made = report(Chapter("甲", (table("one", rows),)), references=(Foreign("CHAO A. Biometrics, 1987."),))
    html = render_html(made, SETTINGS).decode()
    assert "<i>Egretta garzetta</i>" in html
    assert check(html) == []


def test_the_page_holds_exactly_its_own_glyphs() -> None:
    assert font_file(SETTINGS, "Regular").path.is_file()
    small, large = (woff2_for(SETTINGS, "Regular", text) for text in ("湘野", "湘野生物多样性"))
    assert small[:4] == b"wOF2"
    assert len(small) < len(large)
    fonts._woff2.cache_clear()
    assert woff2_for(SETTINGS, "Regular", "野湘") == small


def test_a_character_without_a_glyph_is_named() -> None:
    with pytest.raises(GlyphMissing, match=r"U\+13000"):
        woff2_for(SETTINGS, "Regular", "湘野\U00013000")


def test_the_workbook_s_bytes_follow_from_the_content() -> None:
    made, at = report(Chapter("甲", (table("one"),))), end_of_day_in_china("2025-06-30")
    assert tables_workbook(made, at) == tables_workbook(made, at)
