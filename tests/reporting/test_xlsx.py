"""Workbooks: typed numbers, text that is no formula, bytes that follow from the content."""

import io
import time
import zipfile
from datetime import UTC, datetime
from decimal import Decimal

import openpyxl

from server.formats.csv_text import restore
from server.formats.packing import pack
from server.formats.xlsx import XlsxSheet, write_workbook

AT = datetime(2025, 6, 30, 16, tzinfo=UTC)
NASTY = ("=1+1", "+86", "-cmd", "@SUM(A1)", "\t=1", "＝1+1", "'=1", "http://x.example/", "007", "白鹭")
SHEET = XlsxSheet(
    "表A-1 名录",
    ("表A-1 名录", "单位：种"),
    ("名称", "数值"),
    (*((text, 1) for text in NASTY), ("末", Decimal("-27.50"))),
    (0, 2),
)


def cells(data: bytes) -> list[tuple[object, ...]]:
    return list(openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows(min_row=4, values_only=True))


def test_text_is_text_and_numbers_are_numbers() -> None:
    data = write_workbook([SHEET], "测试", AT)
    found = cells(data)
    assert [restore(str(row[0])) for row in found[:-1]] == list(NASTY)
    assert found[-1] == ("末", -27.5)
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and "hyperlink" not in sheet


def test_no_cell_begins_like_a_formula() -> None:
    for row in cells(write_workbook([SHEET], "测试", AT)):
        assert not str(row[0]).startswith(("=", "+", "-", "@", "\t", "＝"))


def test_bytes_follow_from_the_content_and_the_given_time() -> None:
    first = write_workbook([SHEET], "测试", AT)
    time.sleep(1.1)
    assert write_workbook([SHEET], "测试", AT) == first
    assert write_workbook([SHEET], "测试", AT.replace(year=2024)) != first


def test_packing_is_sorted_and_has_one_time() -> None:
    packed = pack({"b.txt": b"2", "a.txt": b"1"}, AT)
    assert packed == pack({"a.txt": b"1", "b.txt": b"2"}, AT)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert [(i.filename, i.date_time) for i in archive.infolist()] == [
            ("a.txt", (2025, 7, 1, 0, 0, 0)),
            ("b.txt", (2025, 7, 1, 0, 0, 0)),
        ]
