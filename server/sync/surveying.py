"""Surveys that come from the field: who may begin one, and the records that came before theirs."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from server.accounts.areas import Area, covers
from server.accounts.model import Device
from server.accounts.queries import viewer_of
from server.accounts.rights import BEGIN_SURVEYS
from server.accounts.viewer import Actor
from server.ledger.model import VersionRow
from server.sensitivity import service as sensitivity
from server.surveys import queries
from server.surveys.model import Survey
from server.sync.reading import Candidate, Outcome
from server.sync.unsealing import Opened, unseal
from shared import protocol
from shared.clock import Clock, FixedClock
from shared.problems import Problem

SURVEY_UNKNOWN = "survey_unknown"
_LOCK = 0x58590003
_NOT_YOURS = ("not_yours", "body.county_codes", "you may not begin surveys in all of these counties")
_EXISTS = ("not_yours", "id", "the survey was made at the server, and is changed there")
_NO_COUNTY = ("county_unknown", "body.county_codes", "not every code is that of a county of today")
Barred = tuple[str, str, str]


def hold_surveys(session: Session) -> None:
    """For who brings a survey, and for who would put a record of an unknown one aside: the second sees what the first did. To be taken
    before any row is locked; held to the end of the transaction."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def barred(
    session: Session, actor: Actor, now: datetime, candidates: Sequence[Candidate]
) -> dict[int, tuple[str, dict[str, str]]]:
    """By position of a survey that may not be taken in: the reason, and what is told of it."""
    told = [one for one in candidates if one.record["kind"] == "survey"]
    if not told:
        return {}
    ours, held = _made_here(session, {one.id for one in told}), _held(session, actor, now)
    why = {one.position: _why(session, one, ours, held) for one in told}
    return {position: (found[0], {"field": found[1], "message": found[2]}) for position, found in why.items() if found}


def _why(session: Session, one: Candidate, ours: Collection[UUID], held: Sequence[Area] | None) -> Barred | None:
    codes = one.record["body"]["county_codes"]
    if one.id in ours:
        return _EXISTS
    if queries.unknown_counties(session, codes):
        return _NO_COUNTY
    if held is None or all(any(covers(session, area, Area("county", code)) for area in held) for code in codes):
        return None
    return _NOT_YOURS


def _made_here(session: Session, ids: Collection[UUID]) -> set[UUID]:
    came = select(VersionRow.id).where(VersionRow.id == Survey.id, VersionRow.kind == "survey").exists()
    return set(session.scalars(select(Survey.id).where(Survey.id.in_(ids), ~came)))


def _held(session: Session, actor: Actor, now: datetime) -> list[Area] | None:
    """Where the person may begin surveys; None for everywhere."""
    if actor.follows_anybody:
        return None
    try:
        viewer = viewer_of(session, FixedClock(now), actor.person_id).within(BEGIN_SURVEYS)
    except Problem:
        return []
    return [Area(one.area_kind, one.area_code) for one in viewer.held]


def take_up(
    session: Session,
    clock: Clock,
    begun: Collection[UUID],
    admit: Callable[[Session, Actor, Clock, Sequence[object]], list[Outcome]],
) -> None:
    """Records that came before the survey which they belong to, each in the name of the tablet that sent it, sealed or not."""
    wanted = {str(id_) for id_ in begun}
    came: dict[tuple[UUID, str | None], list[tuple[str, Any]]] = {}
    for one in sensitivity.unread(session, reason=SURVEY_UNKNOWN):
        record = json.loads(one.body)
        if _survey_named_by(session, record) in wanted:
            came.setdefault((one.device_id, one.agent), []).append((one.digest, record))
    for (device_id, agent), some in came.items():
        device = session.get(Device, device_id)
        if device is not None:
            actor = Actor(device.person_id, device.id, agent=agent)
            outcomes = admit(session, actor, clock, [record for _, record in some])
            for (digest, _), outcome in zip(some, outcomes, strict=True):
                # None: it was taken in.
                reason = outcome.reason if outcome.outcome == protocol.QUARANTINED else None
                sensitivity.tried_again(session, digest, clock.now(), reason, outcome.detail if reason else [])


def _survey_named_by(session: Session, record: Any) -> str | None:
    """None of one that is still sealed, since its key has gone since it came."""
    [plain] = unseal(session, [record])
    said = plain.record if isinstance(plain, Opened) else plain
    return said["body"]["survey_id"] if isinstance(said, Mapping) else None
