"""One row: what is rejected, what is kept and flagged, and that nothing is lost on the way."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.exchange.mapping import ColumnMapping, named
from server.exchange.problems import CODES, RowProblem
from server.exchange.rules import Reading, read_row
from server.formats.darwin_core import ADDRESS
from server.formats.table import SourceRow
from shared.checks import FLAGS
from shared.ids import uuid7
from shared.wire.envelope import load_record
from tests.records import SURVEY, envelope

DWC, TODAY = named("darwin_core"), date(2025, 6, 1)
EGRET = {
    "scientificName": "Egretta garzetta",
    "eventDate": "2023-05-01",
    "decimalLatitude": "25.27",
    "decimalLongitude": "112.80",
}


def _read(mapping: ColumnMapping = DWC, **cells: str) -> Reading:
    return read_row(SourceRow(7, 8, {k: v for k, v in cells.items() if v}, 5, 5), mapping, TODAY)


def _egret(**cells: str) -> Reading:
    return _read(**{**EGRET, **cells})


def _codes(reading: Reading) -> list[tuple[str, str]]:
    return [(problem.code, problem.field) for problem in reading.problems]


def _body(reading: Reading) -> dict[str, Any]:
    assert reading.body is not None
    return reading.body


def test_a_good_row_has_no_problem_and_a_body_that_the_wire_accepts() -> None:
    reading = _egret(
        coordinateUncertaintyInMeters="30.0", individualCount="3", sex="female", minimumElevationInMeters="120"
    )
    assert reading.problems == []
    body = load_record(envelope("occurrence", {**_body(reading), "survey_id": SURVEY, "dataset_id": str(uuid7())}))[
        "body"
    ]
    assert (body["observed_from"], body["date_precision"], body["individual_count"], body["sex"]) == (
        "2023-05-01",
        "day",
        3,
        "female",
    )
    assert body["place"]["latitude_e7"] == 252700000 and body["place"]["longitude_e7"] == 1128000000
    assert (body["place"]["coordinate_uncertainty_in_meters"], body["place"]["altitude_m"]) == ("30", "120")


@pytest.mark.parametrize(
    ("cells", "codes"),
    [
        ({"decimalLatitude": ""}, [("place_missing", "decimalLatitude")]),
        ({"decimalLongitude": ""}, [("place_missing", "decimalLongitude")]),
        ({"decimalLatitude": "0", "decimalLongitude": "0.000"}, [("place_zero", "decimalLatitude")]),
        ({"decimalLatitude": "91"}, [("place_out_of_range", "decimalLatitude")]),
        ({"decimalLongitude": "-180.5"}, [("place_out_of_range", "decimalLongitude")]),
        ({"decimalLatitude": "112.8", "decimalLongitude": "25.27"}, [("place_out_of_range", "decimalLatitude")]),
        ({"decimalLatitude": "25°16′N"}, [("place_odd", "decimalLatitude")]),
        ({"decimalLongitude": "NaN"}, [("place_odd", "decimalLongitude")]),
        ({"decimalLatitude": "1e99"}, [("place_out_of_range", "decimalLatitude")]),
    ],
)
def test_a_place_that_cannot_be_drawn_is_kept_flagged_and_verbatim(
    cells: dict[str, str], codes: list[tuple[str, str]]
) -> None:
    reading = _egret(**cells)
    assert _codes(reading) == codes
    assert _body(reading)["place"] is None
    assert _body(reading)["flags"] == [codes[0][0]]
    for term in ("decimalLatitude", "decimalLongitude"):
        assert _body(reading)["verbatim"].get(term, "") == {**EGRET, **cells}[term]


def test_a_point_on_the_equator_or_the_meridian_is_a_place() -> None:
    assert _body(_egret(decimalLatitude="0.0", decimalLongitude="105.0"))["place"]["latitude_e7"] == 0


@pytest.mark.parametrize(
    ("cells", "codes"),
    [
        ({"eventDate": ""}, [("date_missing", "eventDate")]),
        ({"eventDate": "Tue Apr 01 00:00:00 CET 1930"}, [("date_odd", "eventDate")]),
        ({"eventDate": "2023-02-30"}, [("date_odd", "eventDate")]),
        ({"eventDate": "春天"}, [("date_odd", "eventDate")]),
        ({"eventDate": "2026-01-01"}, [("date_future", "eventDate")]),
        ({"year": "2022"}, [("date_disagrees", "eventDate")]),
        ({"eventDate": "", "year": "2022", "day": "3"}, [("date_odd", "day")]),
        ({"eventDate": "", "year": "2022", "month": "13"}, [("date_odd", "month")]),
        ({"eventDate": "", "verbatimEventDate": "spring 1932"}, [("date_odd", "verbatimEventDate")]),
        ({"eventDate": "", "verbatimEventDate": "1932-04"}, []),
    ],
)
def test_odd_dates(cells: dict[str, str], codes: list[tuple[str, str]]) -> None:
    assert _codes(_egret(**cells)) == codes


@pytest.mark.parametrize(
    ("cells", "counts", "codes"),
    [
        ({"individualCount": "12.0"}, (12, "present"), []),
        ({"individualCount": "~20"}, (None, "present"), ["number_odd"]),
        ({"individualCount": "1,200"}, (None, "present"), ["number_odd"]),
        ({"individualCount": "999999999"}, (None, "present"), ["number_odd"]),
        ({"individualCount": "0"}, (0, "absent"), []),
        ({"individualCount": "0", "occurrenceStatus": "PRESENT"}, (None, "present"), ["count_odd"]),
        ({"individualCount": "2", "occurrenceStatus": "absent"}, (None, "absent"), ["count_odd"]),
        ({"occurrenceStatus": "Absent"}, (None, "absent"), []),
    ],
)
def test_counts(cells: dict[str, str], counts: tuple[Any, ...], codes: list[str]) -> None:
    reading = _egret(**cells)
    assert (_body(reading)["individual_count"], _body(reading)["occurrence_status"]) == counts
    assert [code for code, _ in _codes(reading)] == codes


@pytest.mark.parametrize(
    "cells", [{"scientificName": " "}, {"eventDate": "2023-05-01"}, {"family": "Ardeidae", "kingdom": "Animalia"}]
)
def test_a_row_without_a_name_is_rejected(cells: dict[str, str]) -> None:
    reading = _read(**cells)
    assert reading.body is None and _codes(reading) == [("no_name", "scientificName")]


@pytest.mark.parametrize(
    ("cells", "latin", "chinese"),
    [
        ({"scientificName": "Egretta garzetta (Linnaeus, 1766)"}, "Egretta garzetta (Linnaeus, 1766)", None),
        ({"scientificName": "白鹭"}, None, "白鹭"),
        ({"vernacularName": "小䴙䴘"}, None, "小䴙䴘"),
        ({"vernacularName": "𬶋"}, None, "𬶋"),
        ({"scientificName": "Buteo", "vernacularName": "鵟"}, "Buteo", "鵟"),
        ({"genus": "Ardea", "specificEpithet": "cinerea"}, "Ardea cinerea", None),
        ({"species": "Ardea cinerea"}, "Ardea cinerea", None),
        ({"vernacularName": "Grenouille rousse"}, "Grenouille rousse", None),
        ({"scientificName": "藏酋猴 Macaca thibetana"}, "Macaca thibetana", "藏酋猴"),
        ({"scientificName": "Macaca thibetana/藏酋猴", "vernacularName": "短尾猴"}, "Macaca thibetana", "短尾猴"),
        ({"vernacularName": "银杉（野生）"}, None, "银杉（野生）"),
        ({"vernacularName": "\ue147"}, None, "\ue147"),
    ],
)
def test_names_by_script_wherever_they_stand(cells: dict[str, str], latin: str | None, chinese: str | None) -> None:
    taxon = _body(_read(**cells))["taxon"]
    assert (taxon["scientific_name"], taxon["name_zh"], taxon["verbatim_name"]) == (
        latin,
        chinese,
        next(iter(cells.values())),
    )


def test_a_row_that_cannot_be_split_says_where() -> None:
    problem = read_row(SourceRow(3, 4, None, 75, 74), DWC, TODAY).problems[0].as_json()
    assert (problem["row"], problem["field"], problem["code"]) == (3, "*", "cannot_split")
    assert "应有 75 列，实有 74 列，文件第 4 行" in str(problem["message"])


def test_damaged_and_overlong_text_is_flagged_and_kept() -> None:
    reading = _egret(occurrenceRemarks="x" * 5000, recordedBy="\0\ufffd")
    assert _codes(reading) == [("text_too_long", "occurrenceRemarks"), ("text_damaged", "recordedBy")]
    assert (
        len(_body(reading)["occurrence_remarks"]) == 4000
        and len(_body(reading)["verbatim"]["occurrenceRemarks"]) == 5000
    )


@pytest.mark.parametrize(
    ("datum", "flagged"),
    [
        ("WGS84", False),
        ("WGS 84", False),
        ("EPSG:4326", False),
        ("CGCS2000", False),
        ("", False),
        ("unknown", False),
        ("Beijing 1954", True),
        ("GCJ-02", True),
    ],
)
def test_another_datum_is_flagged_and_nothing_is_converted(datum: str, flagged: bool) -> None:
    reading = _egret(geodeticDatum=datum)
    assert _codes(reading) == ([("datum_other", "geodeticDatum")] if flagged else [])
    assert _body(reading)["place"]["latitude_e7"] == 252700000


@pytest.mark.parametrize(
    ("basis", "code", "evidence"),
    [
        ("PRESERVED_SPECIMEN", "PreservedSpecimen", "specimen"),
        ("HumanObservation", "HumanObservation", "field"),
        ("UNKNOWN", "Occurrence", "literature"),
        ("", "HumanObservation", "field"),
        ("nonsense", "Occurrence", "literature"),
    ],
)
def test_basis_of_record(basis: str, code: str, evidence: str) -> None:
    body = _body(_egret(basisOfRecord=basis))
    assert (body["basis_of_record"], body["evidence_class"]) == (code, evidence)


def test_living_collections_are_never_wild() -> None:
    assert _body(_egret(basisOfRecord="LIVING_SPECIMEN"))["degree_of_establishment"] == "captive"


def test_every_flag_of_a_record_has_its_words() -> None:
    assert {code for code, told in CODES.items() if not told.rejects} - {"row_repeated", "name_conflict"} <= set(FLAGS)


def test_every_code_speaks_both_languages() -> None:
    for code in CODES:
        message = str(RowProblem(1, "x", code).as_json()["message"])
        assert message.isprintable() and any(ord(c) > 0x3400 for c in message) and " (" in message


CELL = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(st.dictionaries(st.sampled_from(sorted(ADDRESS)) | st.text(max_size=8), CELL, max_size=12))
def test_whatever_a_row_holds_the_wire_accepts_its_body_and_no_cell_is_lost(cells: dict[str, str]) -> None:
    reading = _read(**{"scientificName": "Ardea", **cells})
    if reading.body is None:
        assert [code for code, _ in _codes(reading)] == ["no_name"]
        return
    load_record(envelope("occurrence", {**reading.body, "survey_id": SURVEY, "dataset_id": str(uuid7())}))
    kept = list(reading.verbatim.values())
    assert all(text.replace("\0", "\ufffd") in kept for text in cells.values() if text)
