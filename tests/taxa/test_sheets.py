"""Cells out of CSV and workbooks: what stands there, nothing else; what is not clear is named by its cell."""

import io
import re
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.taxa import workbooks
from server.taxa.lists import ListError, read_list
from server.taxa.workbooks import text_of
from server.taxa.writing_habits import plain
from tests.taxa.handed_in import HEAD, KEYS, ROWS, TOLD, table, workbook

NAMES = ["小䴙䴘", "环颈雉", "乌梢蛇"]


def names_of(path: Path) -> list[str]:
    return [row["name_zh"] for row in read_list(path).rows]


def refused(path: Path) -> ListError:
    with pytest.raises(ListError) as caught:
        read_list(path)
    return caught.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_table_in_any_of_the_encodings_says_the_same(tmp_path: Path, encoding: str) -> None:
    parsed = read_list(table(tmp_path / "a.csv", encoding=encoding))
    assert [row["name_zh"] for row in parsed.rows] == NAMES
    told = {"utf-8": [], "utf-8-sig": [], "gb18030": ["GB18030"], "utf-16": ["UTF-16"]}[encoding]
    assert [note.split("编码为 ")[1].split("，")[0] for note in parsed.notes] == told
    workbook(tmp_path / "b.xlsx")
    assert read_list(tmp_path / "b.xlsx").digest == parsed.digest


def test_a_damaged_byte_in_a_thousand_rows_is_named_by_its_line_and_not_read_as_another_encoding(
    tmp_path: Path,
) -> None:
    rows = [
        (n, "环颈雉", f"Phasianus {'a' * (n % 26 + 1)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)}", "省级", "鸟纲", "")
        for n in range(1, 1001)
    ]
    path = table(tmp_path / "a.csv", rows)
    lines = path.read_bytes().split(b"\r\n")
    lines[500] = lines[500].replace("雉".encode(), b"\xe9\x9b")
    path.write_bytes(b"\r\n".join(lines))
    assert "a.csv 第 501 行：有读不出的字（文件似为 UTF-8 编码" in str(refused(path))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "文件是空的，没有任何行"),
        (b"\xef\xbb\xbf\r\n,,\r\n", "文件是空的，没有任何行"),
        ('序号,中文名\n1,"甲\n'.encode(), "第 2 行：不能分列"),
        (
            "序号,中文名,学名,保护级别\n1,甲,Aa bb,一级,多\n2,乙,Aa cc\n".encode(),
            "第 2 行：有 5 列，应为 4 列\n.*第 3 行：有 3 列",
        ),
        (b"\xff\x81\x30\xff\xff\xff\xff" * 40, "有读不出的字"),
    ],
)
def test_a_broken_csv_is_refused_with_its_line(tmp_path: Path, data: bytes, said: str) -> None:
    path = table(tmp_path / "a.csv")
    path.write_bytes(data)
    assert re.search(said, str(refused(path)))


def test_semicolons_tabs_blank_lines_and_cells_at_the_end_do_no_harm(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv")
    text = path.read_text("utf-8")
    for delimiter in ";\t":
        path.write_text(text.replace(",", delimiter).replace("\n", f"{delimiter * 3}\n\n"), "utf-8")
        assert names_of(path) == NAMES


@pytest.mark.parametrize(
    ("value", "number_format", "data_type", "text", "fault"),
    [
        (430000.0, "General", "n", "430000", ""),
        (430000, "General", "n", "430000", ""),
        (529, "000000", "n", "000529", ""),
        (0.1 + 0.2, "General", "n", "0.3", ""),
        (datetime(2028, 1, 1), "yyyy-mm-dd", "d", "2028-01-01", ""),  # noqa: DTZ001
        (date(2028, 1, 1), "yyyy-mm-dd", "d", "2028-01-01", ""),
        (datetime(2028, 1, 1, 8, 30), "General", "d", "2028-01-01T08:30:00", ""),  # noqa: DTZ001
        (True, "General", "b", "TRUE", ""),
        (None, "General", "n", "", ""),
        ("棒花_xD873__xDF8B_", "General", "s", "棒花\U0002cf8b", ""),
        ("_x000D_", "General", "s", "_x000D_", ""),
        ("#REF!", "General", "e", "", "是错误值 #REF!"),
        (430529000120000012345, "General", "n", "", "数字超过 15 位，Excel 已舍去末几位；请把该列设为文本后重填"),
    ],
)
def test_a_cell_is_the_text_its_reader_sees(
    value: Any, number_format: str, data_type: str, text: str, fault: str
) -> None:
    assert text_of(value, number_format, data_type) == (text, fault)


def test_titles_above_the_head_and_an_unnamed_sheet_are_understood(tmp_path: Path) -> None:
    book = workbook(tmp_path / "a.xlsx", above=[["某省地方重点保护野生动物名录"], ["（2023 年 8 月公布）"]])
    book["名录"].merge_cells("A1:F1")
    book["名录"].title = "Sheet1"
    book.save(tmp_path / "a.xlsx")
    parsed = read_list(tmp_path / "a.xlsx")
    assert ([row["name_zh"] for row in parsed.rows], list(parsed.lines)) == (NAMES, [4, 5, 6])


def test_cells_merged_down_a_column_that_groups_are_filled(tmp_path: Path) -> None:
    book = workbook(tmp_path / "a.xlsx")
    book["名录"].merge_cells("E2:E3")
    book["名录"].merge_cells("D2:D3")
    book.save(tmp_path / "a.xlsx")
    rows = read_list(tmp_path / "a.xlsx").rows
    assert [(row["category"], row["list_group"]) for row in rows] == [
        ("provincial", "鸟纲"),
        ("provincial", "鸟纲"),
        ("II", "爬行纲"),
    ]


@pytest.mark.parametrize(
    ("merged", "heading"), [("B2:B3", "中文名"), ("C3:C4", "学名"), ("A3:F3", "序号"), ("E2:F3", "类群")]
)
def test_merged_cells_that_leave_doubt_are_refused_by_name(tmp_path: Path, merged: str, heading: str) -> None:
    book = workbook(tmp_path / "a.xlsx")
    book["名录"].merge_cells(merged)
    book.save(tmp_path / "a.xlsx")
    problem = next(p for p in refused(tmp_path / "a.xlsx").problems if merged in p.reason)
    assert (problem.heading, problem.cell) == (heading, merged.split(":", maxsplit=1)[0])


def test_a_formula_counts_with_its_saved_value_and_is_refused_without_one(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as made:
        sheet, description = made.add_worksheet("名录"), made.add_worksheet("说明")
        for n, row in enumerate((HEAD, *ROWS)):
            sheet.write_row(n, 0, row)
        for n in (1, 2, 3):
            sheet.write_formula(n, 0, "=ROW()-1", value=n)
        for n, item in enumerate(TOLD.items()):
            description.write_row(n, 0, item)
    parsed = read_list(path)
    assert [row["no"] for row in parsed.rows] == ["1", "2", "3"]
    assert parsed.notes == ("“名录”表有 3 个单元格是公式，取其保存时的值",)
    book = workbook(path)
    book["名录"]["B3"] = "=B2"
    book.save(path)
    error = refused(path)
    assert "a.xlsx 第 3 行 字段 中文名（name_zh，B3）：是公式" in str(error)
    assert len(error.problems) == 1


def test_hidden_rows_and_sheets_are_read_or_told(tmp_path: Path) -> None:
    book = workbook(tmp_path / "a.xlsx")
    book["名录"].row_dimensions[3].hidden = True
    book["名录"].sheet_state = "hidden"
    book.create_sheet("旧表").append(["什么"])
    book.active = 1
    book.save(tmp_path / "a.xlsx")
    parsed = read_list(tmp_path / "a.xlsx")
    assert [row["name_zh"] for row in parsed.rows] == NAMES
    assert parsed.notes == (
        "工作表“名录”是隐藏的，已读入",
        "未读入的工作表：旧表",
        "“名录”表第 3 行是隐藏的（共 1 行），也已读入",
    )


def spoil(path: Path, how: str) -> None:
    """The workbook at `path` in a way that no list may be read from."""
    if how == "empty":
        path.write_bytes(b"")
    elif how == "locked or old":
        path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    elif how == "no zip":
        path.write_bytes("序号,中文名".encode())
    elif how == "cut short":
        path.write_bytes(path.read_bytes()[:-200])
    else:
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            if how == "macro":
                archive.writestr("xl/vbaProject.bin", b"x")
            elif how == "bomb":
                archive.writestr("xl/worksheets/sheet9.xml", bytes(150 * 1024 * 1024))


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("empty", "文件是空的"),
        ("locked or old", r"是加密的或旧版（\.xls）工作簿"),
        ("no zip", "不是可读的 .xlsx 工作簿"),
        ("cut short", "不是可读的 .xlsx 工作簿"),
        ("macro", "工作簿含宏"),
        ("bomb", "压缩比过高"),
    ],
)
def test_a_workbook_nothing_may_be_read_from_says_why(tmp_path: Path, how: str, said: str) -> None:
    workbook(tmp_path / "a.xlsx")
    spoil(tmp_path / "a.xlsx", how)
    assert re.search(said, str(refused(tmp_path / "a.xlsx")))


def test_a_large_workbook_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workbook(tmp_path / "a.xlsx")
    monkeypatch.setattr(workbooks, "MAX_UNPACKED_BYTES", 1000)
    monkeypatch.setattr(openpyxl, "load_workbook", lambda *_, **__: pytest.fail("it was opened"))
    assert "解开后超过" in str(refused(tmp_path / "a.xlsx"))


@pytest.mark.parametrize("merged", ["A3:XFD1048576", "A3:A1048576"])
def test_one_line_that_merges_milliards_of_cells_is_refused_before_they_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, merged: str
) -> None:
    workbook(tmp_path / "a.xlsx")
    out = io.BytesIO()
    with zipfile.ZipFile(tmp_path / "a.xlsx") as read, zipfile.ZipFile(out, "w") as written:
        for name in read.namelist():
            data = read.read(name)
            vast = b'</sheetData><mergeCells count="1"><mergeCell ref="%s"/></mergeCells>' % merged.encode()
            written.writestr(name, data.replace(b"</sheetData>", vast) if name.endswith("sheet1.xml") else data)
    (tmp_path / "a.xlsx").write_bytes(out.getvalue())
    monkeypatch.setattr(openpyxl, "load_workbook", lambda *_, **__: pytest.fail("it was opened"))
    assert "合并单元格的范围太大" in str(refused(tmp_path / "a.xlsx"))


def test_a_cell_far_from_the_table_is_named_and_widens_no_row(tmp_path: Path) -> None:
    book = workbook(tmp_path / "a.xlsx")
    book["名录"]["XFD3"] = "x"
    book.save(tmp_path / "a.xlsx")
    assert "第 3 行：第 16384 列还有内容" in str(refused(tmp_path / "a.xlsx"))


def test_entities_in_a_workbook_are_not_unfolded(tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx")
    out = io.BytesIO()
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    with zipfile.ZipFile(tmp_path / "a.xlsx") as read, zipfile.ZipFile(out, "w") as written:
        for name in read.namelist():
            data = read.read(name)
            written.writestr(name, laughs + data if name == "xl/worksheets/sheet1.xml" else data)
    (tmp_path / "a.xlsx").write_bytes(out.getvalue())
    assert "不是可读的 .xlsx 工作簿" in str(refused(tmp_path / "a.xlsx"))


def test_sheets_that_may_both_be_the_list_are_refused(tmp_path: Path) -> None:
    book = workbook(tmp_path / "a.xlsx")
    book["名录"].title = "动物"
    book.create_sheet("植物").append(["序号"])
    book.save(tmp_path / "a.xlsx")
    assert "应有一张名为“名录”的表，实有：动物、说明、植物" in str(refused(tmp_path / "a.xlsx"))


HAN = "䴙䴘鵟𬶋𩷶𧈢䗛鸺鹠铗鳽藏酋猴重楼"
_remarks = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=20).map(plain)
_rows = st.lists(
    st.tuples(st.text(HAN, min_size=1, max_size=6), st.text("abcxyz", min_size=2, max_size=8), _remarks),
    min_size=1,
    max_size=8,
    unique_by=lambda row: row[1],
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=_rows)
def test_whatever_a_table_holds_comes_back_from_every_form(folder: Path, drawn: list[tuple[str, str, str]]) -> None:
    """CSV in UTF-8 and GB18030, workbooks: the same rows, rare characters and signs of formulas among them."""
    rows = [(n, zh, f"Aus {epithet}", "一级", "", note) for n, (zh, epithet, note) in enumerate(drawn, 1)]
    paths = [table(folder / f"{e}.csv", rows, encoding=e) for e in ("utf-8", "utf-8-sig", "gb18030")]
    with xlsxwriter.Workbook(folder / "book.xlsx") as made:
        sheet = made.add_worksheet("名录")
        for line, row in enumerate((HEAD, *rows)):
            for column, cell in enumerate(row):
                sheet.write_string(line, column, str(cell))
    (folder / "book.json").write_text((folder / "utf-8.json").read_text("utf-8"), "utf-8")
    for path in (*paths, folder / "book.xlsx"):
        parsed = read_list(path)
        assert [(r["no"], r["name_zh"], r["scientific_name"], r["note"]) for r in parsed.rows] == [
            (str(no), zh, name, note) for no, zh, name, _, _, note in rows
        ]
    assert read_list(paths[0]).descriptor["in_force_on"] == KEYS["in_force_on"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    at=st.floats(0, 1, exclude_max=True),
    put=st.binary(max_size=6),
    cut=st.integers(0, 40),
    suffix=st.sampled_from([".csv", ".xlsx", ".json"]),
)
def test_a_file_damaged_anywhere_is_refused_in_words_or_read(
    folder: Path, at: float, put: bytes, cut: int, suffix: str
) -> None:
    """Never another error, whatever a bad disk or a bad tool made of the file."""
    path = folder / "whole.csv"
    if not path.exists():
        table(path)
        workbook(path.with_suffix(".xlsx"))
    for kind in (".csv", ".xlsx", ".json"):
        (folder / f"hurt{kind}").write_bytes(path.with_suffix(kind).read_bytes())
    data = path.with_suffix(suffix).read_bytes()
    place = int(at * len(data))
    (folder / f"hurt{suffix}").write_bytes(data[:place] + put + data[place + cut :])
    try:
        said = read_list(folder / ("hurt.xlsx" if suffix == ".xlsx" else "hurt.csv")).file
    except ListError as error:
        said = str(error)
    assert said.startswith("hurt")
