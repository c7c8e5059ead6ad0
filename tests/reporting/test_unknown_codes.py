"""T16: reports over records whose codes a newer app knows and we do not: nothing fails, nothing is counted as what it is not, and a guarded
record's unknown code, which could say anything, is told to nobody who may not read the record."""

import json

import pytest

from server.assessments.build import build as build_assessment
from server.assessments.period import Period
from server.assessments.service import assessments
from server.baselines.build import build
from server.baselines.draft import Draft
from server.baselines.edition import EDITIONS
from server.baselines.study import Study, make_study
from server.baselines.survey_profile import load_profile
from server.reporting.darwin import public_rows
from server.reporting.presences import tally
from server.sensitivity.records import FrozenRecord
from server.settings import Settings
from server.snapshots.service import Snapshot
from tests.assessments import fakes as periods
from tests.baselines.fakes import Field, snapshot

SECRET = "E112.93N24.95"
AT = (112.95, 25.05)


def _records() -> list[FrozenRecord]:
    field = Field()
    walk = field.event(AT, event_type="seascape", sampling_protocol="drone_flight", date_precision="tide")
    field.sighting("tit", AT, walk, evidence_class="acoustic", basis_of_record="Sound:Observation")
    field.sighting("magpie", AT, walk, count=3, occurrence_status="presumed")
    field.sighting("manis", AT, walk, evidence_class=SECRET, basis_of_record=SECRET)
    field.sighting("tragopan", AT, walk, occurrence_status=SECRET)
    grade = {"code": "damage_grade", "value": "total", "unit": None, "method": None}
    field.sighting("weed", AT, walk, measurements=[grade, {**grade, "code": "new.code"}])
    patrol = field.event(AT, "patrol", event_type=SECRET, sampling_protocol="patrol")
    for type_, state in (("snare", "open"), ("snare", SECRET), (SECRET, "sub-judice")):
        field.add("finding", {"event_id": patrol.id, "finding_type": type_, "case_state": state}, AT)
    return field.records


@pytest.fixture(scope="module")
def taken() -> Snapshot:
    return snapshot(_records())


@pytest.fixture(scope="module")
def study(taken: Snapshot) -> Study:
    return make_study(taken)


def test_a_presence_of_an_unknown_kind_is_neither_presence_nor_absence(study: Study) -> None:
    assert [one.body["taxon"]["taxon_id"] for one in study.sightings] == ["tit", "manis", "weed"]
    assert study.absences == study.unplaced == ()
    assert [one.body["occurrence_status"] for one in study.unclear] == ["presumed", SECRET]


@pytest.mark.parametrize("code", sorted(EDITIONS))
def test_both_reports_are_made_and_tell_the_unknown_apart(code: str, study: Study) -> None:
    draft = Draft(study, EDITIONS[code], load_profile(), Settings())
    county = repr(build(draft))
    years = periods.snapshot(_records())
    region = repr(build_assessment(assessments(years, Period(2021, 2025), Settings())[code]))
    for told in (county, region):
        assert "有无以本系统不认识的代码表示" in told
        assert (SECRET in told) == EDITIONS[code].restricted
    for words in ("未知代码 acoustic", "未知代码 drone_flight", "未知代码 total1"):
        assert words in county, words
    for words in ("未知代码 seascape", "未知代码 sub-judice"):
        assert (words in county) == EDITIONS[code].restricted


def test_what_is_published_holds_no_unknown_code_of_a_guarded_record(study: Study) -> None:
    occurrences = [one for one in study.records.values() if one.kind == "occurrence"]
    opened, rows = public_rows(occurrences, tally(occurrences))
    assert [one.body["taxon"]["taxon_id"] for one in opened] == ["tit", "magpie", "weed"]
    assert "Sound:Observation" in json.dumps(rows) and SECRET not in json.dumps(rows)
    assert {row["occurrenceStatus"] for row in rows} == {"present", "presumed", "unknown"}
