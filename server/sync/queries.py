"""What a tablet asks: its surveys, and what became of its own records."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Uuid, func, null, select, union_all
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from server.accounts.model import Device, Person
from server.accounts.queries import viewer_of
from server.identifications.model import Decision, Identification
from server.ledger.model import Ledger, VersionRow
from server.ledger.service import DESK
from server.surveys import queries as surveys
from server.sync.conflicts import told_to_author
from shared.clock import Clock

PAGE = 200


def surveys_for(session: Session, clock: Clock, device: Device) -> list[dict[str, str]]:
    """Those of the person's grants, and those that name no county."""
    held = viewer_of(session, clock, device.person_id).held
    scopes = frozenset().union(*(grant.scopes for grant in held))
    return [
        {
            "survey_id": str(row.id),
            "title": row.title,
            "kind": row.kind,
            "dataset_id": str(row.dataset_id),
            "profile": row.profile,
        }
        for row in sorted(surveys.visible(session, scopes), key=lambda row: (row.created_at, row.id))
    ]


def known_of(session: Session, device: Device) -> dict[str, Any]:
    """The highest number that this device has used, and for which version: a copy of its store sees by it that it is one."""
    query = select(VersionRow.seq, VersionRow.digest).where(
        VersionRow.author == device.person_id,
        VersionRow.device == device.id,  # by the author's index
    )
    found = session.execute(query.order_by(VersionRow.seq.desc(), VersionRow.received_at).limit(1)).first()
    return {"known_seq": found.seq, "known_digest": found.digest} if found else {"known_seq": 0, "known_digest": ""}


def twins(session: Session) -> list[dict[str, Any]]:
    """Devices whose store was copied or put back: two of their versions bear the same number, as the store went on in two places, or a
    tablet saw it and took an id of its own."""
    doubled = (
        select(VersionRow.device, VersionRow.seq, func.max(VersionRow.received_at).label("latest"))
        .group_by(VersionRow.device, VersionRow.seq)
        .having(func.count() > 1)
        .subquery()
    )
    forked = select(Device.forked_from, Device.id).where(Device.forked_from.is_not(None)).order_by(Device.id)
    forks: dict[UUID | None, list[str]] = {}
    for old, new in session.execute(forked):
        forks.setdefault(old, []).append(str(new))
    query = (
        select(Device, Person.name, func.count(doubled.c.seq), func.max(doubled.c.latest))
        .outerjoin(doubled, doubled.c.device == Device.id)
        .join(Person, Person.id == Device.person_id)
        .where(doubled.c.device.is_not(None) | Device.id.in_(forks))
        .group_by(Device.id, Person.name)
        .order_by(Device.id)
    )
    return [
        {
            "device_id": str(device.id),
            "name": device.name,
            "person_name": person,
            "numbers": count,
            "latest": latest and latest.isoformat(),
            "forks": forks.get(device.id, []),
        }
        for device, person, count, latest in session.execute(query)
    ]


def changes_for(session: Session, device: Device, cursor: int, limit: int) -> dict[str, Any]:
    """Changes of the records that the person wrote in, whoever made them, and what reviewers decided of them, after the cursor, in
    one order; no body, so no place, but of a record in conflict what its author has to choose between."""
    limit = max(1, min(limit, PAGE))
    numbered = session.execute(_numbered(device.person_id, cursor, limit + 1)).all()
    page = numbered[:limit]
    earlier = _decided_before(session, device.person_id, cursor, page)
    told = _told(session, [*page, *earlier.values()])
    _tell_conflicts(session, device.person_id, page, told)
    return {
        "changes": [told[one] for row in page for one in (earlier.get(row), row) if one is not None and one in told],
        "cursor": page[-1].change_no if page else cursor,
        "more": len(numbered) > limit,
    }


def has_news(session: Session, device: Device, cursor: int) -> bool:
    return session.execute(_numbered(device.person_id, cursor, 1)).first() is not None


def _numbered(person_id: UUID, cursor: int, most: int) -> Select[Any]:
    """Versions and decisions by one statement, so of one moment: between two of them others may commit one of either, and a cursor
    that has passed the later number never comes back for the earlier."""
    own = select(VersionRow.id).where(VersionRow.author == person_id, VersionRow.device != DESK)
    versions = select(VersionRow.change_no, VersionRow.id, null().cast(Uuid).label("decision_id"))
    decisions = select(Decision.change_no, Decision.record_id, Decision.id).where(Decision.action != "check")
    parts = [
        part.where(number > cursor, id_.in_(own)).order_by(number).limit(most).subquery().select()
        for part, number, id_ in (
            (versions, VersionRow.change_no, VersionRow.id),
            (decisions, Decision.change_no, Decision.record_id),
        )
    ]
    both = union_all(*parts).subquery()
    return select(both).order_by(both.c.change_no).limit(most)


def _decided_before(session: Session, person_id: UUID, cursor: int, page: Sequence[Row[Any]]) -> dict[Row[Any], Any]:
    """What stood decided of a record when this person first wrote in it and the cursor had passed already, by the row of that writing."""
    wrote = {row.id: row for row in reversed(page) if row.decision_id is None}
    first = (
        select(VersionRow.id, func.min(VersionRow.change_no).label("change_no"))
        .where(VersionRow.author == person_id, VersionRow.device != DESK, VersionRow.id.in_(wrote))
        .group_by(VersionRow.id)
        .subquery()
    )
    latest = (
        select(Decision.change_no, Decision.record_id.label("id"), Decision.id.label("decision_id"))
        .join(first, first.c.id == Decision.record_id)
        .where(Decision.change_no < first.c.change_no, Decision.action != "check")
        .ext(distinct_on(Decision.record_id))
        .order_by(Decision.record_id, Decision.change_no.desc())
    )
    firsts = {row.id: row.change_no for row in session.execute(select(first))} if wrote else {}
    decided = {row.id: row for row in session.execute(latest)} if wrote else {}
    return {
        row: decided[row.id]
        for row in page
        if row.decision_id is None
        and row.id in decided
        and firsts[row.id] == row.change_no
        and decided[row.id].change_no <= cursor
    }


def _told(session: Session, rows: Sequence[Row[Any]]) -> dict[Row[Any], dict[str, Any]]:
    ids = {row.id for row in rows}
    states = {one.id: one for one in session.scalars(select(Ledger).where(Ledger.id.in_(ids)))} if ids else {}
    reviews = _reviews(session, {row.decision_id for row in rows if row.decision_id})
    return {
        row: _change(row.change_no, row.id, states[row.id])
        | ({"review": reviews[row.decision_id]} if row.decision_id else {})
        for row in rows
        if row.id in states
    }


def _tell_conflicts(
    session: Session, person_id: UUID, page: Sequence[Row[Any]], told: Mapping[Row[Any], dict[str, Any]]
) -> None:
    """With the last change of each record."""
    last = {row.id: row for row in page if row in told and told[row]["state"] == "conflict"}
    for id_, conflict in told_to_author(session, last, person_id).items() if last else ():
        told[last[id_]]["conflict"] = conflict


def _reviews(session: Session, ids: set[UUID]) -> dict[UUID, dict[str, Any]]:
    if not ids:
        return {}
    query = (
        select(Decision, Identification)
        .outerjoin(Identification, Identification.decision_id == Decision.id)
        .where(Decision.id.in_(ids))
    )
    return {decision.id: _review(decision, name) for decision, name in session.execute(query)}


def _change(number: int | None, id_: UUID, ledger: Ledger) -> dict[str, Any]:
    return {
        "change_no": number,
        "record_id": str(id_),
        "kind": ledger.kind,
        "state": ledger.state,
        "head_digest": ledger.head_digest,
    }


def _review(decision: Decision, name: Identification | None) -> dict[str, Any]:
    return {
        "decision_id": str(decision.id),
        "state": decision.state,
        "message": decision.message,
        "taxon": {"scientific_name": name.scientific_name, "name_zh": name.name_zh} if name else None,
        "decided_at": decision.decided_at.isoformat(),
        "decided_by": decision.actor_role,
    }
