"""What reviewers do with records: each act is a decision with its actor, and each name given an identification."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.rights import ROLES, ROLES_ZH, VERIFY
from server.accounts.viewer import Viewer
from server.audit.service import log
from server.db import EVERYTHING, looking_through
from server.identifications.model import Decision, Identification
from server.identifications.queries import last_of
from server.ledger.model import VersionRow
from server.ledger.service import number_decisions
from server.sensitivity.relevelling import relevel
from server.sensitivity.scoping import place_in_lists, shown_ids
from server.sensitivity.service import standings
from server.taxa.queries import by_ids, resolve_many
from server.taxa.rules import ResolvedTaxon
from server.verification import firsts
from server.verification.judging import judged_digest
from server.verification.model import Review
from server.verification.queries import LEVELS, LEVELS_ZH, may_decide, standing_findings
from server.verification.rules import FLAG
from server.verification.service import run_rules
from shared.clock import Clock
from shared.ids import uuid7
from shared.problems import Problem
from shared.wire.standing import Standing

ACTIONS: Mapping[str, str] = {
    "confirm": "确认",
    "reidentify": "改定",
    "ask": "请记录人补充",
    "reject": "退回",
    "escalate": "上报",
}
_STATE_AFTER = {
    "confirm": "confirmed",
    "reidentify": "reidentified",
    "ask": "asked",
    "reject": "rejected",
    "escalate": "escalated",
}
_OPEN = frozenset({"pending", "asked", "escalated"})
MOST = 200


@dataclass(frozen=True)
class Order:
    """What to do; the names with `reidentify` alone, `message` always with `ask` and `reject`. `overrule`: decide anew what was decided."""

    action: str
    message: str | None = None
    scientific_name: str | None = None
    name_zh: str | None = None
    qualifier: str | None = None
    method: str | None = None
    confidence: str | None = None
    overrule: bool = False


def decide(session: Session, viewer: Viewer, clock: Clock, ids: Sequence[UUID], order: Order) -> list[Decision]:
    """One decision a record, in the order given. The session sees what the viewer may verify; Problem where one of the records is not
    there, not theirs to decide, decided already, or where several do not agree in what is held against them. Commits nothing."""
    taxon = _named(session, order)
    _check(order)
    reviews = _reviews(session, viewer, ids, order)
    with looking_through(session, EVERYTHING):
        _refuse_own(session, viewer, ids, order)
        _refuse_disagreement(session, ids)
        now, stands = clock.now(), standings(session, ids)
        made = [_decision(viewer, now, reviews[id_], order) for id_ in ids]
        session.add_all(made)
        session.flush()
        if order.action in ("confirm", "reidentify"):
            _identify(session, viewer, now, made, stands, (order, taxon))
        if order.action == "reidentify":
            # Kept as closely as the strictest of all its names; whoever sees its group, sees it now.
            relevel(session, viewer.name, clock, ids, "identification")
            place_in_lists(session, ids)
            run_rules(session, now, ids, stands)
        _settle(session, [(reviews[one.record_id], one) for one in made], stands)
        number_decisions(session)
        detail = {"action": order.action, "decisions": [str(one.id) for one in made]}
        log(session, clock, viewer.name, "decide", f"{len(made)} records", detail)
    return made


def _check(order: Order) -> None:
    if order.action in ("ask", "reject") and not (order.message or "").strip():
        raise Problem("invalid", f"{ACTIONS[order.action]}时要写明理由", field="message")
    if order.overrule and not (order.message or "").strip():
        raise Problem("invalid", "改变已有的审核结论时要写明理由", field="message")


def _named(session: Session, order: Order) -> ResolvedTaxon | None:
    given = order.scientific_name or order.name_zh
    if order.action != "reidentify":
        if given:
            raise Problem("invalid", "只有改定时才给出名称", field="taxon")
        return None
    if not given:
        raise Problem("invalid", "改定时要给出名称", field="taxon")
    return known_taxon(session, order.scientific_name, order.name_zh)


def known_taxon(session: Session, scientific_name: str | None, name_zh: str | None) -> ResolvedTaxon:
    """A reviewer's word is a name of the lists; Problem otherwise."""
    found = resolve_many(session, [(scientific_name, name_zh)])[0] if scientific_name or name_zh else None
    if found is None or found.status == "provisional":
        given = scientific_name or name_zh or ""
        raise Problem("invalid", f"名录中没有“{given}”；请核对名称，或先把它加入名录", field="taxon")
    return found


def _reviews(session: Session, viewer: Viewer, ids: Sequence[UUID], order: Order) -> dict[UUID, Review]:
    """Locked in id order, so that of two who decide at once the second sees what the first decided."""
    if len(set(ids)) != len(ids):
        raise Problem("invalid", "同一条记录不能列两次", field="record_ids")
    query = select(Review).where(Review.record_id.in_(ids)).order_by(Review.record_id)
    found = {row.record_id: row for row in session.scalars(query.with_for_update(of=Review))}
    if len(found) != len(ids):
        raise Problem("not_found")
    reached = set(session.scalars(select(Review.record_id).where(Review.record_id.in_(ids), may_decide(viewer))))
    for review in found.values():
        if review.record_id not in reached:
            told = f"记录已在{LEVELS_ZH[review.queue]}审核，由上级决定"
            raise Problem("not_allowed", told, records=_named_as_shown(session, [review.record_id]))
    decided = [review.record_id for review in found.values() if review.state not in _OPEN]
    if decided and not order.overrule:
        told = f"{len(decided)} 条记录已有审核结论；改变它须用 overrule 并写明理由"
        raise Problem("already_decided", told, records=_named_as_shown(session, decided))
    if order.action == "escalate" and any(review.queue == LEVELS[-1] for review in found.values()):
        raise Problem("invalid", "省级之上没有上级", field="action")
    return found


def _named_as_shown(session: Session, ids: Sequence[UUID]) -> list[str]:
    return sorted(map(str, shown_ids(session, ids).values()))


def _refuse_own(session: Session, viewer: Viewer, ids: Sequence[UUID], order: Order) -> None:
    if viewer.person_id is None:
        raise Problem("not_allowed", "审核要由有姓名的审核员作出")
    own = select(VersionRow.id).where(VersionRow.id.in_(ids), VersionRow.author == viewer.person_id).limit(1)
    if order.action != "escalate" and session.scalar(own) is not None:
        raise Problem("not_allowed", "不能审核自己的记录；请上报")


def _refuse_disagreement(session: Session, ids: Sequence[UUID]) -> None:
    """Several at once only where the same is held against each of them, or nothing."""
    findings = standing_findings(session, ids)
    held = {frozenset(one.rule_id for one in findings.get(id_, ()) if one.severity == FLAG) for id_ in ids}
    if len(held) > 1:
        raise Problem("decide_apart")


def _decision(viewer: Viewer, now: datetime, review: Review, order: Order) -> Decision:
    return Decision(
        id=uuid7(),
        record_id=review.record_id,
        action=order.action,
        state=_STATE_AFTER[order.action],
        queue=_queue_after(review.queue, order.action),
        actor_id=viewer.person_id,
        actor_name=viewer.name,
        actor_role=role_of(viewer),
        message=order.message,
        reason_code=None,
        decided_at=now,
    )


def _queue_after(queue: str, action: str) -> str:
    return LEVELS[LEVELS.index(queue) + 1] if action == "escalate" else queue


def role_of(viewer: Viewer) -> str:
    roles = [held.role for held in viewer.held if VERIFY in ROLES[held.role]]
    order = list(ROLES)
    return ROLES_ZH[max(roles, key=order.index)] if roles else "审核员"


def _identify(
    session: Session,
    viewer: Viewer,
    now: datetime,
    made: Sequence[Decision],
    stands: Mapping[UUID, Standing],
    given: tuple[Order, ResolvedTaxon | None],
) -> None:
    """A confirmation is an identification too: the reviewer gives the name that stands."""
    order, taxon = given
    occurrences = [one for one in made if stands[one.record_id].kind == "occurrence"]
    if taxon is not None and len(occurrences) != len(made):
        raise Problem("invalid", "只有物种记录可以改定名称", field="record_ids")
    before = last_of(session, [one.record_id for one in occurrences])
    known = by_ids(session, [str(one.taxon_id) for one in before.values() if one.taxon_id])
    for one in occurrences:
        last = before.get(one.record_id)
        name = taxon or (known.get(str(last.taxon_id)) if last else None)
        if name is None or last is None:
            raise Problem("invalid", "记录的名称还没有定；请改定", field="action")
        session.add(
            Identification(
                id=uuid7(),
                occurrence_id=one.record_id,
                version_digest=None,
                decision_id=one.id,
                taxon_id=UUID(name.taxon_id),
                scientific_name=name.scientific_name,
                name_zh=name.name_zh,
                verbatim_name=None,
                qualifier=order.qualifier if taxon else order.qualifier or last.qualifier,
                method=order.method or last.method,
                confidence=order.confidence or (None if taxon else last.confidence),
                identified_by=viewer.person_id,
                identified_at=now,
                received_at=now,
            )
        )
    session.flush()


def _settle(session: Session, decided: Sequence[tuple[Review, Decision]], stands: Mapping[UUID, Standing]) -> None:
    for review, decision in decided:
        final = decision.state not in _OPEN
        review.state, review.queue = decision.state, decision.queue
        review.decided_in = decision.queue if final else None
        review.judged_digest = judged_digest(stands[decision.record_id].body or {}) if final else None
    session.flush()
    firsts.forget(session, [review.record_id for review, _ in decided if review.state == "rejected"])
