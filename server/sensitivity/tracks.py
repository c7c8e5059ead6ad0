"""The track of a patrol: whole for who walked it, the station and the auditor, each reading logged; for others the cells it went
through, and those only when rangers are long gone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from server.accounts.rights import READ_RECORDS, READ_TRACKS
from server.accounts.viewer import Viewer
from server.db import EVERYTHING, look_through, looking_through
from server.ledger.model import VersionRow
from server.places.covering import covered
from server.sensitivity import precise
from server.sensitivity.model import ShownRecord
from server.sensitivity.reading_rate import log_reading
from server.sensitivity.rules import OPERATIONAL_PATROL, cell_of
from shared.clock import Clock
from shared.coordinates import from_e7
from shared.problems import Problem

DELAY = timedelta(hours=72)


def track(session: Session, viewer: Viewer, clock: Clock, shown_id: UUID) -> Mapping[str, Any]:
    """Problem `not_found` where the viewer sees no such patrol by any right."""
    for right, exact in ((READ_TRACKS, True), (READ_RECORDS, False)):
        if right in viewer.rights:
            within = viewer.within(right)
            look_through(session, within.scopes)
            id_ = _patrol(session, shown_id)
            if id_ is not None:
                own = _is_own(session, viewer, id_)
                return _whole(session, viewer, clock, id_, own) if exact or own else _generalised(session, clock, id_)
    if not {READ_TRACKS, READ_RECORDS} & viewer.rights:
        raise Problem("not_allowed")
    raise Problem("not_found")


def _patrol(session: Session, shown_id: UUID) -> UUID | None:
    row = ShownRecord
    return session.scalar(select(row.id).where(row.shown_id == shown_id, row.kind == "patrol"))


def _is_own(session: Session, viewer: Viewer, id_: UUID) -> bool:
    """Whoever sent it first walked it; whoever made another version of it later did not."""
    row = VersionRow
    first = select(row.author).where(row.id == id_).order_by(row.received_at, row.digest).limit(1)
    return viewer.person_id is not None and session.scalar(first) == viewer.person_id


def _points(session: Session, id_: UUID) -> Sequence[tuple[Any, ...]]:
    return precise.read_track_points(session, [id_])


def _whole(session: Session, viewer: Viewer, clock: Clock, id_: UUID, own: bool) -> Mapping[str, Any]:
    legs: dict[int, list[dict[str, Any]]] = {}
    for _, leg, t_ms, longitude, latitude, _accuracy in _points(session, id_):
        at = datetime.fromtimestamp(t_ms / 1000, UTC)
        point = {"at": at, "latitude": from_e7(latitude), "longitude": from_e7(longitude)}
        legs.setdefault(leg, []).append(point)
    if not own:
        log_reading(session, viewer, clock, None, "track", [id_])
    return {"edition": "exact", "legs": [{"leg": leg, "points": points} for leg, points in sorted(legs.items())]}


def _generalised(session: Session, clock: Clock, id_: UUID) -> Mapping[str, Any]:
    with looking_through(session, EVERYTHING):
        points = _points(session, id_)
        ended = session.scalar(text("SELECT observed_to FROM xiangye.event WHERE id = :id"), {"id": id_})
    last = max(
        [datetime.fromtimestamp(point[2] / 1000, UTC) for point in points] + ([ended] if ended else []), default=None
    )
    if last is None or clock.now() - last < DELAY:
        return {"edition": "withheld", "cells": []}
    cells = {cell_of(point[4], point[3], OPERATIONAL_PATROL[0]) for point in points}
    whole = covered(session, {cell.box for cell in cells if cell})
    told = sorted(cell.centre for cell in cells if cell and whole[cell.box].within)
    return {
        "edition": "generalised",
        "cells": [{"longitude": longitude, "latitude": latitude} for longitude, latitude in told],
    }
