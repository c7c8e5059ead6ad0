"""Imports into a real database: repeatable, whole or not at all, and exported again as they came."""

import csv
import io
import re
import zipfile
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from dwca.darwincore.terms import TERMS
from dwca.darwincore.utils import qualname
from dwca.read import DwCAReader
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts.viewer import LOCAL_OPERATOR
from server.exchange import service
from server.exchange.export import export_file
from server.exchange.service import import_file
from server.formats.csv_text import restore
from server.formats.unusable import Unusable
from server.sensitivity.queries import frozen_records
from server.sensitivity.records import FrozenRecord
from server.surveys.service import add_dataset
from shared.clock import end_of_day_in_china
from shared.problems import Problem
from tests.admitting import ACTOR, CLOCK, set_up
from tests.records import DATASET, SURVEY

COUNTS = ("read", "kept", "already_have", "rejected", "flagged")
TABLE = (
    "occurrenceID,scientificName,vernacularName,eventDate,decimalLatitude,decimalLongitude,individualCount,eventID,samplingProtocol,"
    "sampleSizeValue,sampleSizeUnit\n"
    "a,Egretta garzetta,白鹭,2023-05-01,25.27,112.80,3,v1,鸟类样线,2,km\n"
    "b,Ardea cinerea,苍鹭,2023-05-01,25.28,112.81,1,v1,鸟类样线,2,km\n"
    "c,Manis pentadactyla,穿山甲,2023-05-02,24.9512345,112.9287654,1,,,,\n"
    "d,Manis pentadactyla,穿山甲,,,,1,,,,\n"
)

pytestmark = pytest.mark.usefixtures("surveyed")


@pytest.fixture
def surveyed(reference: Session) -> None:
    set_up(reference)


def _import(session: Session, path: Path, **options: Any) -> dict[str, Any]:
    return import_file(session, ACTOR, CLOCK, path, UUID(SURVEY), **options)


def _counts(report: dict[str, Any]) -> tuple[int, ...]:
    return tuple(report[name] for name in COUNTS)


def _file(folder: Path, content: str, name: str = "records.csv") -> Path:
    (folder / name).write_text(content, "utf-8")
    return folder / name


def _occurrences(session: Session) -> list[FrozenRecord]:
    records = frozen_records(session, LOCAL_OPERATOR, CLOCK, "test", end_of_day_in_china("2025-06-01"))
    return [record for record in records if record.kind == "occurrence"]


@pytest.mark.parametrize(
    ("name", "first", "scope"),
    [
        ("gbif_dwca_2013_gbif-results.zip", (158, 158, 0, 0, 151), 49),
        ("gbif_simplecsv_0009886-250127130748423.zip", (91, 91, 0, 0, 41), 83),
        ("geonature/valid_file.csv", (6, 6, 0, 0, 3), 6),
        ("geonature/invalid_file.csv", (3, 2, 0, 1, 0), 2),
        ("camtrap-dp/observations.csv", (549, 399, 0, 150, 370), 399),
    ],
)
def test_samples_are_kept_once(
    reference: Session, samples: Path, name: str, first: tuple[int, ...], scope: int
) -> None:
    report = _import(reference, samples / name)
    assert _counts(report) == first
    assert report["out_of_scope"] == scope, "records abroad are kept as out of scope"
    again = _import(reference, samples / name)
    assert _counts(again) == (first[0], 0, first[1], first[3], 0)
    assert len(_occurrences(reference)) == first[1]


def test_camera_evidence_is_marked_on_the_record(reference: Session, samples: Path) -> None:
    _import(reference, samples / "camtrap-dp" / "observations.csv")
    records = _occurrences(reference)
    counting = [record for record in records if "evidence_only" not in record.flags]
    assert len(counting) == 29
    assert {record.body["verbatim"]["observationLevel"] for record in counting} == {"event"}


def _rows_as_they_came(path: Path) -> list[dict[str, str]]:
    """Read with the standard library alone; blanks left out, and every column that is no Darwin Core term."""
    with zipfile.ZipFile(path) as archive:
        if "meta.xml" in archive.namelist():
            headings = re.findall(r'term="([^"]*)"', archive.read("meta.xml").decode())
            rows = [line.split("\t") for line in archive.read("occurrence.txt").decode().split("\n") if line]
            headings = [address.rsplit("/", 1)[-1] if "rs.gbif.org" not in address else address for address in headings]
        else:
            headings, *rows = csv.reader(
                io.StringIO(archive.read(archive.namelist()[0]).decode(), newline=""), delimiter="\t"
            )
    known = {address.rsplit("/", 1)[-1] for address in TERMS}
    return [{name: cell for name, cell in zip(headings, row, strict=True) if cell and name in known} for row in rows]


@pytest.mark.parametrize("name", ["gbif_dwca_2013_gbif-results.zip", "gbif_simplecsv_0009886-250127130748423.zip"])
def test_what_came_goes_out_as_it_came(reference: Session, samples: Path, tmp_path: Path, name: str) -> None:
    came = _rows_as_they_came(samples / name)
    _import(reference, samples / name)
    for file_format in ("dwca", "csv"):
        export_file(reference, CLOCK, tmp_path / "out", file_format, UUID(SURVEY))
        gone = _exported(tmp_path / "out", file_format)
        assert len(gone) == len(came)
        assert [row for row in came if not any(row.items() <= other.items() for other in gone)] == []


def _exported(path: Path, file_format: str) -> list[dict[str, str]]:
    if file_format == "csv":
        rows = csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))
        return [{name: restore(cell) for name, cell in row.items()} for row in rows]
    with DwCAReader(str(path)) as archive:
        found = [
            extension
            for event in archive
            for extension in event.extensions
            if extension.rowtype == qualname("Occurrence")
        ]
        return [{address.rsplit("/", 1)[-1]: cell for address, cell in row.data.items()} for row in found]


def test_french_columns_go_out_as_the_terms_they_mean(reference: Session, samples: Path, tmp_path: Path) -> None:
    _import(reference, samples / "geonature" / "valid_file.csv")
    export_file(reference, CLOCK, tmp_path / "out", "dwca", UUID(SURVEY))
    rows = sorted(_exported(tmp_path / "out", "dwca"), key=lambda row: row["otherCatalogNumbers"])
    terms = ("catalogNumber", "scientificName", "decimalLatitude", "decimalLongitude", "eventDate", "sex")
    assert [tuple(row[term] for term in terms) for row in rows[:2]] == [
        ("1", "Lynx lynx (Linnaeus, 1758)", "44.85", "6.5", "2017-01-01T12:05:02", "Femelle"),
        ("2", "Rana temporaria Linnaeus, 1758", "44.85", "6.5", "2017-01-01T12:05:02/2017-01-02T12:05:02", "Femelle"),
    ]


def test_a_changed_row_is_a_new_version_of_the_same_record(reference: Session, tmp_path: Path) -> None:
    assert _counts(_import(reference, _file(tmp_path, TABLE))) == (4, 4, 0, 0, 1)
    before = {record.id for record in _occurrences(reference)}
    report = _import(
        reference, _file(tmp_path, TABLE.replace("白鹭,2023-05-01,25.27,112.80,3", "白鹭,2023-05-01,25.27,112.80,5"))
    )
    assert (_counts(report), report["new_versions"]) == ((4, 1, 3, 0, 0), 1)
    after = _occurrences(reference)
    assert {record.id for record in after} == before
    assert sorted(record.body["individual_count"] for record in after) == [1, 1, 1, 5]
    assert _counts(_import(reference, _file(tmp_path, TABLE)))[1:3] == (0, 4), "both contents are known now"


def test_rows_of_one_visit_share_one_event_with_its_effort(reference: Session, tmp_path: Path) -> None:
    report = _import(reference, _file(tmp_path, TABLE))
    assert report["events"] == 1
    events = [
        r
        for r in frozen_records(reference, LOCAL_OPERATOR, CLOCK, "test", end_of_day_in_china("2025-06-01"))
        if r.kind == "event"
    ]
    assert [
        (event.body["sampling_protocol"], event.body["effort"], event.body["observed_from"]) for event in events
    ] == [
        ("bird_transect", {"length_m": "2000", "duration_min": None, "area_m2": None, "observers": None}, "2023-05-01"),
    ]
    linked = {record.body["verbatim"]["occurrenceID"]: record.body["event_id"] for record in _occurrences(reference)}
    assert linked == {"a": events[0].id, "b": events[0].id, "c": None, "d": None}
    _import(reference, _file(tmp_path, TABLE))
    assert reference.execute(text("SELECT count(*) FROM version")).scalar_one() == 5


def test_a_dry_run_reports_the_same_and_writes_nothing(reference: Session, tmp_path: Path) -> None:
    dry = _import(reference, _file(tmp_path, TABLE), dry_run=True)
    assert reference.execute(text("SELECT count(*) FROM version")).scalar_one() == 0
    wet = _import(reference, _file(tmp_path, TABLE))
    assert {**dry, "dry_run": False} == wet


def test_nothing_partial_after_a_failure(reference: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = reference.begin_nested()
    real, calls = service.admit, []

    def failing(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 3:
            raise OSError("disk full")
        return real(*arguments)

    monkeypatch.setattr(service, "admit", failing)
    rows = "".join(f"{n},Egretta garzetta,2023-05-01\n" for n in range(500))
    with pytest.raises(OSError, match="disk full"):
        _import(reference, _file(tmp_path, "occurrenceID,scientificName,eventDate\n" + rows))
    before.rollback()
    assert len(calls) == 3
    assert [
        reference.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
        for table in ("version", "ledger", "import_key")
    ] == [0, 0, 0]


def test_two_data_sets_keep_the_same_identifier_apart(reference: Session, tmp_path: Path) -> None:
    other = add_dataset(reference, CLOCK, "另一数据集", "另一单位")
    _import(reference, _file(tmp_path, TABLE))
    assert _counts(_import(reference, _file(tmp_path, TABLE), dataset_id=other.id)) == (4, 4, 0, 0, 1)
    assert len(_occurrences(reference)) == 8


def test_the_public_edition_gives_no_guarded_place_away(reference: Session, tmp_path: Path) -> None:
    _import(reference, _file(tmp_path, TABLE.replace("穿山甲,,,,1", "穿山甲,2024-07-08,,,1")))
    for file_format in ("csv", "dwca"):
        export_file(reference, CLOCK, tmp_path / "out", file_format, UUID(SURVEY), public=True)
        rows = {row["scientificName"] + row["eventDate"]: row for row in _exported(tmp_path / "out", file_format)}
        assert set(rows) == {
            "Egretta garzetta2023-05-01",
            "Ardea cinerea2023-05-01",
            "Manis pentadactyla",
        }
        guarded = rows["Manis pentadactyla"]
        assert not guarded.get("decimalLatitude") and not guarded.get("individualCount")
        assert guarded["occurrenceID"] not in ("c", "d")
        assert guarded["informationWithheld"] and guarded["dataGeneralizations"]
        assert rows["Egretta garzetta2023-05-01"]["decimalLatitude"] == "25.270"
        for leak in (b"24.95", b"112.92", b"2023-05-02", b"07-08"):
            assert leak not in _unpacked(tmp_path / "out", file_format)


def test_a_visit_takes_no_place_from_its_guarded_rows(reference: Session, tmp_path: Path) -> None:
    """The place of a visit is shown; a guarded find alone in it would be shown with it."""
    heading = (
        "occurrenceID,eventID,samplingProtocol,scientificName,eventDate,decimalLatitude,decimalLongitude,locality\n"
    )
    rows = (
        "a,v1,样线,Manis pentadactyla,2023-05-02,24.951,112.921,沟口\n"
        "b,v2,样线,Manis pentadactyla,2023-05-02,24.961,112.931,坳上\n"
        "c,v2,样线,Egretta garzetta,2023-05-02,25.27,112.80,河边\n"
    )
    _import(reference, _file(tmp_path, heading + rows))
    visits = frozen_records(reference, LOCAL_OPERATOR, CLOCK, "test", end_of_day_in_china("2025-06-01"))
    told = sorted((one.body["place"] or {}).get("latitude_e7", 0) for one in visits if one.kind == "event")
    assert told == [0, 252700000]
    names = [one.body["location_name"] for one in visits if one.kind == "event"]
    assert "沟口" not in names and "坳上" not in names


def _unpacked(path: Path, file_format: str) -> bytes:
    if file_format == "csv":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def test_an_export_twice_is_the_same_and_filters_by_county(reference: Session, tmp_path: Path) -> None:
    _import(reference, _file(tmp_path, TABLE))
    for file_format in ("csv", "dwca"):
        for name in ("one", "two"):
            answer = export_file(reference, CLOCK, tmp_path / name, file_format, county="431022")
        assert answer["occurrences"] == 3
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "file_empty"), (b"a,b\n1,2\n", "name_column_missing"), (None, "file_absent")]
)
def test_an_unusable_file_writes_nothing(reference: Session, tmp_path: Path, content: bytes | None, code: str) -> None:
    if content is not None:
        (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(Unusable) as caught:
        _import(reference, tmp_path / "x.csv")
    assert caught.value.code == code


def test_unknown_survey_and_data_set(reference: Session, tmp_path: Path) -> None:
    path = _file(tmp_path, TABLE)
    with pytest.raises(Problem, match="调查项目"):
        import_file(reference, ACTOR, CLOCK, path, UUID(DATASET))
    with pytest.raises(Problem, match="数据集"):
        _import(reference, path, dataset_id=UUID(SURVEY))
