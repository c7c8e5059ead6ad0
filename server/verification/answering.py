"""What observers answer to a reviewer's question: the record waits again at the level that asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.identifications.model import Decision, Identification
from server.ledger.model import VersionRow
from server.sensitivity.generalising import moment, naming_words, taxon_name, tells_recorder
from server.sensitivity.model import ShownRecord
from server.sensitivity.relevelling import relevel
from server.sensitivity.scoping import place_in_lists
from server.sensitivity.words import without_position
from server.taxa.queries import resolve_many
from server.taxa.service import ensure_taxa
from server.verification.model import Review
from server.verification.service import run_rules
from shared.clock import FixedClock
from shared.ids import uuid7

ANSWER = "identification_answer"
OBSERVER_ROLE = "记录人"
WITHHELD = "记录人已答复；敏感记录的文字随记录保存，经批准可查阅"


@dataclass(frozen=True)
class Answer:
    """`id` is the answer's own record."""

    id: UUID
    author: UUID
    body: Mapping[str, Any]


def take_answers(session: Session, now: datetime, answers: Sequence[Answer]) -> None:
    """Each answer counts once, from an author of the record alone; one to a question that no longer waits is kept and moves nothing."""
    if not answers:
        return
    known = set(
        session.scalars(
            select(Decision.answer_record_id).where(Decision.answer_record_id.in_([one.id for one in answers]))
        )
    )
    for answer in sorted(answers, key=lambda one: str(one.id)):
        if answer.id not in known:
            _take(session, now, answer)


def _take(session: Session, now: datetime, answer: Answer) -> None:
    record_id, question_id = UUID(answer.body["occurrence_id"]), UUID(answer.body["decision_id"])
    question = session.get(Decision, question_id)
    review = session.get(Review, record_id, with_for_update=True)
    if question is None or review is None or question.record_id != record_id or not _wrote(session, answer, record_id):
        return
    waits = review.state == "asked" and _last_of(session, record_id) == question_id
    state = "pending" if waits else review.state
    level = session.scalar(select(ShownRecord.level).where(ShownRecord.id == record_id)) or 0
    decision = Decision(
        id=uuid7(),
        record_id=record_id,
        action="answer",
        state=state,
        queue=review.queue,
        actor_id=answer.author,
        actor_name=str(answer.author),
        actor_role=OBSERVER_ROLE,
        # Free words may name the place: those about a guarded record stay with the answer itself.
        message=WITHHELD if level else answer.body["answer"],
        answers_id=question_id,
        answer_record_id=answer.id,
        decided_at=now,
    )
    session.add(decision)
    session.flush()
    review.state = state
    if answer.body["taxon"] is not None and waits:
        _name(session, now, decision, answer.body["taxon"], level)


def _wrote(session: Session, answer: Answer, record_id: UUID) -> bool:
    query = select(VersionRow.id).where(VersionRow.id == record_id, VersionRow.author == answer.author).limit(1)
    return session.scalar(query) is not None


def _last_of(session: Session, record_id: UUID) -> UUID | None:
    """The question that waits; a decision's id is of its time."""
    query = select(Decision.id).where(Decision.record_id == record_id, Decision.action == "ask")
    return session.scalar(query.order_by(Decision.decided_at.desc(), Decision.id.desc()).limit(1))


def _name(session: Session, now: datetime, decision: Decision, taxon: Mapping[str, Any], level: int) -> None:
    """What the observer now takes it for is one more identification, with its own confidence and method."""
    pair = (without_position(taxon["scientific_name"] or taxon["verbatim_name"]), without_position(taxon["name_zh"]))
    ensure_taxa(session, [pair] if any(pair) else [])
    found = resolve_many(session, [pair])[0]
    told = dict(taxon)
    if level:
        is_listed = found is not None and found.status != "provisional"
        told |= {name: taxon_name(taxon[name], is_listed) for name in ("scientific_name", "name_zh")}
        told |= {name: naming_words(taxon[name]) for name in ("qualifier", "method", "confidence")}
    session.add(
        Identification(
            id=uuid7(),
            occurrence_id=decision.record_id,
            version_digest=None,
            decision_id=decision.id,
            taxon_id=UUID(found.taxon_id) if found else None,
            scientific_name=told["scientific_name"],
            name_zh=told["name_zh"],
            verbatim_name=None,
            qualifier=told["qualifier"],
            method=told["method"] or "eye",
            confidence=told["confidence"],
            identified_by=decision.actor_id if tells_recorder(level) else None,
            identified_at=moment(level, now),
            received_at=now,
        )
    )
    session.flush()
    relevel(session, OBSERVER_ROLE, FixedClock(now), [decision.record_id], "identification")
    place_in_lists(session, [decision.record_id])
    run_rules(session, now, [decision.record_id])
