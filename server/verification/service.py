"""Runs the rules on records, keeps what they found, and gives every occurrence its place in the queue."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from server.db import EVERYTHING, among, looking_through, put
from server.identifications.model import Decision
from server.ledger.service import number_decisions
from server.media.model import MediaItem
from server.sensitivity.checked import Checked
from server.sensitivity.facts import gather
from server.verification import firsts
from server.verification.cases import affected, make_cases
from server.verification.defaults import ensure_rules
from server.verification.judging import judged_digest
from server.verification.model import Review, RuleFinding
from server.verification.queries import rules_in_force
from server.verification.rules import FLAG, Case, Rule, judge
from shared.ids import uuid7
from shared.wire.standing import Standing

RULES_ROLE = "自动规则"
_DECIDED = frozenset({"confirmed", "reidentified", "rejected"})
_Found = Mapping[tuple[UUID, str], tuple[Rule, str]]


def run_rules(
    session: Session, now: datetime, ids: Collection[UUID], known: Mapping[UUID, Standing] | None = None
) -> int:
    """On these records and on what they bear on (a photo on its subjects, a track on what was found along it); how many were checked.

    Whoever asks, the rules see everything: a duplicate or a first record is one wherever the other lies."""
    with looking_through(session, EVERYTHING):
        ensure_rules(session, now)
        checked = gather(session, affected(session, ids, known), known)
        if not checked:
            return 0
        cases = make_cases(session, checked, now)
        found = apply(rules_in_force(session), cases.values())
        newly_flagged = _keep(session, now, list(cases), found)
        _queue(session, checked, {id_ for (id_, _), (rule, _) in found.items() if rule.severity == FLAG})
        _reopen(session, now, checked, newly_flagged)
        return len(cases)


def photo_came(session: Session, now: datetime, sha256: str) -> int:
    """The file itself may say where and when it was taken: the rules run again on what it shows."""
    with looking_through(session, EVERYTHING):
        media = session.scalars(select(MediaItem.id).where(MediaItem.sha256 == sha256)).all()
        checked = run_rules(session, now, media)
        number_decisions(session)
    return checked


def withdraw(session: Session, ids: Collection[UUID]) -> None:
    """What was deleted waits for nobody; what was found and decided of it stays as history."""
    if not ids:
        return
    firsts.forget(session, ids)
    session.execute(delete(Review).where(Review.record_id.in_(ids)))


def apply(rules: Sequence[Rule], cases: Collection[Case]) -> dict[tuple[UUID, str], tuple[Rule, str]]:
    """(record, rule) → the rule's version and its words."""
    found = {}
    for case in cases:
        for rule in rules:
            words = judge(rule, case)
            if words is not None:
                found[case.checked.id, rule.rule_id] = (rule, words)
    return found


def _keep(session: Session, now: datetime, ids: Sequence[UUID], found: _Found) -> set[UUID]:
    """Findings that stand on, those that are gone and those that are new; the records with a new flag."""
    standing = {
        (row.record_id, row.rule_id): row
        for row in session.scalars(
            select(RuleFinding).where(among(RuleFinding.record_id, ids), RuleFinding.gone_at.is_(None))
        )
    }
    gone = [
        row.id
        for key, row in standing.items()
        if key not in found or (found[key][0].version, found[key][1]) != (row.rule_version, row.words_zh)
    ]
    if gone:
        session.execute(update(RuleFinding).where(RuleFinding.id.in_(gone)).values(gone_at=now))
    kept = {key for key, row in standing.items() if row.id not in set(gone)}
    fresh = {key: told for key, told in found.items() if key not in kept}
    if fresh:
        put(session, RuleFinding, [_row(now, key[0], *told) for key, told in fresh.items()])
    return {key[0] for key, (rule, _) in fresh.items() if rule.severity == FLAG and key not in standing}


def _row(now: datetime, record_id: UUID, rule: Rule, words: str) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "record_id": record_id,
        "rule_id": rule.rule_id,
        "rule_version": rule.version,
        "severity": rule.severity,
        "words_zh": words,
        "found_at": now,
    }


def _queue(session: Session, checked: Mapping[UUID, Checked], flagged: Collection[UUID]) -> None:
    """Every occurrence waits at its county; a patrol only where something is held against it."""
    rows: list[dict[str, Any]] = [
        {
            "record_id": id_,
            "state": "pending",
            "queue": "county",
            "flagged": id_ in flagged,
        }
        for id_, one in checked.items()
        if one.kind == "occurrence" or id_ in flagged
    ]
    if rows:
        put(session, Review, rows, "DO NOTHING")
    for value, some in ((True, set(flagged)), (False, set(checked) - set(flagged))):
        if not some:
            continue
        changed = (
            update(Review).where(among(Review.record_id, some), Review.flagged.is_not(value)).values(flagged=value)
        )
        session.execute(changed.execution_options(synchronize_session=False))


def _reopen(session: Session, now: datetime, checked: Mapping[UUID, Checked], newly_flagged: Collection[UUID]) -> None:
    """A decision was about the record as it was and about what was known: a changed one, or a new doubt, waits again."""
    decided = session.scalars(select(Review).where(among(Review.record_id, checked), Review.state.in_(_DECIDED)))
    for review in decided.all():
        changed = review.judged_digest is not None and review.judged_digest != judged_digest(
            checked[review.record_id].body
        )
        doubted = review.record_id in newly_flagged and review.state != "rejected"
        if changed or doubted:
            review.state, review.decided_in, review.judged_digest = "pending", None, None
            session.add(
                Decision(
                    id=uuid7(),
                    record_id=review.record_id,
                    action="reopen",
                    state="pending",
                    queue=review.queue,
                    actor_name="rules",
                    actor_role=RULES_ROLE,
                    message="记录已修改，需重新审核" if changed else "发现新的疑点，需重新审核",
                    reason_code="changed" if changed else "doubted",
                    decided_at=now,
                )
            )
    session.flush()
