"""What later versions of the wire added, and what it left as it was."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.canonical import digest
from shared.ids import uuid7
from shared.vocabulary import LEGAL_BASES
from shared.wire.base import WireSchema
from shared.wire.envelope import InvalidRecord, load_record
from shared.wire.standing import stand
from tests.records import EGRET, SURVEY, edited, envelope, event, observed, occurrence

GOLDEN = json.loads((Path(__file__).parent / "golden_records.json").read_text(encoding="utf-8"))
"""Records as apps sent them before notices were shown, with their digests and what was read from them then."""
NOTICE = {"version": "2026-1", "basis": "duty"}


@pytest.mark.parametrize("old", GOLDEN, ids=lambda old: f"{old['record']['kind']}-{old['digest'][:6]}")
def test_what_older_apps_sent_is_read_as_before(old: dict[str, Any]) -> None:
    """T16"""
    assert digest(old["record"]) == old["digest"]
    body = json.loads(json.dumps(load_record(old["record"])["body"]))
    assert {name: value for name, value in body.items() if name in old["loaded"]} == old["loaded"]
    added = {name: value for name, value in body.items() if name not in old["loaded"]}
    assert added in ({}, {"notice": None})
    standing = stand({old["digest"]: old["record"]})
    assert standing.body is None or set(standing.body) == set(body)


def noticed(kind: str, notice: Any) -> dict[str, Any]:
    if kind == "event":
        return event(notice=notice)
    if kind == "occurrence":
        return occurrence(evidence_class="interview", notice=notice)
    if kind == "patrol":
        return envelope(kind, observed(event_type="patrol", sampling_protocol="patrol", notice=notice))
    points = [[1747700000000, 1129287654, 249512345, 500, None]]
    return envelope(kind, observed(patrol_id=str(uuid7()), leg=0, points=points, notice=notice))


KINDS = ("event", "occurrence", "patrol", "track_segment")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("basis", LEGAL_BASES)
def test_a_record_of_somebody_says_which_notice_was_shown(kind: str, basis: str) -> None:
    notice = {"version": "2026-1", "basis": basis, "accepted_at": "2026-03-01T08:00:00+08:00", "guardian": True}
    assert load_record(noticed(kind, notice))["body"]["notice"] == notice
    assert load_record(noticed(kind, NOTICE))["body"]["notice"]["accepted_at"] is None
    assert load_record(noticed(kind, None))["body"]["notice"] is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"basis": "habit"}, "basis"),
        ({"basis": None}, "basis"),
        ({"version": ""}, "version"),
        ({"version": 3}, "version"),
        ({"accepted_at": "2026-03-01T08:00:00"}, "accepted_at"),
        ({"guardian": "yes"}, "guardian"),
    ],
)
def test_a_notice_that_says_nothing_is_refused_by_its_field(kind: str, change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRecord) as refused:
        load_record(noticed(kind, NOTICE | change))
    assert [problem["field"] for problem in refused.value.problems] == [f"body.notice.{field}"]


def test_the_notice_takes_part_in_the_digest() -> None:
    plain = event()
    assert digest({**plain, "body": {**plain["body"], "notice": NOTICE}}) != digest(plain)


def answer(**fields: Any) -> dict[str, Any]:
    body = {
        "survey_id": SURVEY,
        "occurrence_id": str(uuid7()),
        "decision_id": str(uuid7()),
        "answer": "翼镜白色，前额有白斑",
        "taxon": None,
    }
    return envelope("identification_answer", body | fields)


def test_an_answer_names_its_question_and_may_name_a_taxon() -> None:
    assert load_record(answer())["body"]["taxon"] is None
    named = load_record(answer(taxon=EGRET, later=1))["body"]
    assert named["taxon"]["name_zh"] == "白鹭" and named["later"] == 1
    again = edited(first := answer(), answer="补充：共 3 只")
    assert stand({digest(one): one for one in (first, again)}).body == load_record(again)["body"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"answer": " \n"}, "body.answer"),
        ({"answer": None}, "body.answer"),
        ({"answer": "字" * 2001}, "body.answer"),
        ({"decision_id": "1"}, "body.decision_id"),
        ({"occurrence_id": None}, "body.occurrence_id"),
        ({"taxon": {}}, "body.taxon.verbatim_name"),
    ],
)
def test_an_answer_that_lacks_something_is_refused_by_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRecord) as refused:
        load_record(answer(**change))
    assert field in [problem["field"] for problem in refused.value.problems]


def test_records_are_read_as_the_library_itself_would_read_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each golden record, and each with one field missing, none or of another type, at any depth: alike with the loop of our own and
    without it."""
    given = [changed for one in GOLDEN for changed in (one["record"], *_spoilt(one["record"]))]
    ours = [_told(record) for record in given]
    monkeypatch.delattr(WireSchema, "_deserialize")
    assert len(given) > 700
    assert ours == [_told(record) for record in given]
    assert {kind for kind, _ in ours} == {"read", "refused"}


def _spoilt(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for key, value in record.items():
        yield {name: one for name, one in record.items() if name != key}
        for other in (None, 1, "x", {}, [None]):
            yield {**record, key: other}
        if isinstance(value, dict):
            for inner in _spoilt(value):
                yield {**record, key: inner}


def _told(record: dict[str, Any]) -> tuple[str, str]:
    try:
        return "read", json.dumps(load_record(record), sort_keys=True)
    except InvalidRecord as error:
        return "refused", json.dumps(sorted(error.problems, key=str))
