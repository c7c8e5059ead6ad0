"""A scientist edits a rule, tries it on past records, and only then lets it go live."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from server.db import open_session
from server.settings import Settings
from server.verification.model import RuleTrial, VerificationRule
from tests import records
from tests.admitting import outcomes, set_up
from tests.commands import Here
from tests.serving import Live
from tests.verification.reviewing import Caller, caller

EGRET_COUNT: dict[str, Any] = {
    "rule_id": "count-egrets",
    "kind": "count_limit",
    "severity": "flag",
    "title_zh": "白鹭的数量",
    "reason_zh": "一次上百只白鹭少见",
    "scientific_name": "Egretta garzetta",
    "parameters": {"max": 100},
    "source": "测试",
}


def scientist(live: Live) -> Caller:
    return caller(live, "scientist", "province", "43")


def test_a_rule_goes_live_only_after_a_trial_that_changes_nothing(live: Live) -> None:
    live.post_batch(*(records.occurrence(individual_count=n) for n in (5, 150, 300)))
    who, reviewer = scientist(live), caller(live)
    made = who.post("/verification/rules", **EGRET_COUNT)
    assert (made.status_code, made.json()["version"], made.json()["state"]) == (201, 1, "draft"), made.text
    assert who.post("/verification/rules/count-egrets/activation", version=1).json()["code"] == "rule_not_tried"
    tried = who.post("/verification/rules/trial", rule_id="count-egrets", version=1).json()
    assert (tried["checked"], tried["found"], tried["gained"], tried["lost"]) == (3, 2, 2, 0)
    assert {one["words_zh"] for one in tried["sample"]} == {"一次记录的数量超过 100"}
    assert not any(one["flagged"] for one in reviewer.queue())

    assert who.post("/verification/rules/count-egrets/activation", version=1).status_code == 201
    ids = [one["record_id"] for one in reviewer.queue()]
    assert reviewer.post("/verification/runs", record_ids=ids).json() == {"checked": 3}
    assert sorted(one["flagged"] for one in reviewer.queue()) == [False, True, True]

    milder = who.post("/verification/rules", **{**EGRET_COUNT, "parameters": {"max": 200}}).json()
    tried = who.post("/verification/rules/trial", rule_id="count-egrets", version=milder["version"]).json()
    assert (milder["version"], tried["found"], tried["gained"], tried["lost"]) == (2, 1, 0, 1)
    assert who.post("/verification/rules/count-egrets/activation", version=2).status_code == 201
    reviewer.post("/verification/runs", record_ids=ids)
    assert sorted(one["flagged"] for one in reviewer.queue()) == [False, False, True]
    with open_session(live.settings) as session:
        tried_versions = [row.version for row in session.scalars(select(RuleTrial).order_by(RuleTrial.id))]
        rule = session.get_one(VerificationRule, ("count-egrets", 1))
        assert (tried_versions, rule.parameters, rule.retired_at is not None) == ([1, 2], {"max": 100}, True)
    states = {
        state: [
            one["version"]
            for one in who.get("/verification/rules", state=state).json()["items"]
            if one["rule_id"] == "count-egrets"
        ]
        for state in ("active", "retired")
    }
    assert states == {"active": [2], "retired": [1]}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"parameters": {}}, "parameters.max"),
        ({"parameters": {"max": "100"}}, "parameters.max"),
        ({"parameters": {"max": 100, "min": 1}}, "parameters.min"),
        ({"scientific_name": "Nullus ignotus"}, "scientific_name"),
        ({"county_codes": ["431022", "999999"]}, "county_codes"),
    ],
)
def test_a_faulty_rule_is_refused_by_its_field(live: Live, changes: dict[str, Any], field: str) -> None:
    answer = scientist(live).post("/verification/rules", **{**EGRET_COUNT, **changes})
    assert answer.status_code == 422
    assert field in answer.json()["errors"]


def test_only_who_may_edit_rules_edits_them(live: Live) -> None:
    assert caller(live).post("/verification/rules", **EGRET_COUNT).status_code == 403
    assert caller(live).get("/verification/rules").status_code == 200


def test_a_scientist_of_one_county_tries_on_its_records_alone(live: Live) -> None:
    live.post_batch(records.occurrence(individual_count=500))
    elsewhere = caller(live, "scientist", "county", "430102")
    assert elsewhere.post("/verification/rules", **EGRET_COUNT).status_code == 201
    tried = elsewhere.post("/verification/rules/trial", rule_id="count-egrets", version=1).json()
    assert (tried["checked"], tried["found"], tried["sample"]) == (0, 0, [])


def test_a_trial_tells_records_in_the_order_of_lists_and_in_no_finer_one(live: Live) -> None:
    """L9, L19: which open records a guarded one was made between would tell where it was."""
    for n in range(4):
        live.post_batch(records.occurrence(individual_count=n + 2))
        live.post_batch(records.occurrence(individual_count=n + 2, taxon=records.PANGOLIN))
    who = scientist(live)
    drafted = who.post("/verification/rules", **{**EGRET_COUNT, "scientific_name": None, "parameters": {"max": 1}})
    tried = who.post("/verification/rules/trial", rule_id="count-egrets", version=drafted.json()["version"]).json()
    listed = [one["id"] for one in who.get("/occurrences").json()["items"]]
    assert len(listed) == 8 and [one["record_id"] for one in tried["sample"]] == listed


def test_the_command_line_does_the_same(reference_settings: Settings, here: Here, tmp_path: Path) -> None:
    with open_session(reference_settings) as session:
        set_up(session)
        outcomes(session, *(records.occurrence(individual_count=n) for n in (5, 150)))
    env = {
        "XIANGYE_DATABASE_URL": reference_settings.database_url or "",
        "XIANGYE_DATABASE_OWNER_URL": reference_settings.owner_url or "",
        "XIANGYE_VAR": str(tmp_path),
    }
    file = tmp_path / "rule.json"
    file.write_text(json.dumps(EGRET_COUNT, ensure_ascii=False), encoding="utf-8")

    def told(*words: str) -> Any:
        said = here.xiangye(env, "verification", *words, "--json")
        assert said.code == 0, said
        return json.loads(said.out)

    assert {"mock-position", "track-forged"} <= {one["rule_id"] for one in told("rules")}
    assert told("rules", "add", str(file))["version"] == 1
    assert here.xiangye(env, "verification", "rules", "activate", "count-egrets", "1").refuses("试运行")
    assert told("trial", "count-egrets", "1")["found"] == 1
    assert here.xiangye(env, "verification", "rules", "activate", "count-egrets", "1").code == 0
    assert told("run") == {"checked": 2}
    queue = told("queue", "--flagged")
    assert (queue["count"]["county"], [one["name_zh"] for one in queue["items"]]) == (1, ["白鹭"])
    assert "超过 100" in here.xiangye(env, "verification", "queue").out
    assert here.xiangye(env, "verification", "rules", "retire", "count-egrets").code == 0
    file.write_text("{", encoding="utf-8")
    assert here.xiangye(env, "verification", "rules", "add", str(file)).refuses("rule.json")
