"""A table goes out and comes in again cell for cell: no spreadsheet takes one for a formula, and nothing is lost by that (T23, ASVS 1.2.10)."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from server.exchange.export import export_file
from server.exchange.service import import_file
from server.exchange.writing import FORMATS, Leaving
from server.formats.csv_reader import open_csv
from server.formats.csv_text import csv_bytes, restore
from server.formats.eml import DatasetDescription
from server.surveys.service import add_dataset
from tests.admitting import ACTOR, CLOCK, frozen, outcomes, set_up
from tests.records import occurrence

_DANGEROUS = "=+-@\t\r\n＝＋－＠﹦﹢﹣﹫"
_ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
_SLY = st.text(st.sampled_from(f"'{_DANGEROUS}\"',;a1𬶋鵟䴙䴘 "), max_size=8)
ROWS = st.lists(
    st.fixed_dictionaries({"occurrenceID": st.uuids().map(str), "remarks": _ANY | _SLY, "名称": _SLY}),
    min_size=1,
    max_size=4,
)
EXAMPLES = 600
"""Of up to four rows each; 5,000 examples hold some 10,000 rows, which is what is run before a release."""


@settings(max_examples=EXAMPLES, deadline=None)
@given(ROWS)
def test_t23_csv_comes_in_as_it_went_out(rows: list[dict[str, str]]) -> None:
    """T23."""
    data = csv_bytes(["occurrenceID", "remarks", "名称"], rows)

    @contextmanager
    def opened() -> Iterator[io.BytesIO]:
        yield io.BytesIO(data)

    with open_csv(opened) as table:
        read = [dict(row.cells or {}) for row in table.rows]
    assert read == [{name: cell for name, cell in row.items() if cell} for row in rows]


@settings(max_examples=150, deadline=None)
@given(ROWS)
def test_t23_a_workbook_comes_in_as_it_went_out(rows: list[dict[str, str]]) -> None:
    """T23: no cell is of the type of formulas. XLSX cannot hold control characters but TAB and line ends as they are."""
    rows = [{name: _as_xml_holds_it(cell) for name, cell in row.items()} for row in rows]
    read = openpyxl.load_workbook(io.BytesIO(_workbook(rows)))["出现记录"]
    head, *lines = read.iter_rows()
    assert all(cell.data_type != "f" for line in lines for cell in line)
    named = [
        {str(h.value): restore(str(c.value)) for h, c in zip(head, line, strict=True) if c.value is not None}
        for line in lines
    ]
    assert named == sorted(
        ({name: cell for name, cell in row.items() if cell} for row in rows), key=lambda row: row["occurrenceID"]
    )


def _as_xml_holds_it(text: str) -> str:
    return "".join(c for c in text if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff\x7f")).replace("_x", "_ x")


def _workbook(rows: Sequence[dict[str, str]]) -> bytes:
    about = DatasetDescription("x", "测试", "单位", "CC0", ["说明"], date(2025, 6, 1), "联系")
    return FORMATS["xlsx"].write(Leaving(rows, [], about, datetime(2025, 6, 1, tzinfo=UTC)))


def test_t23_records_come_in_as_they_went_out(reference: Session, tmp_path: Path) -> None:
    """T23: through our own export and import, into another data set."""
    set_up(reference)
    said = ["=1+1", "'=1", "－27.5", "-27.5", "@x", "𬶋鵟䴙䴘", '他说"好",真的', "＝SUM(A1)", "+86 10", "﹦x"]
    sent = [occurrence(occurrence_remarks=text, individual_count=n + 1) for n, text in enumerate(said)]
    assert set(outcomes(reference, *sent)) == {"accepted"}
    export_file(reference, CLOCK, tmp_path / "out.csv", "csv")
    other = add_dataset(reference, CLOCK, "抄本", "另一单位")
    report = import_file(reference, ACTOR, CLOCK, tmp_path / "out.csv", sent[0]["body"]["survey_id"], other.id)
    assert report["kept"] == len(said) == report["read"], report["problems"]
    copies = [one for one in frozen(reference).values() if one.body["dataset_id"] == str(other.id)]
    assert {(one.body["individual_count"], one.body["occurrence_remarks"]) for one in copies} == {
        (n + 1, text) for n, text in enumerate(said)
    }
    assert {one.exact.latitude_e7 for one in copies if one.exact} == {sent[0]["body"]["place"]["latitude_e7"]}
