"""The observer's own naming arrives with the record and becomes its first identification."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from server.identifications.model import Identification
from shared.ids import uuid7


@dataclass(frozen=True)
class Naming:
    occurrence_id: UUID
    version_digest: str
    taxon: Mapping[str, Any]
    taxon_id: UUID | None
    identified_by: UUID
    identified_at: datetime
    received_at: datetime


def record(session: Session, namings: Sequence[Naming]) -> None:
    rows = [
        {
            "id": uuid7(),
            "occurrence_id": n.occurrence_id,
            "version_digest": n.version_digest,
            "taxon_id": n.taxon_id,
            "scientific_name": n.taxon["scientific_name"],
            "name_zh": n.taxon["name_zh"],
            "verbatim_name": n.taxon["verbatim_name"],
            "qualifier": n.taxon.get("qualifier"),
            "method": n.taxon.get("method") or "eye",
            "confidence": n.taxon.get("confidence"),
            "identified_by": n.identified_by,
            "identified_at": n.identified_at,
            "received_at": n.received_at,
        }
        for n in namings
    ]
    if rows:
        session.execute(insert(Identification).on_conflict_do_nothing(), rows)
