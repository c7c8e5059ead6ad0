"""Where each record stands in lists, what it is called there, and which scopes it lies in."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db import EVERYTHING, looking_through
from server.sensitivity import precise
from server.sensitivity.model import ShownRecord
from shared.problems import Problem

_CHUNK = 2_000


def place_in_lists(session: Session, ids: Iterable[UUID]) -> None:
    """Tells anew the scopes, the level and the name of these records, and of the photos of them. To be called last: it reads
    what their places, namings, versions and levels say now."""
    wanted = sorted(set(ids))
    with looking_through(session, EVERYTHING):
        for start in range(0, len(wanted), _CHUNK):
            precise.place_in_lists(session, wanted[start : start + _CHUNK])


def real_ids(session: Session, shown_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """By the id that is shown: the record's own, of those that this session may see."""
    query = select(ShownRecord.shown_id, ShownRecord.id).where(ShownRecord.shown_id.in_(shown_ids))
    return {row[0]: row[1] for row in session.execute(query)}


def real_id(session: Session, shown_id: UUID) -> UUID:
    """Problem `not_found` for a record that is not there and for one that this session may not see, which are alike."""
    found = real_ids(session, [shown_id]).get(shown_id)
    if found is None:
        raise Problem("not_found")
    return found


def shown_ids(session: Session, ids: Sequence[UUID]) -> Mapping[UUID, UUID]:
    """By the record's own id: the one that is shown, of those that this session may see."""
    query = select(ShownRecord.id, ShownRecord.shown_id).where(ShownRecord.id.in_(ids))
    return {row[0]: row[1] for row in session.execute(query)}
