import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.formats.csv_text import csv_bytes, neutralise, restore

SPECIAL = st.text(st.sampled_from("'=+-@\t\0\r\n＝＋－＠a1,\" "))


@settings(max_examples=1000)
@given(st.text() | SPECIAL)
def test_every_text_comes_back(text: str) -> None:
    assert restore(neutralise(text)) == text


@settings(max_examples=1000)
@given(SPECIAL)
def test_no_cell_begins_like_a_formula(text: str) -> None:
    safe = neutralise(text)
    assert safe[:1] not in set("=+-@\t\0\r\n＝＋－＠") or safe.lstrip("-").replace(".", "").isdecimal()


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("-27.5", "-27.5"),
        ("+86 10", "'+86 10"),
        ("@x", "'@x"),
        ("＝SUM(A1)", "'＝SUM(A1)"),
        ("'=x", "''=x"),
        ("'text", "'text"),
        ("-", "'-"),
        ("-1+2", "'-1+2"),
        ("", ""),
        ("\tx", "'\tx"),
    ],
)
def test_neutralised_as_said(text: str, safe: str) -> None:
    assert neutralise(text) == safe


@given(
    st.lists(st.fixed_dictionaries({"a": st.text(st.characters(exclude_categories=["Cs"])), "b": SPECIAL}), max_size=5)
)
def test_a_spreadsheet_reads_back_what_was_written(rows: list[dict[str, str]]) -> None:
    data = csv_bytes(["a", "b"], rows)
    assert data == csv_bytes(["a", "b"], rows)
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert [[restore(cell) for cell in row] for row in read] == [["a", "b"], *([row["a"], row["b"]] for row in rows)]
