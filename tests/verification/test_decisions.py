"""What reviewers may do, each at their level, and what it leaves behind."""

import pytest
from sqlalchemy import text

from server.db import open_session
from tests import records
from tests.serving import Live
from tests.verification.reviewing import caller, three_levels


def test_each_action_leaves_a_decision_with_its_actor(live: Live) -> None:
    sent = [records.occurrence(individual_count=n) for n in range(1, 5)]
    live.post_batch(*sent)
    county, prefecture, province = three_levels(live)
    assert {one["record_id"] for one in county.queue()} == {one["id"] for one in sent}
    confirmed, renamed, asked, rejected = (one["id"] for one in sent)
    assert county.decide("confirm", [confirmed]).json()["items"][0]["state"] == "confirmed"
    answer = county.decide("reidentify", [renamed], taxon={"name_zh": "中白鹭"}, method="specimen", confidence="确定")
    assert answer.status_code == 201, answer.text
    assert county.decide("ask", [asked], message="嘴是什么颜色？").status_code == 201
    assert county.decide("reject", [rejected], message="照片是家养的").status_code == 201
    assert [one["record_id"] for one in county.queue()] == []
    told = county.get(f"/verification/records/{renamed}").json()
    assert (told["name_zh"], told["method"], told["confidence"], told["state"]) == (
        "中白鹭",
        "specimen",
        "确定",
        "reidentified",
    )
    assert [(one["action"], one["decided_by"]) for one in told["decisions"]] == [("reidentify", "审核员")]
    names = province.get(f"/occurrences/{renamed}/identifications").json()["items"]
    assert [(one["name_zh"], one["by"], one["action"]) for one in names] == [
        ("白鹭", "记录人", None),
        ("中白鹭", "审核员", "reidentify"),
    ]
    assert prefecture.get("/verification/queue", state="asked").json()["items"][0]["record_id"] == asked
    with open_session(live.settings) as session:
        logged = session.execute(text("SELECT count(*) FROM xiangye.audit_entry WHERE action = 'decide'")).scalar_one()
        numbered = session.execute(text("SELECT count(DISTINCT change_no) FROM xiangye.decision")).scalar_one()
    assert (logged, numbered) == (4, 4)


def test_escalated_records_are_for_the_level_above(live: Live) -> None:
    record = records.occurrence()
    live.post_batch(record)
    county, prefecture, province = three_levels(live)
    assert county.decide("escalate", [record["id"]]).json()["items"][0]["queue"] == "prefecture"
    assert county.queue() == []
    assert county.decide("confirm", [record["id"]]).json()["code"] == "not_allowed"
    assert [one["queue"] for one in prefecture.queue()] == ["prefecture"]
    assert prefecture.decide("escalate", [record["id"]]).json()["items"][0]["queue"] == "province"
    assert prefecture.decide("confirm", [record["id"]]).json()["code"] == "not_allowed"
    assert province.decide("escalate", [record["id"]]).json()["code"] == "invalid"
    assert province.decide("confirm", [record["id"]]).status_code == 201


def test_what_is_decided_is_decided_anew_only_on_purpose(live: Live) -> None:
    record = records.occurrence()
    live.post_batch(record)
    county, _, province = three_levels(live)
    assert county.decide("confirm", [record["id"]]).status_code == 201
    open_one = records.occurrence(individual_count=2)
    live.post_batch(open_one)
    refused = county.decide("reject", [record["id"], open_one["id"]], message="看错了").json()
    assert (refused["code"], refused["records"]) == ("already_decided", [record["id"]])
    assert province.decide("reject", [record["id"]], overrule=True, message="是饲养的").status_code == 201


def test_several_at_once_only_where_the_same_is_held_against_them(live: Live) -> None:
    plain = [records.occurrence(individual_count=n) for n in (2, 3)]
    mock = [records.occurrence(individual_count=n, place={**records.MANGSHAN, "mock": True}) for n in (4, 5)]
    live.post_batch(*plain, *mock)
    county = caller(live)
    assert county.decide("confirm", [plain[0]["id"], mock[0]["id"]]).json()["code"] == "decide_apart"
    assert county.decide("confirm", [one["id"] for one in plain]).status_code == 201
    assert county.decide("confirm", [one["id"] for one in mock]).status_code == 201


def test_another_countys_records_are_not_there(live: Live) -> None:
    """P12: a foreign record answers like one that does not exist."""
    record = records.occurrence()
    live.post_batch(record)
    other = caller(live, area_code="430102")
    nowhere = "01890000-0000-7000-8000-000000000000"
    assert other.queue() == []
    foreign, missing = other.decide("confirm", [record["id"]]), other.decide("confirm", [nowhere])
    assert (foreign.status_code, foreign.json()) == (missing.status_code, missing.json())
    assert foreign.status_code == 404
    assert (
        other.get(f"/verification/records/{record['id']}").json()
        == other.get(f"/verification/records/{nowhere}").json()
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "ask"}, "message"),
        ({"action": "reject", "message": "  "}, "message"),
        ({"action": "reidentify"}, "taxon"),
        ({"action": "reidentify", "taxon": {"name_zh": "没有这个名字"}}, "taxon"),
        ({"action": "confirm", "taxon": {"name_zh": "白鹭"}}, "taxon"),
    ],
)
def test_an_incomplete_decision_is_refused_and_changes_nothing(live: Live, body: dict[str, object], field: str) -> None:
    record = records.occurrence()
    live.post_batch(record)
    county = caller(live)
    answer = county.post("/verification/decisions", record_ids=[record["id"]], **body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert [one["state"] for one in county.queue()] == ["pending"]


def test_an_edit_of_what_was_judged_opens_the_record_again(live: Live) -> None:
    record = records.occurrence()
    live.post_batch(record)
    county = caller(live)
    assert county.decide("confirm", [record["id"]]).status_code == 201
    remarked = records.edited(record, occurrence_remarks="在水边")
    live.post_batch(remarked)
    assert county.queue() == []
    live.post_batch(records.edited(remarked, individual_count=9))
    told = county.get(f"/verification/records/{record['id']}").json()
    assert (told["state"], [one["action"] for one in told["decisions"]]) == ("pending", ["confirm", "reopen"])
    assert told["decisions"][-1]["decided_by"] == "自动规则"
