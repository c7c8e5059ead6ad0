"""Rows end where the file says so, and one bad row spoils no other."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.formats.delimited import Dialect, Row, lines_of, rows_of, sniff

TSV_RAW = Dialect("\t", "", "\n")


def _rows(text: str, dialect: Dialect) -> list[Row]:
    return list(rows_of(lines_of(io.BytesIO(text.encode()), "utf-8", dialect.terminator), dialect))


def test_only_the_declared_terminator_ends_a_line() -> None:
    text = "1\tÅ\x85hlander\u2028\x0b\x0c\x1d\n2\tb\n"
    assert len(text.splitlines()) > 2
    assert [row.cells for row in _rows(text, TSV_RAW)] == [("1", "Å\x85hlander\u2028\x0b\x0c\x1d"), ("2", "b")]


def test_a_carriage_return_before_the_line_feed_is_no_part_of_the_last_cell() -> None:
    assert [row.cells for row in _rows("a,b\r\nc,d\r\n", Dialect())] == [("a", "b"), ("c", "d")]


@pytest.mark.parametrize("terminator", ["\r", "\r\n", "\n", "||"])
def test_other_terminators(terminator: str) -> None:
    text = terminator.join(["a,b", "c,d", ""])
    assert [row.cells for row in _rows(text, Dialect(terminator=terminator))] == [("a", "b"), ("c", "d")]


def test_without_a_quote_character_quotation_marks_are_text() -> None:
    assert _rows('"a\tb"\n', TSV_RAW)[0].cells == ('"a', 'b"')


def test_quoted_cells_hold_delimiters_quotes_and_line_ends() -> None:
    rows = _rows('x,"a ""b"", c\nd",y\nz,1,2\n', Dialect())
    assert [row.cells for row in rows] == [("x", 'a "b", c\nd', "y"), ("z", "1", "2")]
    assert [row.line for row in rows] == [1, 3]


def test_a_quote_that_never_closes_spoils_its_own_line_only() -> None:
    rows = _rows('a,"b,c\nd,e,f\ng,h,i\n', Dialect())
    assert [row.cells for row in rows] == [None, ("d", "e", "f"), ("g", "h", "i")]
    assert rows[0].unquoted == ("a", '"b', "c")


def test_text_after_a_closing_quote_is_no_cell() -> None:
    assert _rows('a,"b"c,d\n', Dialect())[0].cells is None


def test_blank_lines_are_no_rows() -> None:
    assert [row.line for row in _rows("a,b\n\n\nc,d\n\n", Dialect())] == [1, 4]


@pytest.mark.parametrize(
    ("heading", "delimiter"),
    [
        ("a,b;c,d", ","),
        ("a;b;c", ";"),
        ("a\tb", "\t"),
        ("a|b|c", "|"),
        ('"x;y;z",b', ","),
        ("学名，中文名，日期", "，"),
        ("scientificName", ","),
    ],
)
def test_the_delimiter_is_the_commonest_outside_quotes(heading: str, delimiter: str) -> None:
    assert sniff(heading + "\n1\n").delimiter == delimiter


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"])), min_size=2, max_size=4),
        min_size=1,
        max_size=6,
    )
)
def test_quoted_text_comes_back_whole(table: list[list[str]]) -> None:
    text = "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in table)
    assert [list(row.cells or ()) for row in _rows(text, Dialect())] == table
