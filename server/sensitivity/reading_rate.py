"""How much one person reads of exact places: each reading is logged, and who reads too much in an hour reads no more until an
administrator has looked into it."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from server.accounts.queries import viewer_of
from server.accounts.rights import MANAGE_PEOPLE
from server.accounts.second_person import require_independent
from server.accounts.viewer import Viewer
from server.audit.service import log
from server.db import EVERYTHING
from server.sensitivity.model import PreciseReading, PreciseStop
from shared.clock import Clock
from shared.ids import uuid7
from shared.problems import Problem

MOST_AN_HOUR = 30
_HOUR = timedelta(hours=1)
_TOGETHER = 1_000
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('xiangye.precise_reading'), hashtext(:person))"


def require_calm(session: Session, person_id: UUID) -> None:
    if standing_stop(session, person_id) is not None:
        raise Problem("too_many_requests", "查阅精确位置过于频繁，已暂停；须由管理员核实后恢复")


def standing_stop(session: Session, person_id: UUID) -> PreciseStop | None:
    row = PreciseStop
    return session.scalar(select(row).where(row.person_id == person_id, row.cleared_at.is_(None)))


def log_reading(
    session: Session, viewer: Viewer, clock: Clock, grant_id: UUID | None, purpose: str, ids: Sequence[UUID]
) -> None:
    """The reading that fills an hour's measure is the last one, and tells the auditor: it stands in one transaction with what was read,
    so that nobody gets the places without it."""
    if viewer.person_id is not None:
        session.execute(text(_ONE_AT_A_TIME), {"person": str(viewer.person_id)})
        require_calm(session, viewer.person_id)
        session.add(
            PreciseReading(
                id=uuid7(), person_id=viewer.person_id, grant_id=grant_id, place_count=len(ids), at=clock.now()
            )
        )
        session.flush()
    told = {"grant": str(grant_id) if grant_id else None, "purpose": purpose}
    for start in range(0, max(len(ids), 1), _TOGETHER):
        some = [str(id_) for id_ in ids[start : start + _TOGETHER]]
        log(session, clock, viewer.name, "read_precise", str(grant_id or purpose), {**told, "ids": some})
    if viewer.person_id is not None and _read_within_the_hour(session, viewer.person_id, clock) >= MOST_AN_HOUR:
        session.add(PreciseStop(id=uuid7(), person_id=viewer.person_id, at=clock.now()))
        session.flush()
        log(session, clock, viewer.name, "precise_rate", str(viewer.person_id), {"readings": MOST_AN_HOUR})


def _read_within_the_hour(session: Session, person_id: UUID, clock: Clock) -> int:
    row = PreciseReading
    cleared = session.scalar(select(func.max(PreciseStop.cleared_at)).where(PreciseStop.person_id == person_id))
    since = clock.now() - _HOUR
    counted = select(func.count(PreciseReading.id)).where(row.person_id == person_id, row.at > since)
    if cleared is not None:
        counted = counted.where(row.at > cleared)
    return session.scalar(counted) or 0


def clear(session: Session, viewer: Viewer, clock: Clock, person_id: UUID) -> PreciseStop:
    """An administrator of all that the person sees lets them read again."""
    viewer.require(MANAGE_PEOPLE)
    stop = standing_stop(session, person_id)
    if stop is None or not _above(session, viewer, clock, person_id):
        raise Problem("not_found")
    if viewer.person_id == person_id or viewer.person_id is None:
        raise Problem("second_person_needed", "须由另一位管理员核实")
    require_independent(session, clock, person_id, viewer.person_id)
    stop.cleared_by, stop.cleared_at = viewer.person_id, clock.now()
    session.flush()
    log(session, clock, viewer.name, "clear_precise_rate", str(person_id), {})
    return stop


def _above(session: Session, viewer: Viewer, clock: Clock, person_id: UUID) -> bool:
    held = viewer_of(session, clock, person_id)
    scopes = held.scopes - held.own
    return bool(viewer.scopes & EVERYTHING) or scopes <= viewer.scopes
