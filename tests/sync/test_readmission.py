"""What could not be read when it came is kept, listed and read again once the reason is gone (P3: nothing that was sent is lost)."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import text

from server.db import open_session
from server.settings import Settings
from server.surveys.model import Dataset
from server.surveys.service import add_survey
from shared.canonical import digest
from shared.ids import uuid7
from tests import records
from tests.admitting import CLOCK
from tests.commands import Said, xiangye
from tests.faults.server_process import environment_of
from tests.serving import Live


def _sync(settings: Settings, *words: str) -> Said:
    return xiangye(environment_of(settings), "sync", *words)


def _told(settings: Settings, *words: str) -> list[dict[str, Any]]:
    said = _sync(settings, *words, "--json")
    assert said.code == 0, said
    found: list[dict[str, Any]] = json.loads(said.out)
    return found


def _of_no_survey(survey_id: str, **fields: Any) -> dict[str, Any]:
    made = records.occurrence(**fields)
    return {**made, "body": {**made["body"], "survey_id": survey_id}}


def _make_survey(settings: Settings, survey_id: str) -> None:
    with open_session(settings) as session:
        dataset = session.get_one(Dataset, UUID(records.DATASET))
        add_survey(session, CLOCK, "后建的调查", "county_baseline", dataset, survey_id=UUID(survey_id))


def test_a_record_whose_survey_was_made_later_is_taken_in_as_it_came(live: Live) -> None:
    survey_id = str(uuid7())
    late, good = _of_no_survey(survey_id), records.occurrence()
    answer = live.post_batch(late, good, **{"User-Agent": "xiangye/0.0.9 trial"}).json()
    assert [one["outcome"] for one in answer["receipts"]] == ["quarantined", "accepted"]

    [listed] = _told(live.settings, "quarantine")
    assert (listed["record_id"], listed["digest"], listed["device_id"]) == (late["id"], digest(late), records.DEVICE)
    assert listed["agent"].startswith("xiangye/0.0.9") and listed["reason"] == answer["receipts"][0]["reason"]

    [still] = _told(live.settings, "readmit", "--all")
    assert (still["outcome"], still["reason"]) == ("quarantined", listed["reason"])

    _make_survey(live.settings, survey_id)
    [taken] = _told(live.settings, "readmit", "--id", listed["digest"])
    assert (taken["outcome"], taken["record_id"]) == ("accepted", late["id"])
    assert _told(live.settings, "quarantine") == [] and _told(live.settings, "readmit", "--all") == []
    with open_session(live.settings) as session:
        kept = session.execute(
            text("SELECT digest, author::text, device::text, change_no IS NOT NULL FROM version WHERE id = :id"),
            {"id": late["id"]},
        ).all()
        receipts = session.execute(
            text("SELECT outcome FROM receipt WHERE record_id = :id ORDER BY outcome"), {"id": late["id"]}
        )
        assert [tuple(row) for row in kept] == [(digest(late), records.PERSON, records.DEVICE, True)]
        assert [row[0] for row in receipts] == ["accepted", "quarantined", "quarantined"]
    assert live.post_batch(late).json()["receipts"][0]["outcome"] == "already_have"


def test_one_that_stays_unreadable_holds_up_no_other(live: Live) -> None:
    survey_id = str(uuid7())
    late, broken = _of_no_survey(survey_id), records.occurrence(observed_from="2025-13")
    live.post_batch(broken, late, {"id": "\ud800"})
    _make_survey(live.settings, survey_id)
    told = {one["digest"]: one["outcome"] for one in _told(live.settings, "readmit", "--all")}
    assert sorted(told.values()) == ["accepted", "quarantined", "quarantined"]
    assert told[digest(late)] == "accepted"
    assert {one["digest"] for one in _told(live.settings, "quarantine")} == told.keys() - {digest(late)}


def test_only_what_is_asked_for_is_read_again(live: Live) -> None:
    survey_id = str(uuid7())
    late = _of_no_survey(survey_id)
    reason = live.post_batch(late).json()["receipts"][0]["reason"]
    _make_survey(live.settings, survey_id)
    assert _told(live.settings, "readmit", "--reason", "seal_key_unknown") == []
    assert [one["outcome"] for one in _told(live.settings, "readmit", "--reason", reason)] == ["accepted"]


def test_the_commands_say_in_words_what_they_did(live: Live) -> None:
    assert "没有未能读取的记录" in _sync(live.settings, "quarantine").out
    live.post_batch(records.occurrence(observed_from="2025-13"))
    assert "共 1 条未能读取" in _sync(live.settings, "quarantine").out
    assert "读入 0 条，仍留存 1 条" in _sync(live.settings, "readmit", "--all").out
    assert _sync(live.settings, "readmit").refuses("--id", "--all")
    assert _sync(live.settings, "readmit", "--id", "nothing").refuses("没有等待重读的记录")
