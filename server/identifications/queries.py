"""Which name stands, and every name ever given."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from server.identifications.model import Decision, Identification
from server.sensitivity.generalising import time_text
from server.sensitivity.model import ShownRecord
from shared.clock import CHINA

OBSERVER = "记录人"


def last_of(session: Session, ids: Sequence[UUID]) -> dict[UUID, Identification]:
    """The last identification of each occurrence, whoever made it; one made to check another stands for nothing."""
    rows = session.scalars(
        select(Identification)
        .outerjoin(Decision, Decision.id == Identification.decision_id)
        .where(Identification.occurrence_id.in_(ids), Decision.action.is_distinct_from("check"))
        .ext(distinct_on(Identification.occurrence_id))
        .order_by(Identification.occurrence_id, Identification.received_at.desc(), Identification.id.desc())
    )
    return {row.occurrence_id: row for row in rows}


def named_now(session: Session, ids: Sequence[UUID]) -> dict[UUID, UUID | None]:
    """The taxon of the last identification of each."""
    return {id_: row.taxon_id for id_, row in last_of(session, ids).items()}


def all_of(session: Session, occurrence_id: UUID) -> list[dict[str, Any]]:
    """Every name that was ever given, the oldest first; when, no finer than the record's level tells."""
    level = session.scalar(select(ShownRecord.level).where(ShownRecord.id == occurrence_id)) or 0
    query = (
        select(Identification, Decision)
        .outerjoin(Decision, Decision.id == Identification.decision_id)
        .where(Identification.occurrence_id == occurrence_id)
        .order_by(Identification.received_at, Identification.id)
    )
    return [
        {
            "scientific_name": one.scientific_name,
            "name_zh": one.name_zh,
            "qualifier": one.qualifier,
            "method": one.method,
            "confidence": one.confidence,
            "by": decision.actor_role if decision else OBSERVER,
            "action": decision.action if decision else None,
            "identified_on": time_text(level, one.identified_at.astimezone(CHINA).date().isoformat()),
        }
        for one, decision in session.execute(query)
    ]
