"""Observers answer reviewers: only they, each answer once, and no word of it where the place is guarded."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.queries import viewer_of
from server.accounts.rights import VERIFY
from server.accounts.viewer import Actor
from server.identifications.model import Decision
from server.identifications.queries import all_of, last_of
from server.sensitivity.model import DisclosedPlaceRow
from server.sync.admission import admit
from server.taxa.model import TaxonName
from server.verification.answering import WITHHELD
from server.verification.deciding import Order, decide
from server.verification.model import Review
from server.verification.queries import history
from shared.ids import uuid7
from tests import records
from tests.admitting import CLOCK, outcomes, set_up
from tests.people import person


def asked(session: Session, **fields: Any) -> tuple[dict[str, Any], Decision]:
    """A record, and the question about it."""
    record = records.occurrence(**fields)
    outcomes(session, record)
    who = viewer_of(session, CLOCK, person(session, "reviewer").id).within(VERIFY)
    return record, decide(session, who, CLOCK, [UUID(record["id"])], Order("ask", message="嘴是什么颜色？"))[0]


def answer(record: dict[str, Any], question: Decision, words: str = "黄色", **fields: Any) -> dict[str, Any]:
    body = {
        "survey_id": records.SURVEY,
        "occurrence_id": record["id"],
        "decision_id": str(question.id),
        "answer": words,
        "taxon": None,
        **fields,
    }
    return records.envelope("identification_answer", body)


def acts(session: Session, record: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    query = select(Decision).where(Decision.record_id == UUID(record["id"])).order_by(Decision.id)
    return [(row.action, row.state, row.message) for row in session.scalars(query)]


def test_an_answer_counts_once_however_often_it_is_sent(reference: Session) -> None:
    set_up(reference)
    record, question = asked(reference)
    sent = answer(record, question)
    assert [outcomes(reference, sent), outcomes(reference, sent)] == [["accepted"], ["already_have"]]
    outcomes(reference, records.edited(sent, answer="黄色，确定"))
    assert acts(reference, record) == [("ask", "asked", "嘴是什么颜色？"), ("answer", "pending", "黄色")]
    assert reference.get_one(Review, UUID(record["id"])).state == "pending"


def test_a_late_answer_is_kept_and_moves_nothing(reference: Session) -> None:
    set_up(reference)
    record, question = asked(reference)
    who = viewer_of(reference, CLOCK, person(reference, "reviewer").id).within(VERIFY)
    decide(reference, who, CLOCK, [UUID(record["id"])], Order("confirm"))
    outcomes(reference, answer(record, question, taxon={"name_zh": "中白鹭"}))
    assert [row[:2] for row in acts(reference, record)] == [
        ("ask", "asked"),
        ("confirm", "confirmed"),
        ("answer", "confirmed"),
    ]
    assert last_of(reference, [UUID(record["id"])])[UUID(record["id"])].name_zh == "白鹭"


def test_nobody_answers_for_another_or_about_another_record(reference: Session) -> None:
    set_up(reference)
    record, question = asked(reference)
    stranger = Actor(person(reference).id, uuid7())
    theirs = answer(record, question) | {"author": str(stranger.person_id), "device": str(stranger.device_id)}
    admit(reference, stranger, CLOCK, [theirs])
    other = records.occurrence(individual_count=9)
    outcomes(reference, other, answer(other, question))
    assert [row[0] for row in acts(reference, record)] == ["ask"]
    assert reference.get_one(Review, UUID(record["id"])).state == "asked"
    assert acts(reference, other) == []


def test_words_about_a_guarded_record_stay_with_the_answer(reference: Session) -> None:
    """L11: what the observer writes of a pangolin may name its hole."""
    set_up(reference)
    record, question = asked(reference, taxon=records.PANGOLIN)
    outcomes(reference, answer(record, question, "洞在庙后第三棵树下"))
    assert acts(reference, record)[-1] == ("answer", "pending", WITHHELD)


def test_a_new_name_in_an_answer_is_an_identification_and_guards_the_place(reference: Session) -> None:
    """L13: the strictest of all names ever given counts, whoever gave it."""
    set_up(reference)
    record, question = asked(reference, taxon={"name_zh": "花面狸"})
    id_ = UUID(record["id"])
    before = reference.get_one(DisclosedPlaceRow, id_).level
    outcomes(reference, answer(record, question, taxon={"name_zh": "穿山甲", "confidence": "确定"}))
    reference.expire_all()
    name = last_of(reference, [id_])[id_]
    assert (name.name_zh, name.confidence, name.version_digest) == ("穿山甲", "确定", None)
    assert (before, reference.get_one(DisclosedPlaceRow, id_).level) == (0, 1)
    assert acts(reference, record)[-1][:2] == ("answer", "pending")


WHERE = {"qualifier": "疑似，瀑布沟", "method": "看脚印 25.1234,112.9287", "confidence": "在瀑布沟确定"}


@pytest.mark.parametrize("name", ["怪兽 25.1234,112.9287", "怪兽（莽山瀑布沟）"])
def test_l11_no_name_of_a_guarded_record_tells_its_place(reference: Session, name: str) -> None:
    """Neither the one that the observer wrote, nor the one answered with, nor the taxon that is made of it for everybody."""
    set_up(reference)
    named = {"name_zh": name, "scientific_name": None, **WHERE}
    record, question = asked(reference, taxon=records.PANGOLIN)
    strange, _ = asked(reference, taxon=named)
    assert outcomes(reference, answer(record, question, taxon=named)) == ["accepted"]
    for one in (record, strange):
        shown = all_of(reference, UUID(one["id"]))
        assert not [row for row in shown if "25.1" in str(row) or "瀑布" in str(row)], shown
    positions = select(TaxonName.name).where(TaxonName.name.contains("25.1234"))
    assert reference.scalars(positions).all() == []


def test_l9_when_an_answer_came_is_told_as_coarsely_as_when_the_record_did(reference: Session) -> None:
    set_up(reference)
    for taxon, told in ((records.PANGOLIN, "-01T00:00:00+08:00"), (records.EGRET, CLOCK.now().isoformat()[10:])):
        record, question = asked(reference, taxon=taxon)
        outcomes(reference, answer(record, question))
        assert history(reference, UUID(record["id"]))[-1]["decided_at"].endswith(told)
