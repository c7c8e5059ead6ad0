"""P5: a survey that was begun on a tablet takes records at once, and stays chosen until the server offers it itself."""

import json
from pathlib import Path
from typing import Any

import pytest

from mobile.capture.problems import FieldProblem, NotEnrolled
from mobile.capture.recorder import PROFILE
from mobile.capture.survey import NewSurvey, begin_survey
from mobile.script.player import Player, StepFailed
from mobile.script.read import ScriptFault, check_step
from shared.ids import uuid7
from shared.wire.envelope import load_record
from tests.mobile.station import PERSON, SURVEY
from tests.mobile.tablets import Tablet, tablet

OFFERED = {"survey_id": SURVEY, "title": "测试调查", "kind": "county_baseline", "dataset_id": str(uuid7())}
COUNTY = ("431022",)
NEW = NewSurvey("莽山夜间两栖调查", "priority_area", ("431022", "431022"), ends_on="2025-06-30")


@pytest.fixture
def held(tmp_path: Path) -> Any:
    with tablet(tmp_path / "data") as one:
        one.app.store.surveys.replace([OFFERED])
        yield one


def listed(held: Tablet) -> dict[str, bool]:
    return {one.survey_id: one.chosen for one in held.app.store.surveys.all()}


def arrived(held: Tablet) -> None:
    with held.app.store.database.transaction() as connection:
        connection.execute("update outbox set state = 'held'")


def test_what_is_recorded_next_belongs_to_it(held: Tablet) -> None:
    begun = begin_survey(held.app.recorder, NEW)
    assert listed(held) == {SURVEY: False, begun.record_id: True} and not begun.guarded
    kept = held.app.store.outbox.newest_version(begun.record_id)
    assert kept is not None
    body = load_record(kept.record)["body"]
    assert (body["survey_id"], body["dataset_id"], body["title"]) == (begun.record_id, None, "莽山夜间两栖调查")
    assert (body["observed_from"], body["observed_to"], body["county_codes"]) == (
        "2025-05-20",
        "2025-06-30",
        ["431022"],
    )
    assert [one["person_id"] for one in body["participants"]] == [PERSON]
    sighting = held.app.store.outbox.newest_version(held.sighting())
    assert sighting is not None
    assert (sighting.body["survey_id"], sighting.body["dataset_id"]) == (begun.record_id, None)


def test_records_name_the_profile_that_the_server_tells_of_their_survey(held: Tablet) -> None:
    """P3: none that it could tell keeps a record from being saved; where it tells none, the app's own stands."""

    def written() -> str:
        kept = held.app.store.outbox.newest_version(held.sighting())
        assert kept is not None
        return str(load_record(kept.record)["profile"])

    assert written() == PROFILE
    for odd in (7, "", "x" * 81, "\ud800", "a\0", None, {}):
        held.app.store.surveys.replace([{**OFFERED, "profile": odd}])
        assert written() == PROFILE
    held.app.store.surveys.replace([{**OFFERED, "profile": "hunan-aquatic/2"}])
    assert written() == "hunan-aquatic/2"
    begin_survey(held.app.recorder, NEW)
    assert written() == PROFILE
    held.app.store.surveys.replace([{**OFFERED, "profile": "hunan-aquatic/3"}])
    assert held.app.store.surveys.choose(SURVEY) and written() == "hunan-aquatic/3"


def test_it_is_sent_before_all_that_belongs_to_it(held: Tablet) -> None:
    """P3: the province quarantines what names a survey that it never heard of, however many batches later that comes."""
    begun = begin_survey(held.app.recorder, NEW)
    held.app.transect.start("样线", [])
    held.app.transect.add_species(held.app.transect.picker.by_name("白鹭"), 2)
    held.app.transect.end()
    deliveries = held.app.store.deliveries
    sent = deliveries.read(deliveries.due(held.clock.now(), ignore_pause=True), 1_000_000)
    assert sent[0].record_id == begun.record_id
    assert [json.loads(one.canonical)["kind"] for one in sent] == ["survey", "event", "occurrence"]


def test_it_stays_while_it_is_on_its_way_and_goes_when_the_server_does_not_know_it_any_more(held: Tablet) -> None:
    begun = begin_survey(held.app.recorder, NEW)
    held.app.store.surveys.replace([OFFERED])
    assert listed(held) == {SURVEY: False, begun.record_id: True}
    assert listed(held) == {one.survey_id: one.chosen for one in held.restart().store.surveys.all()}
    arrived(held)
    held.app.store.surveys.replace([OFFERED, {**OFFERED, "survey_id": begun.record_id, "title": "改名"}])
    assert listed(held)[begun.record_id] and held.app.store.surveys.chosen().title == "改名"  # type: ignore[union-attr]
    held.app.store.surveys.replace([OFFERED])
    assert listed(held) == {SURVEY: True}


def test_one_that_was_withdrawn_takes_no_more_records(held: Tablet) -> None:
    begun = begin_survey(held.app.recorder, NEW)
    told = [OFFERED, {**OFFERED, "survey_id": begun.record_id}]
    held.app.recorder.withdraw(begun.record_id, "建错了")
    assert listed(held) == {SURVEY: False}
    held.app.store.surveys.replace(told)
    assert listed(held) == {SURVEY: True}


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewSurvey(" ", "urban", COUNTY), "title"),
        (NewSurvey("调查", "unicorns", COUNTY), "survey_kind"),
        (NewSurvey("调查", "urban", COUNTY, ends_on="2025-05-19"), "ends_on"),
        (NewSurvey("调查", "urban", ()), "county_codes"),
        (NewSurvey("调查", "urban", ("莽山",)), "body.county_codes.0"),
    ],
)
def test_what_is_refused_leaves_nothing(held: Tablet, new: NewSurvey, field: str) -> None:
    with pytest.raises(FieldProblem) as refused:
        begin_survey(held.app.recorder, new)
    assert refused.value.field == field
    assert listed(held) == {SURVEY: True} and held.app.store.outbox.total() == 0


def test_a_tablet_that_nobody_enrolled_begins_none(tmp_path: Path) -> None:
    with tablet(tmp_path / "data", enrolled=False) as one, pytest.raises(NotEnrolled):
        begin_survey(one.app.recorder, NEW)


def test_a_scripted_day_can_begin_one(held: Tablet, tmp_path: Path) -> None:
    player = Player(held.app, held.clock, held.location, tmp_path, None)
    step = {"do": "begin_survey", "title": "夜间调查", "survey_kind": "aquatic", "county_codes": ["431022"]}
    player.play(check_step(1, step))
    assert held.app.home.survey_title == "夜间调查"
    with pytest.raises(StepFailed, match="结束日期早于开始日期"):
        player.play(check_step(2, {**step, "ends_on": "2024-01-01"}))
    for field, value in (("survey_kind", "unicorns"), ("starts_on", "2025-5-2"), ("county_codes", "431022")):
        with pytest.raises(ScriptFault, match=field):
            check_step(3, {**step, field: value})
