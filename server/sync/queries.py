"""What a tablet asks: its surveys, and what became of its own records."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.model import Device
from server.ledger.model import Ledger, VersionRow
from server.surveys.model import Survey

PAGE = 200


def surveys_for(session: Session, _device: Device) -> list[dict[str, str]]:
    return [
        {"survey_id": str(row.id), "title": row.title, "kind": row.kind, "dataset_id": str(row.dataset_id)}
        for row in session.scalars(select(Survey).order_by(Survey.created_at, Survey.id))
    ]


def changes_for(session: Session, device: Device, cursor: int, limit: int) -> dict[str, Any]:
    """Changes of the records that the person wrote in, whoever made them, after the cursor; no body, so no place."""
    limit = max(1, min(limit, PAGE))
    own = select(VersionRow.id).where(VersionRow.author == device.person_id)
    query = (
        select(VersionRow.change_no, VersionRow.id, Ledger.kind, Ledger.state, Ledger.head_digest)
        .join(Ledger, Ledger.id == VersionRow.id)
        .where(VersionRow.id.in_(own), VersionRow.change_no > cursor)
        .order_by(VersionRow.change_no)
        .limit(limit + 1)
    )
    rows = session.execute(query).all()
    page = rows[:limit]
    return {
        "changes": [
            {"change_no": row[0], "record_id": str(row[1]), "kind": row[2], "state": row[3], "head_digest": row[4]}
            for row in page
        ],
        "cursor": page[-1][0] if page else cursor,
        "more": len(rows) > limit,
    }
