"""What waits for whom, what was found and decided of a record, and which rules are in force."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Tuple, and_, case, exists, false, func, literal, or_, select, true, tuple_
from sqlalchemy.orm import Session

from server.accounts.rights import ROLES, VERIFY
from server.accounts.viewer import Viewer
from server.identifications.model import Decision
from server.identifications.queries import last_of
from server.media.model import MediaSubject
from server.sensitivity.generalising import moment
from server.sensitivity.model import DisclosedPlaceRow, RecordScope, ShownRecord
from server.taxa.queries import by_ids, resolve_many
from server.verification.defaults import ensure_rules
from server.verification.model import Review, RuleFinding, VerificationRule
from server.verification.rules import Rule
from shared.problems import Problem

LEVELS = ("county", "prefecture", "province")
LEVELS_ZH = {"county": "县级", "prefecture": "市州级", "province": "省级"}
_SENT = frozenset({"answer", "reopen"})
WAITING = ("pending", "escalated")
_REACH = {"prefecture": 1, "province": 2}
_GROUPS = 16
"""A scope's number holds its taxon group in the last four bits (server/accounts/scopes.py)."""


def rules_in_force(session: Session) -> list[Rule]:
    query = select(VerificationRule).where(VerificationRule.state == "active").order_by(VerificationRule.rule_id)
    return as_rules(session, session.scalars(query).all())


def as_rules(session: Session, rows: Sequence[VerificationRule]) -> list[Rule]:
    """With the names that the lists accept today."""
    names = sorted({row.scientific_name for row in rows if row.scientific_name})
    taxa = dict(zip(names, resolve_many(session, [(name, None) for name in names]), strict=True))
    accepted = {name: taxon.scientific_name if taxon else name for name, taxon in taxa.items()}
    return [
        Rule(
            row.rule_id,
            row.version,
            row.kind,
            row.severity,
            row.title_zh,
            row.reason_zh,
            accepted[row.scientific_name] if row.scientific_name else None,
            row.group_zh,
            tuple(row.county_codes),
            row.parameters,
        )
        for row in rows
    ]


def standing_findings(session: Session, ids: Collection[UUID]) -> dict[UUID, list[RuleFinding]]:
    found: dict[UUID, list[RuleFinding]] = {}
    query = select(RuleFinding).where(RuleFinding.record_id.in_(ids), RuleFinding.gone_at.is_(None))
    for row in session.scalars(query.order_by(RuleFinding.severity, RuleFinding.rule_id)):
        found.setdefault(row.record_id, []).append(row)
    return found


def may_decide(viewer: Viewer) -> ColumnElement[bool]:
    """Of reviews: those in a queue that one of the viewer's grants reaches, where it holds. A county's reviewer has the county's
    queue, a prefecture's that and its own, the province's all."""
    if not viewer.held:
        return true()
    conditions = []
    for reach, level in enumerate(LEVELS):
        numbers = frozenset().union(
            *(
                held.scopes
                for held in viewer.held
                if VERIFY in ROLES[held.role] and _REACH.get(held.area_kind, 0) >= reach
            )
        )
        conditions.append(and_(Review.queue == level, _lies_in(numbers)))
    return or_(*conditions)


def _lies_in(numbers: frozenset[int]) -> ColumnElement[bool]:
    if 0 in numbers:
        return true()
    if not numbers:
        return false()
    whole = [number // _GROUPS for number in numbers if number % _GROUPS == 0]
    of_groups = [
        and_(RecordScope.scope_no == number // _GROUPS, RecordScope.groups.op("&")(1 << number % _GROUPS) != 0)
        for number in sorted(numbers)
        if number % _GROUPS
    ]
    return exists().where(RecordScope.id == Review.record_id, or_(RecordScope.scope_no.in_(whole), *of_groups))


_RANK = case({level: n for n, level in enumerate(LEVELS)}, value=Review.queue)


def _filtered(viewer: Viewer, asked: dict[str, Any]) -> list[ColumnElement[bool]]:
    conditions = [may_decide(viewer), Review.state.in_(asked["states"] or WAITING)]
    if asked["queue"]:
        conditions.append(Review.queue == asked["queue"])
    if asked["county"]:
        conditions.append(DisclosedPlaceRow.county_code == asked["county"])
    if asked["flagged"] is not None:
        conditions.append(Review.flagged.is_(asked["flagged"]))
    if asked["rule"]:
        conditions.append(
            exists().where(
                RuleFinding.record_id == Review.record_id,
                RuleFinding.gone_at.is_(None),
                RuleFinding.rule_id == asked["rule"],
            )
        )
    return conditions


def waiting(
    session: Session, viewer: Viewer, asked: dict[str, Any], limit: int, after: tuple[str, ...] | None
) -> Sequence[Any]:
    """(review, shown record, disclosed place) in order of county, prefecture, province, the longest waiting first; one more than the
    limit. `asked`: queue, states, county, flagged, rule."""
    query = (
        _with_places()
        .where(*_filtered(viewer, asked))
        .order_by(_RANK, ShownRecord.listed_on, ShownRecord.listing_key)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(tuple_(_RANK, ShownRecord.listed_on, ShownRecord.listing_key) > _last(after))
    return session.execute(query).all()


def _last(after: tuple[str, ...]) -> Tuple:
    try:
        return tuple_(literal(int(after[0])), literal(date.fromisoformat(after[1])), literal(UUID(after[2])))
    except ValueError as error:
        raise Problem("invalid", "翻页标记无效；请从第一页开始", field="after") from error


def count_waiting(session: Session, viewer: Viewer, asked: dict[str, Any]) -> dict[str, int]:
    """By queue."""
    query = (
        select(Review.queue, func.count())
        .select_from(Review)
        .outerjoin(DisclosedPlaceRow, DisclosedPlaceRow.id == Review.record_id)
        .where(*_filtered(viewer, asked))
        .group_by(Review.queue)
    )
    counted = {row[0]: row[1] for row in session.execute(query)}
    return {level: counted.get(level, 0) for level in LEVELS}


def shown(session: Session, rows: Sequence[Any]) -> dict[UUID, dict[str, Any]]:
    """What a reviewer is told of each review, by record: nothing beyond the disclosed place."""
    ids = [row[0].record_id for row in rows]
    names, findings = last_of(session, ids), standing_findings(session, ids)
    photos = {
        row[0]: row[1]
        for row in session.execute(
            select(MediaSubject.subject_id, func.count())
            .where(MediaSubject.subject_id.in_(ids))
            .group_by(MediaSubject.subject_id)
        )
    }
    taxa = by_ids(session, [str(one.taxon_id) for one in names.values() if one.taxon_id])
    told = {}
    for review, record, place, _ in rows:
        name = names.get(review.record_id)
        taxon = taxa.get(str(name.taxon_id)) if name else None
        if taxon is not None and taxon.status == "provisional":
            taxon = None  # it is called as the observer wrote it, of which the gate left what may be told
        told[review.record_id] = {
            "record_id": str(record.shown_id),
            "kind": record.kind,
            "state": review.state,
            "queue": review.queue,
            "flagged": review.flagged,
            "listed_on": record.listed_on.isoformat(),
            "county_code": place.county_code if place else None,
            "county_name": place.county_name if place else None,
            "scientific_name": taxon.scientific_name if taxon else name.scientific_name if name else None,
            "name_zh": taxon.name_zh if taxon else name.name_zh if name else None,
            "group_zh": taxon.group_zh if taxon else None,
            "qualifier": name.qualifier if name else None,
            "method": name.method if name else None,
            "confidence": name.confidence if name else None,
            "photos": photos.get(review.record_id, 0),
            "findings": [finding_words(one) for one in findings.get(review.record_id, ())],
        }
    return told


def finding_words(one: RuleFinding) -> dict[str, Any]:
    return {
        "rule_id": one.rule_id,
        "version": one.rule_version,
        "severity": one.severity,
        "words_zh": one.words_zh,
    }


def one(session: Session, record_id: UUID) -> Any:
    """As `waiting` has it; None where nobody has to look at such a record."""
    return session.execute(_with_places().where(Review.record_id == record_id)).one_or_none()


def _with_places() -> Select[Any]:
    return (
        select(Review, ShownRecord, DisclosedPlaceRow, _RANK.label("rank"))
        .join(ShownRecord, ShownRecord.id == Review.record_id)
        .outerjoin(DisclosedPlaceRow, DisclosedPlaceRow.id == Review.record_id)
    )


def history(session: Session, record_id: UUID) -> list[dict[str, Any]]:
    """All that was decided of a record, the oldest first. What the observer sent last came at a time that the record's level holds."""
    level = session.scalar(select(ShownRecord.level).where(ShownRecord.id == record_id)) or 0
    query = (
        select(Decision)
        .where(Decision.record_id == record_id, Decision.action != "check")
        .order_by(Decision.change_no, Decision.id)
    )
    return [
        {
            "decision_id": str(row.id),
            "action": row.action,
            "state": row.state,
            "queue": row.queue,
            "decided_by": row.actor_role,
            "message": row.message,
            "decided_at": moment(level if row.action in _SENT else 0, row.decided_at).isoformat(),
        }
        for row in session.scalars(query)
    ]


def rule_rows(session: Session, now: datetime, state: str) -> Sequence[VerificationRule]:
    ensure_rules(session, now)
    query = select(VerificationRule).where(VerificationRule.state == state)
    return session.scalars(query.order_by(VerificationRule.rule_id, VerificationRule.version)).all()
