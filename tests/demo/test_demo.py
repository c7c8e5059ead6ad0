"""What the demo promises: enough records, photos held by the server, a patrol with a gap, looked-for-and-not-found, marks everywhere."""

import hashlib
import io
import json
import re
import zipfile
from itertools import pairwise
from pathlib import Path

import openpyxl
import pytest
from PIL import Image

from server.media.store import Store
from server.settings import from_environment
from shared.geodesy import distance_m
from tests.demo.conftest import REPORTS, Again, Demo, processes_of
from tests.demo.reading import bodies, column, tables

pytestmark = pytest.mark.xdist_group("demo")
FLAGSHIPS = {"Manis pentadactyla", "Protobothrops mangshanensis", "Neophocaena asiaeorientalis", "Elaphurus davidianus"}
MARK = "演示数据"


def test_it_ends_well_and_says_where_everything_is(demo: Demo) -> None:
    assert "演示完成" in demo.said
    for name in REPORTS:
        assert str(demo.folder / name / "report.html") in demo.said
    assert not (demo.var / "run" / "server.pid").exists()


def test_records_of_the_two_days(demo: Demo) -> None:
    seen = [one for one in bodies(demo, "occurrence").values() if not one.get("verbatim")]
    assert len(seen) >= 60
    assert {one["taxon"]["scientific_name"] for one in seen} >= FLAGSHIPS
    assert len({one["survey_id"] for one in seen}) == 2


def test_twelve_photos_with_their_places_are_held_as_they_were_taken(demo: Demo) -> None:
    photos = bodies(demo, "media")
    assert len(photos) >= 12
    files = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in demo.folder.glob("*/photos/*.jpg")}
    store = Store(from_environment(demo.environment).store_dir)
    for one in photos.values():
        original = files[one["sha256"]].read_bytes()
        assert store.original(one["sha256"]) == original
        assert one["byte_count"] == len(original)
        place = _exif_place(original)
        assert place == pytest.approx(
            (one["exif_place"]["longitude_e7"] / 1e7, one["exif_place"]["latitude_e7"] / 1e7), abs=1e-6
        )
    held = demo.query("SELECT sha256 FROM xiangye.media_file WHERE rendition_sha256 IS NOT NULL AND problem IS NULL")
    assert {row[0] for row in held} == {one["sha256"] for one in photos.values()}


def _exif_place(jpeg: bytes) -> tuple[float, float]:
    with Image.open(io.BytesIO(jpeg)) as picture:
        told = picture.getexif().get_ifd(0x8825)
    latitude, longitude = (float(d) + float(m) / 60 + float(s) / 3600 for d, m, s in (told[2], told[4]))
    return longitude, latitude


def test_one_patrol_of_six_kilometres_with_one_gap_that_is_not_bridged(demo: Demo) -> None:
    ((patrol_id, patrol),) = bodies(demo, "patrol").items()
    points = [
        p for one in bodies(demo, "track_segment").values() if one["patrol_id"] == patrol_id for p in one["points"]
    ]
    steps = [(b[0] - a[0], distance_m(a[1] / 1e7, a[2] / 1e7, b[1] / 1e7, b[2] / 1e7)) for a, b in pairwise(points)]
    silent = [metres for milliseconds, metres in steps if milliseconds >= 120_000]
    walked = sum(metres for milliseconds, metres in steps if milliseconds < 120_000)
    assert len(patrol["gaps"]) == 1 == len(silent), patrol["gaps"]
    assert 5_500 <= walked <= 6_500
    assert float(patrol["effort"]["length_m"]) == pytest.approx(walked, abs=1)
    assert len(bodies(demo, "finding")) == 2


def test_a_transect_says_what_was_looked_for_and_not_found(demo: Demo) -> None:
    events = {
        id_ for id_, one in bodies(demo, "event").items() if one["event_type"] == "transect" and one["target_taxa"]
    }
    absent = [one for one in bodies(demo, "occurrence").values() if one["occurrence_status"] == "absent"]
    assert absent and all(one["event_id"] in events and one["individual_count"] == 0 for one in absent)
    restricted = tables(demo.first / "baseline-restricted")["encounters_birds_bird_transect"]
    assert sum(map(int, column(restricted, "absent"))) == 5


@pytest.mark.parametrize("name", REPORTS)
def test_every_output_says_that_it_is_a_demonstration(demo: Demo, name: str) -> None:
    report = demo.first / name
    page = re.sub(r"<(style|svg)\b.*?</\1>", "", (report / "report.html").read_text(encoding="utf-8"), flags=re.S)
    assert f"<span>{MARK}</span>" in page
    assert MARK in (report / "provenance.json").read_text(encoding="utf-8")
    for sheet in openpyxl.load_workbook(report / "annexes.xlsx").worksheets:
        assert any(MARK in str(row[0]) for row in sheet.iter_rows(max_row=5, max_col=1, values_only=True)), sheet.title
    with zipfile.ZipFile(report / "dwca.zip") as archive:
        assert MARK in archive.read("eml.xml").decode()


def test_a_second_run_sends_nothing_and_imports_nothing_new(demo: Demo, again: Again) -> None:
    assert "保留 0" in again.said and "已有 384" in again.said
    for day in ("mangshan", "east_dongting"):
        told = (demo.folder / day / "played.json").read_text(encoding="utf-8")
        assert '"sent": 0' in told and '"waiting": 0' in told and '"problems": []' in told
    for name in ("baseline-public", "baseline-restricted"):
        assert tables(demo.folder / name) == tables(demo.first / name)
    assert processes_of(demo.var) == [] or _only_the_cluster(demo.var)


def _only_the_cluster(var: Path) -> bool:
    """A test that reads the database has started it again; nothing else may run."""
    return all("postgres" in line for line in processes_of(var))


def test_what_was_imported_beside_is_told_row_by_row(demo: Demo, imported: Again) -> None:
    assert imported.said.count("导入 gbif_dwca_2013_gbif-results.zip") >= 1
    report = (demo.folder / "import.report.json").read_text(encoding="utf-8")
    assert str(demo.folder / "import.report.json") in imported.said
    told = json.loads(report)
    assert (told["read"], told["kept"], told["already_have"], told["rejected"], told["flagged"]) == (
        158,
        158,
        0,
        0,
        151,
    )
    assert {
        (type(one["row"]), bool(one["field"]), bool(re.search("[\u4e00-\u9fff]", one["message"])))
        for one in told["problems"]
    } == {(int, True, True)}
    assert told["codes"] == {"place_missing": 102, "place_zero": 7, "date_missing": 99, "date_odd": 45}
