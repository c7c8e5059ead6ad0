"""Second looks at the share that a survey's profile asks for: a transect walked again, a name given blind, a voucher looked at. Each is a
record of its own, linked to its original; the name that stands does not change by it."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from server.accounts.viewer import Viewer
from server.audit.service import log
from server.db import EVERYTHING, looking_through
from server.events.model import Event
from server.identifications.model import Decision, Identification
from server.identifications.queries import last_of
from server.ledger.model import VersionRow
from server.ledger.service import number_decisions
from server.media.model import MediaSubject
from server.occurrences.model import Occurrence
from server.sensitivity.relevelling import relevel
from server.sensitivity.scoping import place_in_lists
from server.surveys.queries import one as find_survey
from server.taxa.queries import by_ids
from server.taxa.rules import ResolvedTaxon
from server.verification.deciding import known_taxon, role_of
from server.verification.model import QualityCheck, Review
from shared.clock import Clock
from shared.ids import uuid7
from shared.problems import Problem

KINDS: Mapping[str, str] = {"rewalk": "重走", "blind": "盲鉴", "voucher": "凭证核对"}
_VISITED_AGAIN = ("transect", "plot", "quadrat", "point")


@cache
def shares() -> Mapping[str, Mapping[str, str]]:
    """By survey profile and kind of check, of all originals."""
    found: Mapping[str, Mapping[str, str]] = json.loads(
        Path(__file__).with_name("check_shares.json").read_text(encoding="utf-8")
    )
    return found


def draw(session: Session, viewer: Viewer, clock: Clock, survey_id: UUID, kind: str) -> list[QualityCheck]:
    """As many more originals as the share asks for now, by a digest of their ids, so that nobody chooses which."""
    survey = find_survey(session, viewer.scopes, survey_id)
    share = shares().get(survey.profile, {}).get(kind)
    if share is None:
        raise Problem("invalid", f"调查提纲 {survey.profile} 没有规定{KINDS[kind]}的比例", field="kind")
    originals = session.scalars(_originals(kind, survey_id)).all()
    drawn = set(
        session.scalars(
            select(QualityCheck.original_id).where(QualityCheck.survey_id == survey_id, QualityCheck.kind == kind)
        )
    )
    wanted = math.ceil(Decimal(share) * len(originals)) - len(drawn)
    left = sorted((id_ for id_ in originals if id_ not in drawn), key=lambda id_: _lot(kind, id_))
    made = [
        QualityCheck(
            id=uuid7(),
            kind=kind,
            survey_id=survey_id,
            original_id=id_,
            state="open",
            drawn_by=viewer.name,
            drawn_at=clock.now(),
            share=share,
        )
        for id_ in left[: max(0, wanted)]
    ]
    session.add_all(made)
    session.flush()
    log(session, clock, viewer.name, "draw_checks", str(survey_id), {"kind": kind, "drawn": len(made)})
    return made


def _lot(kind: str, id_: UUID) -> bytes:
    return hashlib.sha256(f"{kind}|{id_}".encode()).digest()


def _originals(kind: str, survey_id: UUID) -> Select[UUID]:
    if kind == "rewalk":
        return select(Event.id).where(Event.survey_id == survey_id, Event.event_type.in_(_VISITED_AGAIN))
    rejected = select(Review.record_id).where(Review.state == "rejected")
    query = select(Occurrence.id).where(
        Occurrence.survey_id == survey_id, Occurrence.occurrence_status == "present", Occurrence.id.not_in(rejected)
    )
    if kind == "blind":
        return query.where(Occurrence.id.in_(select(MediaSubject.subject_id)))
    return query.where(Occurrence.evidence_class == "specimen")


def listed(session: Session, state: str | None, kind: str | None, survey_id: UUID | None) -> Sequence[QualityCheck]:
    """Of the originals that this session may see, the oldest first."""
    query = select(QualityCheck).order_by(QualityCheck.drawn_at, QualityCheck.id)
    for column, value in (
        (QualityCheck.state, state),
        (QualityCheck.kind, kind),
        (QualityCheck.survey_id, survey_id),
    ):
        query = query.where(column == value) if value is not None else query
    return session.scalars(query.limit(500)).all()


def finish(session: Session, viewer: Viewer, clock: Clock, check_id: UUID, given: Mapping[str, Any]) -> QualityCheck:
    """`given`: repeat_id of a walk; taxon of a blind naming; found, catalogue_number and taxon of a voucher. Problem `not_found`,
    `already_decided`, and `not_allowed` for whoever made the original."""
    check = session.get(QualityCheck, check_id, with_for_update=True)
    if check is None:
        raise Problem("not_found")
    if check.state == "done":
        raise Problem("already_decided", "这项抽查已经有结果")
    with looking_through(session, EVERYTHING):
        _refuse_own(session, viewer, check)
        if check.kind == "rewalk":
            check.repeat_id = given["repeat_id"]
            check.outcome = _walked_again(session, check)
        else:
            _named_again(session, viewer, clock, check, given)
        check.state, check.done_by, check.done_at = "done", viewer.person_id, clock.now()
        session.flush()
        number_decisions(session)
        log(session, clock, viewer.name, "finish_check", str(check.id), {"kind": check.kind, "agrees": check.agrees})
    return check


def _refuse_own(session: Session, viewer: Viewer, check: QualityCheck) -> None:
    if viewer.person_id is None:
        raise Problem("not_allowed", "抽查要由有姓名的审核员完成")
    wrote = select(VersionRow.id).where(VersionRow.id == check.original_id, VersionRow.author == viewer.person_id)
    named = select(Identification.id).where(
        Identification.occurrence_id == check.original_id, Identification.identified_by == viewer.person_id
    )
    if session.scalar(wrote.limit(1)) is not None or session.scalar(named.limit(1)) is not None:
        raise Problem("not_allowed", "记录过或鉴定过原记录的人不能抽查它")


def _walked_again(session: Session, check: QualityCheck) -> dict[str, Any]:
    """How much of what was found either time was found both times (Sørensen); guarded finds are linked to no walk and not counted."""
    if check.repeat_id is None:
        raise Problem("invalid", "请给出重走的调查事件", field="repeat_id")
    walks = {
        row.id: row for row in session.scalars(select(Event).where(Event.id.in_([check.original_id, check.repeat_id])))
    }
    original, again = walks.get(check.original_id), walks.get(check.repeat_id)
    if again is None or original is None or original.id == again.id:
        raise Problem("not_found")
    if (original.survey_id, original.sampling_protocol) != (again.survey_id, again.sampling_protocol):
        raise Problem("invalid", "重走应属同一调查项目，用同一方法", field="repeat_id")
    authors = [
        set(session.scalars(select(VersionRow.author).where(VersionRow.id == one))) for one in (original.id, again.id)
    ]
    if authors[0] & authors[1]:
        raise Problem("invalid", "重走应由另一人完成", field="repeat_id")
    first, second = (_found_on(session, one) for one in (original.id, again.id))
    both, total = len(first & second), len(first) + len(second)
    similarity = f"{2 * both / total:.3f}" if total else None
    return {"original_taxa": len(first), "repeat_taxa": len(second), "shared_taxa": both, "sorensen": similarity}


def _found_on(session: Session, event_id: UUID) -> set[UUID]:
    ids = session.scalars(
        select(Occurrence.id).where(Occurrence.event_id == event_id, Occurrence.occurrence_status == "present")
    ).all()
    return {row.taxon_id for row in last_of(session, ids).values() if row.taxon_id}


def _named_again(session: Session, viewer: Viewer, clock: Clock, check: QualityCheck, given: Mapping[str, Any]) -> None:
    standing = last_of(session, [check.original_id]).get(check.original_id)
    before = by_ids(session, [str(standing.taxon_id)]) if standing and standing.taxon_id else {}
    was = next(iter(before.values()), None)
    names = given["taxon"] or {}
    if check.kind == "voucher" and not given["found"]:
        check.agrees, check.outcome = False, {"found": False}
        return
    now = known_taxon(session, names.get("scientific_name"), names.get("name_zh"))
    check.identification_id = _identify(session, viewer, clock, check, now, given)
    check.agrees = was is not None and bool(set(was.own_ids) & set(now.own_ids))
    check.outcome = {"scientific_name": now.scientific_name, "name_zh": now.name_zh}
    if check.kind == "voucher":
        check.outcome |= {"found": True, "catalogue_number": given["catalogue_number"]}
    relevel(session, viewer.name, clock, [check.original_id], "identification")
    place_in_lists(session, [check.original_id])


def _identify(
    session: Session,
    viewer: Viewer,
    clock: Clock,
    check: QualityCheck,
    taxon: ResolvedTaxon,
    given: Mapping[str, Any],
) -> UUID:
    """An identification like any other, that stands for nothing but itself: its act is a check."""
    review = session.get(Review, check.original_id)
    act = Decision(
        id=uuid7(),
        record_id=check.original_id,
        action="check",
        state=review.state if review else "pending",
        queue=review.queue if review else "county",
        actor_id=viewer.person_id,
        actor_name=viewer.name,
        actor_role=role_of(viewer),
        reason_code=check.kind,
        decided_at=clock.now(),
    )
    session.add(act)
    session.flush()
    made = Identification(
        id=uuid7(),
        occurrence_id=check.original_id,
        decision_id=act.id,
        taxon_id=UUID(taxon.taxon_id),
        scientific_name=taxon.scientific_name,
        name_zh=taxon.name_zh,
        qualifier=given["qualifier"],
        method="specimen" if check.kind == "voucher" else "photo",
        confidence=given["confidence"],
        identified_by=viewer.person_id,
        identified_at=clock.now(),
        received_at=clock.now(),
    )
    session.add(made)
    session.flush()
    return made.id
