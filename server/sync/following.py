"""Who may follow a record with a new version: whoever wrote in it, and whoever may send records where it lies."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.accounts.queries import viewer_of
from server.accounts.rights import SEND_RECORDS
from server.accounts.viewer import Actor
from server.db import among, looking_through
from server.ledger.model import VersionRow
from server.sensitivity.model import ShownRecord
from server.sync.reading import Candidate
from shared.clock import FixedClock
from shared.problems import Problem


def not_theirs(session: Session, actor: Actor, now: datetime, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Of the candidates, those that follow another's record. To be asked with the records locked."""
    if actor.follows_anybody:
        return []
    foreign = _foreign(session, actor, {candidate.id for candidate in candidates})
    # An edit may have come before the record that it is an edit of.
    late = {c.id for c in candidates if c.record["base_digest"] is None and not foreign.get(c.id, True)}
    covered = _within_reach(session, actor, now, foreign.keys() - late) if foreign.keys() - late else set()
    return [c for c in candidates if c.id in foreign and c.id not in covered and not _opens(c, late)]


def _opens(candidate: Candidate, late: Collection[UUID]) -> bool:
    return candidate.id in late and candidate.record["base_digest"] is None


def _foreign(session: Session, actor: Actor, ids: Collection[UUID]) -> dict[UUID, bool]:
    """Records in which others wrote and this person did not; whether their first version is there."""
    rows = session.execute(
        select(VersionRow.id, func.bool_or(VersionRow.base_digest.is_(None)))
        .where(among(VersionRow.id, ids))
        .group_by(VersionRow.id)
        .having(~func.bool_or(VersionRow.author == actor.person_id))
    )
    return {row[0]: row[1] for row in rows}


def _within_reach(session: Session, actor: Actor, now: datetime, ids: Collection[UUID]) -> set[UUID]:
    """Where a record lies is what the server stamped, not what the new version says."""
    try:
        scopes = viewer_of(session, FixedClock(now), actor.person_id).within(SEND_RECORDS).scopes
    except Problem:
        return set()
    with looking_through(session, scopes):
        return set(session.scalars(select(ShownRecord.id).where(ShownRecord.id.in_(ids))))
