"""Which name stands, and every name ever given."""

from collections.abc import Sequence
from typing import Any, TypeVarTuple
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from server.db import among
from server.identifications.model import Decision, Identification
from server.sensitivity.generalising import time_text
from server.sensitivity.model import ShownRecord
from shared.clock import CHINA

OBSERVER = "记录人"
_Asked = TypeVarTuple("_Asked")


def last_of(session: Session, ids: Sequence[UUID]) -> dict[UUID, Identification]:
    """The last identification of each occurrence, whoever made it; one made to check another stands for nothing."""
    return {row.occurrence_id: row for row in session.scalars(_last(select(Identification), ids))}


def named_now(session: Session, ids: Sequence[UUID]) -> dict[UUID, UUID | None]:
    """The taxon of the last identification of each."""
    columns = select(Identification.occurrence_id, Identification.taxon_id)
    return {row[0]: row[1] for row in session.execute(_last(columns, ids))}


def _last(asked: Select[*_Asked], ids: Sequence[UUID]) -> Select[*_Asked]:
    return (
        asked.outerjoin(Decision, Decision.id == Identification.decision_id)
        .where(among(Identification.occurrence_id, ids), Decision.action.is_distinct_from("check"))
        .ext(distinct_on(Identification.occurrence_id))
        .order_by(Identification.occurrence_id, Identification.received_at.desc(), Identification.id.desc())
    )


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
