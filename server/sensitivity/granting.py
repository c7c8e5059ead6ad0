"""Leave to read exact places: asked for a purpose, approved by another person, for some days; every reading is logged and counted.

No role reads an exact place by itself. What a grant gives is asked twice: here, and by the database (precise.granted).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.accounts.areas import Area, name_of
from server.accounts.rights import APPROVE_PRECISE, ASK_PRECISE
from server.accounts.scopes import numbers
from server.accounts.second_person import require_independent
from server.accounts.viewer import Viewer
from server.audit.service import log
from server.db import EVERYTHING
from server.sensitivity import precise_reading, reading_rate
from server.sensitivity.model import PreciseGrant, PreciseGrantRecord
from server.sensitivity.queries import exact_place
from server.sensitivity.records import ExactPlace
from server.settings import from_environment
from server.taxa.queries import by_ids
from shared.clock import Clock
from shared.ids import uuid7
from shared.problems import Problem

LONGEST_DAYS = 7
MOST_RECORDS = 1_000


@dataclass(frozen=True)
class Wanted:
    """Either records, or a taxon in a county."""

    purpose: str
    record_ids: Sequence[UUID] = ()
    county_code: str | None = None
    taxon_id: UUID | None = None
    days: int = LONGEST_DAYS


@dataclass(frozen=True)
class Usable:
    """What a reading is logged with; the local operator needs no grant."""

    grant_id: UUID | None
    purpose: str


def ask(session: Session, viewer: Viewer, clock: Clock, wanted: Wanted) -> PreciseGrant:
    """`record_ids`: real ids, which the viewer sees."""
    viewer.require(ASK_PRECISE)
    _check(session, viewer, wanted)
    now = clock.now()
    grant = PreciseGrant(
        id=uuid7(),
        person_id=_person(viewer),
        purpose=wanted.purpose.strip(),
        county_code=wanted.county_code,
        taxon_id=wanted.taxon_id,
        record_count=len(set(wanted.record_ids)),
        state="asked",
        asked_at=now,
        expires_at=now + timedelta(days=wanted.days),
    )
    session.add(grant)
    session.flush()
    session.add_all(PreciseGrantRecord(grant_id=grant.id, record_id=id_) for id_ in sorted(set(wanted.record_ids)))
    session.flush()
    log(session, clock, viewer.name, "ask_precise", str(grant.id), _told(grant) | {"purpose": grant.purpose})
    return grant


def _check(session: Session, viewer: Viewer, wanted: Wanted) -> None:
    by_county = wanted.county_code is not None and wanted.taxon_id is not None
    if by_county == bool(wanted.record_ids) or (wanted.county_code is None) != (wanted.taxon_id is None):
        raise Problem("invalid", "请给出记录编号，或者一个县和一个物种", field="record_ids")
    if len(wanted.record_ids) > MOST_RECORDS:
        raise Problem("invalid", f"一次最多申请 {MOST_RECORDS} 条记录", field="record_ids")
    if not 1 <= wanted.days <= LONGEST_DAYS:
        raise Problem("invalid", f"期限为 1 至 {LONGEST_DAYS} 天", field="days")
    if len(wanted.purpose.strip()) < 5:
        raise Problem("invalid", "请写明用途（至少 5 个字）", field="purpose")
    if by_county and not _sees(session, viewer, wanted.county_code or "", wanted.taxon_id):
        raise Problem("not_found")
    if by_county and name_of(session, Area("county", wanted.county_code or "")) is None:
        raise Problem("county_unknown", f"没有代码为 {wanted.county_code} 的县", field="county_code")


def _sees(session: Session, viewer: Viewer, county_code: str, taxon_id: UUID | None) -> bool:
    """Whether all records of the taxon in the county lie within the viewer's scopes."""
    taxon = by_ids(session, [str(taxon_id)]).get(str(taxon_id))
    if taxon is None:
        return False
    groups = (None, taxon.group_zh)
    places = (("county", county_code), ("province", from_environment().home_province))
    within = frozenset[int]().union(*(numbers(session, kind, code, group) for kind, code in places for group in groups))
    return bool(viewer.scopes & (within | EVERYTHING))


def grants_of(session: Session, viewer: Viewer) -> list[PreciseGrant]:
    """What the viewer asked for, the newest first."""
    row = PreciseGrant
    return list(
        session.scalars(select(row).where(row.person_id == _person(viewer)).order_by(row.asked_at.desc(), row.id))
    )


def waiting_for(session: Session, viewer: Viewer, clock: Clock) -> list[PreciseGrant]:
    """What others asked for and this viewer may decide."""
    row = PreciseGrant
    asked = select(row).where(row.state == "asked", row.expires_at > clock.now(), row.person_id != _person(viewer))
    return [one for one in session.scalars(asked.order_by(row.asked_at, row.id)) if _decides(session, viewer, one)]


def approve(session: Session, viewer: Viewer, clock: Clock, grant_id: UUID, reason: str | None = None) -> PreciseGrant:
    return _decide(session, viewer, clock, grant_id, "approved", reason)


def refuse(session: Session, viewer: Viewer, clock: Clock, grant_id: UUID, reason: str | None = None) -> PreciseGrant:
    return _decide(session, viewer, clock, grant_id, "refused", reason)


def _decide(
    session: Session, viewer: Viewer, clock: Clock, grant_id: UUID, state: str, reason: str | None
) -> PreciseGrant:
    viewer.require(APPROVE_PRECISE)
    grant = session.get(PreciseGrant, grant_id, with_for_update=True)
    if grant is None or not _decides(session, viewer, grant):
        raise Problem("not_found")
    if grant.person_id == _person(viewer):
        raise Problem("second_person_needed", "自己的申请须由另一人批准")
    if grant.state != "asked" or grant.expires_at <= clock.now():
        raise Problem("invalid", "申请已处理或已过期", field="grant_id")
    if state == "approved":
        require_independent(session, clock, grant.person_id, _person(viewer))
    grant.state, grant.decided_by, grant.decided_at = state, _person(viewer), clock.now()
    grant.decision_reason = reason
    session.flush()
    action = "approve_precise" if state == "approved" else "refuse_precise"
    log(session, clock, viewer.name, action, str(grant.id), _told(grant) | {"person": str(grant.person_id)})
    return grant


def _decides(session: Session, viewer: Viewer, grant: PreciseGrant) -> bool:
    """Whether everything that is asked for lies within the viewer's scopes: row-level security shows no other records."""
    if grant.county_code is not None:
        return _sees(session, viewer, grant.county_code, grant.taxon_id)
    seen = select(func.count(PreciseGrantRecord.record_id)).where(PreciseGrantRecord.grant_id == grant.id)
    return session.scalar(seen) == grant.record_count


def usable(session: Session, viewer: Viewer, grant_id: UUID | None, ids: Sequence[UUID], clock: Clock) -> Usable:
    """Problem `not_found` unless the grant is the viewer's, approved, in force and for every one of these records;
    `too_many_requests` where the viewer read too much."""
    if viewer.may_read_precise:
        return Usable(None, "local operator")
    viewer.require(ASK_PRECISE)
    reader = _person(viewer)
    reading_rate.require_calm(session, reader)
    grant = session.get(PreciseGrant, grant_id) if grant_id is not None else None
    if grant is None or grant_id is None or not _covers(session, grant_id, reader, ids, clock):
        raise Problem("not_found")
    return Usable(grant_id, grant.purpose)


def _covers(session: Session, grant_id: UUID, reader: UUID, ids: Sequence[UUID], clock: Clock) -> bool:
    return set(ids) <= precise_reading.granted(session, grant_id, reader, clock.now(), ids)


def read_places(
    session: Session, viewer: Viewer, grant_id: UUID | None, ids: Sequence[UUID], clock: Clock
) -> dict[UUID, ExactPlace]:
    """The exact places of these records; a record without place is left out. One reading, logged with its purpose."""
    use = usable(session, viewer, grant_id, ids, clock)
    if use.grant_id is None:
        rows = precise_reading.read_places_of(session, ids)
    else:
        rows = precise_reading.read_granted(session, use.grant_id, _person(viewer), clock.now(), ids)
    reading_rate.log_reading(session, viewer, clock, use.grant_id, use.purpose, sorted(rows))
    return {id_: place for id_, row in rows.items() if (place := exact_place(row)) is not None}


def _person(viewer: Viewer) -> UUID:
    if viewer.person_id is None:
        raise Problem("not_allowed", "须以本人账号登录")
    return viewer.person_id


def _told(grant: PreciseGrant) -> dict[str, Any]:
    return {
        "records": grant.record_count,
        "county": grant.county_code,
        "taxon": str(grant.taxon_id) if grant.taxon_id else None,
        "expires_at": grant.expires_at.isoformat(),
    }
