"""What is kept, rejected and flagged of files that others made, number by number."""

import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from server.exchange.reading import FileReading, read_file

TODAY = date(2025, 6, 1)
DWCA, SIMPLE = "gbif_dwca_2013_gbif-results.zip", "gbif_simplecsv_0009886-250127130748423.zip"
EXPECTED = {  # read, kept, rejected and flagged rows, and how often each code stands
    DWCA: (158, 158, 0, 151, {"place_missing": 102, "place_zero": 7, "date_missing": 99, "date_odd": 45}),
    SIMPLE: (91, 91, 0, 41, {"place_missing": 8, "date_missing": 35, "duplicate_in_file": 2}),
    "geonature/valid_file.csv": (6, 6, 0, 3, {"duplicate_in_file": 2, "count_odd": 1}),
    "geonature/invalid_file.csv": (3, 2, 1, 0, {"cannot_split": 1}),
    "camtrap-dp/observations.csv": (549, 399, 150, 370, {"no_name": 150, "evidence_only": 370}),
}


def _problems(reading: FileReading) -> list[tuple[int, str]]:
    return sorted(
        (problem.row, problem.code)
        for row in [*reading.kept, *reading.rejected, *reading.repeats]
        for problem in row.problems
    )


@pytest.mark.parametrize("name", EXPECTED)
def test_counts_and_codes(samples: Path, name: str) -> None:
    reading = read_file(samples / name, None, TODAY)
    flagged = sum(1 for row in reading.kept if row.problems)
    codes = dict(Counter(code for _, code in _problems(reading)))
    assert (reading.read, len(reading.kept), len(reading.rejected), flagged, codes) == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_script_without_our_code_arrives_at_the_same_codes(samples: Path, name: str) -> None:
    script = Path(__file__).with_name("independent_codes.py")
    told = subprocess.run(
        [sys.executable, "-I", str(script), str(samples / name)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    found = [(int(row), code) for row, code in (line.split() for line in told.stdout.splitlines())]
    assert found == _problems(read_file(samples / name, None, TODAY))


def test_the_script_is_short_and_imports_nothing_of_ours() -> None:
    source = Path(__file__).with_name("independent_codes.py").read_text("utf-8")
    assert sum(1 for line in source.splitlines() if line.strip()) <= 50
    assert not any(
        f"{word} {room}" in source for word in ("import", "from") for room in ("server", "shared", "mobile", "tests")
    )


def test_the_archive_holds_two_names_with_a_line_end_that_is_none(samples: Path) -> None:
    reading = read_file(samples / DWCA, None, TODAY)
    assert sum("\x85" in row.terms.get("identifiedBy", "") for row in reading.kept) == 2


def test_columns_without_their_own_date_still_give_one(samples: Path) -> None:
    reading = read_file(samples / DWCA, None, TODAY)
    precisions = Counter(row.body["date_precision"] for row in reading.kept if row.body)
    assert precisions == {None: 99, "day": 44, "year": 13, "month": 2}


def test_two_sheets_whose_identifier_is_the_word_present_are_two_records(samples: Path) -> None:
    reading = read_file(samples / SIMPLE, None, TODAY)
    shared = [(i.source_id, i.shared_field) for i in reading.identities if i.shared_field]
    assert shared == [("gbifID:1701516307", "occurrenceID"), ("gbifID:1701515125", "occurrenceID")]
    assert len({identity.source_id for identity in reading.identities}) == 91


def test_french_problems_name_the_french_column(samples: Path) -> None:
    reading = read_file(samples / "geonature" / "valid_file.csv", None, TODAY)
    named = {(problem.row, problem.field, problem.code) for row in reading.kept for problem in row.problems}
    assert named == {
        (3, "id_synthese", "duplicate_in_file"),
        (4, "id_synthese", "duplicate_in_file"),
        (5, "nombre_min", "count_odd"),
    }
    assert reading.mapping == "geonature_fr"


@pytest.mark.parametrize("name", ["camtrap-dp", "camtrap-dp/datapackage.json", "camtrap-dp/observations.csv"])
def test_camera_events_count_once_with_the_place_of_their_deployment(samples: Path, name: str) -> None:
    reading = read_file(samples / name, None, TODAY)
    counting = [row for row in reading.kept if row.body and "evidence_only" not in row.body]
    assert Counter(row.terms["observationLevel"] for row in counting) == {"event": 29}
    assert {row.body["place"]["latitude_e7"] for row in counting if row.body} <= {
        514960000,
        511810000,
        511840000,
        506990000,
    }
    people = [row for row in reading.kept if row.terms.get("observationType") == "human"]
    assert len(people) == 33 and all(row.body and row.body["evidence_only"] for row in people)
