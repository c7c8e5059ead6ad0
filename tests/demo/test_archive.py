"""The demo's Darwin Core Archives, read back by python-dwca-reader: the same ids, counts and names as the tables; nothing exact in public."""

import math
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.demo.conftest import Demo
from tests.demo.reading import archive, bodies, column, tables

pytestmark = pytest.mark.xdist_group("demo")
EDITIONS = ("baseline-public", "baseline-restricted")


@pytest.mark.parametrize("name", EDITIONS)
def test_species_and_counts_are_those_of_the_tables(demo: Demo, name: str) -> None:
    _, occurrences = archive(demo.first / name / "dwca.zip")
    present = Counter(one["scientificName"] for one in occurrences if one["occurrenceStatus"] == "present")
    listed = tables(demo.first / name)["checklist"]
    printed = dict(zip(column(listed, "scientific_name"), column(listed, "records"), strict=True))
    assert printed.keys() == present.keys()
    merged = {one["scientificName"] for one in occurrences if one.get("dataGeneralizations")}
    assert bool(merged) is (name == "baseline-public")
    assert {key: count for key, count in printed.items() if key not in merged} == {
        key: str(count) for key, count in present.items() if key not in merged
    }
    for key in merged & present.keys():
        # A row of a guarded species is a presence: never more of them than records, and one where their number is not told.
        assert present[key] == 1 if printed[key] == "有记录" else present[key] <= int(printed[key])
    chinese = {one["scientificName"]: one["vernacularName"] for one in occurrences}
    assert chinese == dict(zip(column(listed, "scientific_name"), column(listed, "name_zh"), strict=True)) | {
        key: name for key, name in chinese.items() if key not in printed
    }
    assert chinese["Tachybaptus ruficollis"] == "小䴙䴘"


@pytest.mark.parametrize("name", EDITIONS)
def test_every_record_has_its_event_and_no_id_comes_twice(demo: Demo, name: str) -> None:
    events, occurrences = archive(demo.first / name / "dwca.zip")
    ids = [one["eventID"] for one in events]
    assert len(ids) == len(set(ids))
    assert {one["eventID"] for one in occurrences} <= set(ids)
    said = [one["occurrenceID"] for one in occurrences]
    assert len(said) == len(set(said)) == len(occurrences)


def test_the_restricted_archive_holds_the_records_as_they_came(demo: Demo) -> None:
    events, occurrences = archive(demo.first / "baseline-restricted" / "dwca.zip")
    raw = bodies(demo, "occurrence")
    known = {(one.get("verbatim") or {}).get("occurrenceID") or id_: one for id_, one in raw.items()}
    for told in occurrences:
        body = known[told["occurrenceID"]]
        assert told["scientificName"] == body["taxon"]["scientific_name"]
        assert told["individualCount"] == ("" if body["individual_count"] is None else str(body["individual_count"]))
        assert round(float(told["decimalLatitude"]) * 1e7) == body["place"]["latitude_e7"]
        assert round(float(told["decimalLongitude"]) * 1e7) == body["place"]["longitude_e7"]
    visits = [one for one in events if one["sampleSizeValue"] and one["eventID"].startswith("XY-431022")]
    log = tables(demo.first / "baseline-restricted")["effort_log"]
    imported = [row for row in log["rows"] if row[1] < "2025"]
    assert len(visits) == len(imported) == len({one["eventID"] for one in visits})


def test_the_public_archive_holds_no_exact_place_of_a_guarded_record(demo: Demo) -> None:
    events, occurrences = archive(demo.first / "baseline-public" / "dwca.zip")
    guarded = _guarded(demo)
    assert len(guarded) >= 20
    shown = [_place(one) for one in (*events, *occurrences) if one["decimalLatitude"]]
    for id_, (longitude, latitude) in guarded.items():
        near = [at for at in shown if math.dist(at, (longitude, latitude)) < 0.0002]
        assert not near, f"{id_} at {longitude}, {latitude} is told by {near}"


def test_no_public_file_holds_the_digits_of_a_guarded_place(demo: Demo) -> None:
    report = demo.first / "baseline-public"
    texts = [(report / name).read_text(encoding="utf-8") for name in ("report.html", "tables.json", "provenance.json")]
    for name in ("dwca.zip", "annexes.xlsx"):
        with zipfile.ZipFile(report / name) as packed:
            texts += [packed.read(part).decode(errors="replace") for part in packed.namelist()]
    everything = "\n".join(texts)
    for longitude, latitude in _guarded(demo).values():
        for value in (longitude, latitude):
            for written in (f"{value:.7f}", f"{value:.6f}", str(round(value * 1e7))):
                assert written not in everything


def test_a_guarded_record_stands_in_an_event_of_its_own(demo: Demo) -> None:
    events, occurrences = archive(demo.first / "baseline-public" / "dwca.zip")
    own = set(bodies(demo, "event"))
    by_id = {one["eventID"]: one for one in events}
    hidden = [one for one in occurrences if one["dataGeneralizations"]]
    listed = set(column(tables(demo.first / "baseline-restricted")["protected"], "scientific_name"))
    assert {one["scientificName"] for one in hidden} >= listed, "no species disappears because of its level"
    for told in hidden:
        event = by_id[told["eventID"]]
        assert told["eventID"] not in own and not told["eventID"].startswith("XY-")
        assert len(told.get("eventDate", "")) in (0, 4) and told.get("eventDate", "") == event["eventDate"]
        assert not event["samplingProtocol"] and not event["sampleSizeValue"]
        assert not told.get("individualCount") and not told.get("recordedByID")
        assert told["informationWithheld"] and not _has_english(
            told["dataGeneralizations"] + told["informationWithheld"]
        )
    kept = {one["eventID"] for one in occurrences if not one["dataGeneralizations"]}
    assert kept.isdisjoint(one["eventID"] for one in hidden)


def test_a_visit_does_not_tell_the_species_that_its_archive_hides(demo: Demo) -> None:
    """The difference of two public figures would lead to the place of a guarded species."""
    _, occurrences = archive(demo.first / "baseline-public" / "dwca.zip")
    found: dict[str, set[str]] = {}
    for one in occurrences:
        if one["occurrenceStatus"] == "present" and not one["dataGeneralizations"]:
            found.setdefault(one["eventID"], set()).add(one["scientificName"])
    told = Counter(map(int, column(tables(demo.first / "baseline-public")["effort_log"], "species")))
    methods = {id_ for id_, one in _visits(demo).items() if one["sampling_protocol"] != "incidental"}
    assert told - Counter({0: told[0]}) == Counter(len(names) for id_, names in found.items() if id_ in methods)


def test_the_id_and_the_order_of_a_guarded_record_do_not_tell_when_it_was_saved(demo: Demo) -> None:
    """Our ids hold the millisecond of the tap, and openly placed records of that minute stand beside."""
    _, occurrences = archive(demo.first / "baseline-public" / "dwca.zip")
    said = [(one["eventID"], one["occurrenceID"]) for one in occurrences]
    assert said == sorted(said)
    assert not {id_ for _, id_ in said} & _guarded(demo).keys()
    with zipfile.ZipFile(demo.first / "baseline-public" / "dwca.zip") as packed:
        everything = b"".join(packed.read(part) for part in packed.namelist()).decode()
    assert not [id_ for id_ in _guarded(demo) if id_ in everything]


def _visits(demo: Demo) -> dict[str, Any]:
    """Events by the id that the archive has for them."""
    events = bodies(demo, "event")
    for one in bodies(demo, "occurrence").values():
        said = (one.get("verbatim") or {}).get("eventID")
        if said and one["event_id"] in events:
            events[said] = events[one["event_id"]]
    return events


def _guarded(demo: Demo) -> dict[str, tuple[float, float]]:
    """Exact places of the present records of protected species in the county's archive, from the raw bodies."""
    report = demo.first / "baseline-restricted"
    listed = set(column(tables(report)["protected"], "scientific_name"))
    _, occurrences = archive(report / "dwca.zip")
    told = {one["occurrenceID"] for one in occurrences}
    found = {}
    for id_, one in bodies(demo, "occurrence").items():
        known = {id_, (one.get("verbatim") or {}).get("occurrenceID")}
        if known & told and one["taxon"]["scientific_name"] in listed and one["occurrence_status"] == "present":
            found[id_] = (one["place"]["longitude_e7"] / 1e7, one["place"]["latitude_e7"] / 1e7)
    return found


def _place(one: dict[str, str]) -> tuple[float, float]:
    return float(one["decimalLongitude"]), float(one["decimalLatitude"])


def _has_english(text: str) -> bool:
    return any("a" <= letter.lower() <= "z" for letter in text)


def test_rare_characters_of_the_lake_come_through(demo: Demo, tmp_path: Path) -> None:
    """The county of the lake, whose fish and grebes have characters beyond the basic plane."""
    done = demo.xiangye(
        "compile",
        "baseline",
        "--county",
        "430621",
        "--as-of",
        _as_of(demo),
        "--out",
        str(tmp_path / "lake"),
        "--edition",
        "public",
    )
    assert done.returncode == 0, done.stderr
    _, occurrences = archive(tmp_path / "lake" / "dwca.zip")
    chinese = {one["scientificName"]: one["vernacularName"] for one in occurrences}
    listed = tables(tmp_path / "lake")["checklist"]
    printed = dict(zip(column(listed, "scientific_name"), column(listed, "name_zh"), strict=True))
    assert {"蛇𬶋", "凤头䴙䴘", "䱗"} <= set(chinese.values())
    assert {key: name for key, name in chinese.items() if key in printed} == printed
    page = (tmp_path / "lake" / "report.html").read_text(encoding="utf-8")
    assert "蛇𬶋" in page and "凤头䴙䴘" in page


def _as_of(demo: Demo) -> str:
    told = (demo.first / "baseline-public" / "provenance.json").read_text(encoding="utf-8")
    return told.split('"as_of": "')[1][:10]
