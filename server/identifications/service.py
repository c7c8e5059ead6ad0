"""The observer's own naming arrives with the record and becomes its first identification."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db import among, put
from server.identifications.model import Identification
from server.ledger.model import VersionRow
from server.sensitivity.following import follow_identifications
from shared.ids import uuid7


@dataclass(frozen=True)
class Naming:
    """`version_digest`: the version that gave the name; whose it was and when, the ledger knows."""

    occurrence_id: UUID
    version_digest: str
    taxon: Mapping[str, Any]
    taxon_id: UUID | None
    received_at: datetime


def record(session: Session, namings: Sequence[Naming], levels: Mapping[UUID, int] = MappingProxyType({})) -> None:
    """`levels`: of guarded occurrences. Words as the observer wrote them may tell a place, and so may who wrote them and when: those of
    guarded occurrences stay with their versions."""
    givers = _givers(session, [n.occurrence_id for n in namings])
    rows = [
        {
            "id": uuid7(),
            "occurrence_id": n.occurrence_id,
            "version_digest": n.version_digest,
            "taxon_id": n.taxon_id,
            "scientific_name": n.taxon["scientific_name"],
            "name_zh": n.taxon["name_zh"],
            "verbatim_name": n.taxon["verbatim_name"],
            "qualifier": n.taxon["qualifier"],
            "method": n.taxon["method"] or "eye",
            "confidence": n.taxon["confidence"],
            "identified_by": givers[n.occurrence_id, n.version_digest][0],
            "identified_at": givers[n.occurrence_id, n.version_digest][1],
            "received_at": n.received_at,
        }
        for n in namings
    ]
    if rows:
        put(session, Identification, rows, "DO NOTHING")
    follow_identifications(session, levels)


def _givers(session: Session, ids: Sequence[UUID]) -> dict[tuple[UUID, str], tuple[UUID, datetime]]:
    """(author, time of saving) of each version of these records."""
    columns = select(VersionRow.id, VersionRow.digest, VersionRow.author, VersionRow.saved_at)
    return {(row[0], row[1]): (row[2], row[3]) for row in session.execute(columns.where(among(VersionRow.id, ids)))}
