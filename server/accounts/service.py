"""People, the roles they are granted, and the devices that a code which works once brings to them."""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from server.accounts import areas, queries, sessions, tokens
from server.accounts.areas import Area
from server.accounts.model import ConsoleSession, Device, Enrolment, Organisation, Person, PersonalToken, RoleGrant
from server.accounts.opaque import DEVICE, fingerprint, fresh
from server.accounts.rights import AREA_KINDS, EVERY_RIGHT, ROLES
from server.accounts.rules import Term, may_be_granted_for, may_hand_on
from server.accounts.viewer import Viewer
from server.audit.service import log
from shared.clock import Clock
from shared.ids import uuid7
from shared.problems import Problem

CODE_LIFETIME = timedelta(hours=24)
_LONGEST = timedelta(days=3660)
SEEN_EVERY = timedelta(minutes=1)
_LONGEST_NAME = 120
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without the letters and digits that gloves and eyes confuse
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


def load_viewer(session: Session, clock: Clock, token: str | None, cookie: str | None, csrf: str | None) -> Viewer:
    """By personal token, else by the cookie of a console session; `csrf` is None for a method that changes nothing."""
    borne = tokens.bearing(session, clock, token) if token else sessions.bearing(session, clock, cookie or "", csrf)
    found = queries.viewer_of(session, clock, borne.person_id)
    note_seen(borne, clock)
    return found


def note_seen(borne: PersonalToken | ConsoleSession | Device, clock: Clock) -> None:
    """To the minute: a row that is written at each request would make readers wait for one another."""
    if borne.seen_at is None or borne.seen_at + SEEN_EVERY <= clock.now():
        borne.seen_at = clock.now()


def add_person(
    session: Session,
    clock: Clock,
    name: str,
    organisation: str | None = None,
    person_id: UUID | None = None,
    account: str | None = None,
) -> Person:
    name = name.strip()
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise Problem("invalid", f"姓名应为 1–{_LONGEST_NAME} 个字符", field="name")
    belongs_to = organisation_named(session, clock, organisation) if organisation else None
    person = Person(
        id=person_id or uuid7(),
        name=name,
        organisation_id=belongs_to.id if belongs_to else None,
        account=free_account(session, account) if account is not None else None,
        created_at=clock.now(),
    )
    session.add(person)
    session.flush()
    return person


def free_account(session: Session, account: str) -> str:
    account = account.strip().lower()
    if not _ACCOUNT.fullmatch(account):
        raise Problem("invalid", "账号应为 2–40 个小写字母、数字或 . _ -，以字母或数字开头", field="account")
    if session.scalar(select(Person.id).where(Person.account == account)) is not None:
        raise Problem("invalid", f"账号 {account} 已有人使用", field="account")
    return account


def grant(
    session: Session,
    clock: Clock,
    by: Viewer,
    person_id: UUID,
    role: str,
    area_kind: str,
    area_code: str,
    taxon_group: str | None = None,
    expires_at: datetime | None = None,
) -> RoleGrant:
    """Nobody grants more than they hold, and nobody grants to themselves."""
    now, area, term = clock.now(), Area(area_kind, area_code), Term(role, taxon_group, expires_at)
    _check_grant(session, area, term, now)
    if session.scalar(select(Person.id).where(Person.id == person_id, Person.disabled_at.is_(None))) is None:
        raise Problem("not_found", f"没有编号为 {person_id} 的人员")
    if by.person_id == person_id:
        raise Problem("not_allowed", "不能给自己授权")
    if not may_grant(session, clock, by, area, term):
        raise Problem("not_allowed", "不能授予自己没有的权限：请核对角色、区域、类群与有效期")
    row = RoleGrant(
        id=uuid7(),
        person_id=person_id,
        role=role,
        area_kind=area_kind,
        area_code=area_code,
        taxon_group=taxon_group,
        granted_by=by.name,
        granted_at=now,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    told = {"person": str(person_id), "role": role, "area": str(area), "taxon_group": taxon_group}
    log(session, clock, by.name, "grant", str(row.id), {**told, "expires_at": expires_at and expires_at.isoformat()})
    return row


def _check_grant(session: Session, area: Area, term: Term, now: datetime) -> None:
    if term.role not in ROLES:
        raise Problem("invalid", f"没有 {term.role} 这个角色；可用 {'、'.join(ROLES)}", field="role")
    if area.kind not in AREA_KINDS:
        raise Problem("invalid", f"没有 {area.kind} 这种区域；可用 {'、'.join(AREA_KINDS)}", field="area_kind")
    if not may_be_granted_for(term.role, area.kind):
        raise Problem("invalid", f"角色 {term.role} 不能授予 {area.kind} 这种区域", field="area_kind")
    if areas.name_of(session, area) is None:
        raise Problem("invalid", f"没有代码为 {area.code} 的区域", field="area_code")
    if term.taxon_group is not None and not areas.group_is_known(session, term.taxon_group):
        raise Problem("invalid", f"没有 {term.taxon_group} 这个类群", field="taxon_group")
    if term.expires_at is not None and (term.expires_at.tzinfo is None or not now < term.expires_at < now + _LONGEST):
        raise Problem("invalid", "有效期须带时区，晚于此刻，且在十年之内", field="expires_at")


def may_grant(session: Session, clock: Clock, by: Viewer, area: Area, term: Term) -> bool:
    """Asked of the database, not of `by`, whose grants may have ended since it was made. The local operator may everything."""
    if by.person_id is None:
        return by.rights >= EVERY_RIGHT
    held = queries.grants_in_force(session, clock, by.person_id)
    covering = (one for one in held if areas.covers(session, Area(one.area_kind, one.area_code), area))
    return may_hand_on([Term(one.role, one.taxon_group, one.expires_at) for one in covering], term)


def revoke_grant(session: Session, clock: Clock, by: Viewer, grant_id: UUID) -> None:
    """Whoever might grant it may take it back, whenever it ends. Whoever may not is told of no grant at all."""
    row = session.get(RoleGrant, grant_id, with_for_update=True)
    if row is None or not may_grant(
        session, clock, by, Area(row.area_kind, row.area_code), Term(row.role, row.taxon_group, clock.now())
    ):
        raise Problem("not_found", f"没有编号为 {grant_id} 的授权")
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        log(session, clock, by.name, "revoke_grant", str(row.id), {"person": str(row.person_id)})


def organisation_named(session: Session, clock: Clock, name: str) -> Organisation:
    found = session.scalar(select(Organisation).where(Organisation.name == name.strip()))
    if found is None:
        found = Organisation(id=uuid7(), name=name.strip(), level="other", created_at=clock.now())
        session.add(found)
        session.flush()
    return found


def issue_code(session: Session, clock: Clock, person_id: UUID, by: Viewer | None = None) -> str:
    """A code to type or scan; it is shown once and kept as a hash."""
    code = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))
    session.add(Enrolment(code_hash=fingerprint(code), person_id=person_id, expires_at=clock.now() + CODE_LIFETIME))
    session.flush()
    if by is not None:
        log(session, clock, by.name, "issue_code", str(person_id), {})
    return code


def enrol(
    session: Session, clock: Clock, code: str, device_id: UUID, name: str, app_version: str
) -> tuple[Person, str]:
    """The person and the device's new credential."""
    enrolment = session.get(Enrolment, fingerprint(code.strip().upper()), with_for_update=True)
    now = clock.now()
    if enrolment is None or enrolment.used_at is not None or enrolment.expires_at < now:
        raise Problem("enrolment_used", "注册码无效：可能已使用、已过期或输入有误")
    credential = fresh(DEVICE)
    device = session.get(Device, device_id, with_for_update=True)
    if device is None:
        device = Device(id=device_id, person_id=enrolment.person_id)
        session.add(device)
    elif device.person_id != enrolment.person_id:
        raise Problem("invalid", "该设备编号已由他人注册", field="device_id")
    # The same tablet again: the answer that held its credential may have been lost, and its records bear its id.
    device.name, device.app_version, device.enrolled_at = name, app_version, now
    device.credential_hash, device.revoked_at = fingerprint(credential), None
    enrolment.used_at, enrolment.device_id = now, device_id
    session.flush()
    return session.get_one(Person, enrolment.person_id), credential


def authenticate(session: Session, credential: str, clock: Clock | None = None) -> Device:
    """Asked of the database each time, so that a device that was revoked, or whose person was, is refused at once."""
    found = session.execute(
        select(Device, Person.disabled_at).join(Person, Person.id == Device.person_id).where(_bears(credential))
    ).one_or_none()
    if found is None or found.disabled_at is not None:
        raise Problem("credential_unknown")
    device: Device = found[0]
    if clock is None:
        return device
    if device.seen_at is None and not devices_locked(session, _bears(credential)):
        raise Problem(
            "credential_unknown"
        )  # another took its place at this moment: of two copies of a tablet, one gets through
    note_seen(device, clock)
    return device


def _bears(credential: str) -> ColumnElement[bool]:
    return and_(Device.credential_hash == fingerprint(credential), Device.revoked_at.is_(None))


def revoke(session: Session, clock: Clock, device_id: UUID, by: Viewer | None = None) -> list[UUID]:
    """With all that was forked from it, to any depth; returns what ended by this. Each is locked before its forks are looked for, and
    whoever forks holds the lock of what is forked, so that none slips through."""
    level, ended = devices_locked(session, Device.id == device_id), list[UUID]()
    if not level:
        raise Problem("not_found", f"没有设备 {device_id}")
    person_id = level[0].person_id
    while level:
        ended += [device.id for device in level if device.revoked_at is None]
        for device in level:
            device.revoked_at = device.revoked_at or clock.now()
        session.flush()
        level = devices_locked(session, Device.forked_from.in_([device.id for device in level]))
    if by is not None:
        forks = [str(one) for one in ended if one != device_id]
        told = {"person": str(person_id)} | ({"forks": forks} if forks else {})
        log(session, clock, by.name, "revoke_device", str(device_id), told)
    return ended


def devices_locked(session: Session, which: ColumnElement[bool]) -> Sequence[Device]:
    """As they stand now, to the end of the transaction. What refers to one (an upload, a key) is not held up."""
    query = select(Device).where(which).order_by(Device.id).with_for_update(key_share=True)
    return session.scalars(query, execution_options={"populate_existing": True}).all()
