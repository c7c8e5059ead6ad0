"""Which name stands, and every name ever given."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from server.identifications.model import Identification


def last_of(session: Session, ids: Sequence[UUID]) -> dict[UUID, Identification]:
    """The last identification of each occurrence, whoever made it."""
    rows = session.scalars(
        select(Identification)
        .where(Identification.occurrence_id.in_(ids))
        .ext(distinct_on(Identification.occurrence_id))
        .order_by(Identification.occurrence_id, Identification.received_at.desc(), Identification.id.desc())
    )
    return {row.occurrence_id: row for row in rows}


def named_now(session: Session, ids: Sequence[UUID]) -> dict[UUID, UUID | None]:
    """The taxon of the last identification of each."""
    return {id_: row.taxon_id for id_, row in last_of(session, ids).items()}
