"""The one door for records, whether a tablet sends them or a file brings them.

Idempotent by id and digest; one bad record never blocks the others; what cannot be read is kept as it came.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from server.accounts.queries import devices_of
from server.accounts.viewer import Actor
from server.places.queries import hold_in_force
from server.sensitivity import service as sensitivity
from server.surveys.service import datasets_by_survey
from server.sync.reading import Candidate, Outcome, keep_unreadable, quarantine_row, read
from server.sync.surveying import hold_surveys, take_up
from server.sync.unsealing import NOT_TOLD, Opened, unseal
from server.sync.versions import admit_together
from shared import protocol
from shared.clock import Clock
from shared.ids import is_uuid

_log = logging.getLogger("xiangye.sync")

__all__ = ["Outcome", "admit"]


def admit(session: Session, actor: Actor, clock: Clock, records: Sequence[Any]) -> list[Outcome]:
    """One outcome a record, in order, all in the session's transaction, whose last step is audit.seal_versions."""
    # First of all, before any row is locked that a restamping under way may be about to change.
    hold_in_force(session)
    now = clock.now()
    records = unseal(session, records)
    actor = replace(actor, others=_other_devices(session, actor, records))
    surveys = {number for number, record in enumerate(records) if _is_survey(record)}
    datasets = datasets_by_survey(session)
    if surveys or _names_unknown(datasets, records):
        hold_surveys(session)
        datasets = datasets_by_survey(session)
    outcomes: dict[int, Outcome] = {}
    if surveys:  # before what belongs to them
        outcomes |= _admit_some(session, actor, now, {number: records[number] for number in sorted(surveys)}, datasets)
        datasets = datasets_by_survey(session)
    others = {number: record for number, record in enumerate(records) if number not in surveys}
    outcomes |= _admit_some(session, actor, now, others, datasets)
    begun = {UUID(records[number]["id"]) for number in surveys if outcomes[number].outcome != protocol.QUARANTINED}
    if begun:
        take_up(session, clock, begun, admit)
    return [outcomes[position] for position in range(len(records))]


def _other_devices(session: Session, actor: Actor, records: Sequence[Any]) -> frozenset[UUID]:
    """Of the same person, of those that are named here: a store that became another device (T15) made records as the one before, and
    offers them again to a server that was restored."""
    told = [record.get("device") for record in _readable(records)]
    named = {UUID(device) for device in told if is_uuid(device)} - {actor.device_id}
    return devices_of(session, actor.person_id, named)


def _readable(records: Sequence[Any]) -> list[Mapping[str, Any]]:
    """What they say, in clear or from inside their seals."""
    plain = [record.record if isinstance(record, Opened) else record for record in records]
    return [record for record in plain if isinstance(record, Mapping)]


def _is_survey(record: Any) -> bool:
    return isinstance(record, dict) and record.get("kind") == "survey"


def _names_unknown(datasets: Mapping[UUID, UUID], records: Sequence[Any]) -> bool:
    bodies = [record.get("body") for record in _readable(records)]
    named = {str(body.get("survey_id")) for body in bodies if isinstance(body, dict) and "survey_id" in body}
    return not named <= {str(id_) for id_ in datasets}


def _admit_some(
    session: Session, actor: Actor, now: datetime, records: Mapping[int, Any], datasets: Mapping[UUID, UUID]
) -> dict[int, Outcome]:
    outcomes: dict[int, Outcome] = {}
    candidates: list[Candidate] = []
    for position, record in records.items():
        told = read(position, record, actor, datasets)
        if isinstance(told, Candidate):
            candidates.append(told)
        else:
            outcomes[position] = told
    keep_unreadable(session, actor, now, records, outcomes)
    return outcomes | _admit_bisecting(session, actor, now, candidates, datasets)


def _admit_bisecting(
    session: Session,
    actor: Actor,
    now: datetime,
    candidates: list[Candidate],
    datasets: Mapping[UUID, UUID],
) -> dict[int, Outcome]:
    """What the database itself refuses is halved until the one bad record is alone."""
    if not candidates:
        return {}
    try:
        with session.begin_nested():
            return admit_together(session, actor, now, candidates, datasets)
    except DBAPIError as error:
        if error.connection_invalidated or _is_passing(error):
            raise
        if len(candidates) == 1:
            message = str(error.orig).splitlines()[0]
            return _refused(session, actor, now, candidates[0], "database", message)
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        # Our own mistake with this record: kept as it came, so that it neither is lost nor blocks the others.
        if len(candidates) == 1:
            _log.exception("a record could not be admitted: %s", type(error).__name__)
            return _refused(session, actor, now, candidates[0], "unexpected", type(error).__name__)
    middle = len(candidates) // 2
    first = _admit_bisecting(session, actor, now, candidates[:middle], datasets)
    return first | _admit_bisecting(session, actor, now, candidates[middle:], datasets)


def _is_passing(error: DBAPIError) -> bool:
    """Trouble of the moment or of the server, not of the record: the tablet tries again."""
    state = getattr(error.orig, "sqlstate", None) or ""
    return state[:2] in _SERVERS_TROUBLE or state in _OTHER_SHAPE or (not state and isinstance(error, OperationalError))


_SERVERS_TROUBLE = ("08", "25", "28", "40", "53", "55", "57", "58", "XX")
_OTHER_SHAPE = ("42501", "42703", "42P01")
"""No right, column or table: the database is of another release than the program."""


def _refused(
    session: Session, actor: Actor, now: datetime, candidate: Candidate, reason: str, message: str
) -> dict[int, Outcome]:
    # What the database says of a record can quote it.
    detail = [{"field": "/", "message": NOT_TOLD if candidate.sealed else message}]
    outcome = Outcome(candidate.record["id"], candidate.digest, protocol.QUARANTINED, reason, detail)
    sensitivity.keep_quarantined(session, [quarantine_row(actor, now, outcome, candidate.came)])
    return {candidate.position: outcome}
