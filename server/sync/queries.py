"""What a tablet asks: its surveys, and what became of its own records."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from server.accounts.model import Device
from server.accounts.queries import viewer_of
from server.identifications.model import Decision, Identification
from server.ledger.model import Ledger, VersionRow
from server.surveys import queries as surveys
from shared.clock import Clock

PAGE = 200


def surveys_for(session: Session, clock: Clock, device: Device) -> list[dict[str, str]]:
    """Those of the person's grants, and those that name no county."""
    held = viewer_of(session, clock, device.person_id).held
    scopes = frozenset().union(*(grant.scopes for grant in held))
    return [
        {"survey_id": str(row.id), "title": row.title, "kind": row.kind, "dataset_id": str(row.dataset_id)}
        for row in sorted(surveys.visible(session, scopes), key=lambda row: (row.created_at, row.id))
    ]


def changes_for(session: Session, device: Device, cursor: int, limit: int) -> dict[str, Any]:
    """Changes of the records that the person wrote in, whoever made them, and what reviewers decided of them, after the cursor, in
    one order; no body, so no place."""
    limit = max(1, min(limit, PAGE))
    own = select(VersionRow.id).where(VersionRow.author == device.person_id)
    found = _versions(session, own, cursor, limit + 1) + _decisions(session, own, cursor, limit + 1)
    found.sort(key=lambda change: change["change_no"])
    page = found[:limit]
    return {
        "changes": page,
        "cursor": page[-1]["change_no"] if page else cursor,
        "more": len(found) > limit,
    }


_Ids = Select[UUID]


def _versions(session: Session, own: _Ids, cursor: int, most: int) -> list[dict[str, Any]]:
    query = (
        select(VersionRow.change_no, VersionRow.id, Ledger)
        .join(Ledger, Ledger.id == VersionRow.id)
        .where(VersionRow.id.in_(own), VersionRow.change_no > cursor)
        .order_by(VersionRow.change_no)
        .limit(most)
    )
    return [_change(number, id_, ledger) for number, id_, ledger in session.execute(query)]


def _decisions(session: Session, own: _Ids, cursor: int, most: int) -> list[dict[str, Any]]:
    query = (
        select(Decision, Ledger, Identification)
        .join(Ledger, Ledger.id == Decision.record_id)
        .outerjoin(Identification, Identification.decision_id == Decision.id)
        .where(Decision.record_id.in_(own), Decision.change_no > cursor, Decision.action != "check")
        .order_by(Decision.change_no)
        .limit(most)
    )
    return [
        _change(decision.change_no, decision.record_id, ledger) | {"review": _review(decision, name)}
        for decision, ledger, name in session.execute(query)
    ]


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
