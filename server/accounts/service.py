"""Enrolment: a code that works once brings a device its credential, which is kept only as a hash."""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.model import Device, Enrolment, Organisation, Person
from shared.clock import Clock
from shared.ids import uuid7
from shared.problems import Problem

CODE_LIFETIME = timedelta(hours=24)
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without the letters and digits that gloves and eyes confuse


def add_person(
    session: Session, clock: Clock, name: str, organisation: str | None = None, person_id: UUID | None = None
) -> Person:
    belongs_to = organisation_named(session, clock, organisation) if organisation else None
    person = Person(
        id=person_id or uuid7(),
        name=name,
        organisation_id=belongs_to.id if belongs_to else None,
        created_at=clock.now(),
    )
    session.add(person)
    session.flush()
    return person


def organisation_named(session: Session, clock: Clock, name: str) -> Organisation:
    found = session.scalar(select(Organisation).where(Organisation.name == name.strip()))
    if found is None:
        found = Organisation(id=uuid7(), name=name.strip(), level="other", created_at=clock.now())
        session.add(found)
        session.flush()
    return found


def issue_code(session: Session, clock: Clock, person_id: UUID) -> str:
    """A code to type or scan; it is shown once and kept as a hash."""
    code = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))
    session.add(Enrolment(code_hash=_hash(code), person_id=person_id, expires_at=clock.now() + CODE_LIFETIME))
    session.flush()
    return code


def enrol(
    session: Session, clock: Clock, code: str, device_id: UUID, name: str, app_version: str
) -> tuple[Person, str]:
    """The person and the device's new credential."""
    enrolment = session.get(Enrolment, _hash(code.strip().upper()), with_for_update=True)
    now = clock.now()
    if enrolment is None or enrolment.used_at is not None or enrolment.expires_at < now:
        raise Problem("enrolment_used", "注册码无效：可能已使用、已过期或输入有误")
    credential = secrets.token_urlsafe(32)
    device = session.get(Device, device_id, with_for_update=True)
    if device is None:
        device = Device(id=device_id, person_id=enrolment.person_id)
        session.add(device)
    elif device.person_id != enrolment.person_id:
        raise Problem("invalid", "该设备编号已由他人注册", field="device_id")
    # The same tablet again: the answer that held its credential may have been lost, and its records bear its id.
    device.name, device.app_version, device.enrolled_at = name, app_version, now
    device.credential_hash, device.revoked_at = _hash(credential), None
    enrolment.used_at, enrolment.device_id = now, device_id
    session.flush()
    return session.get_one(Person, enrolment.person_id), credential


def authenticate(session: Session, credential: str) -> Device:
    device = session.scalar(select(Device).where(Device.credential_hash == _hash(credential)))
    if device is None or device.revoked_at is not None:
        raise Problem("credential_unknown")
    return device


def revoke(session: Session, clock: Clock, device_id: UUID) -> None:
    device = session.get(Device, device_id)
    if device is None:
        raise Problem("not_found", f"没有设备 {device_id}")
    device.revoked_at = device.revoked_at or clock.now()


def _hash(secret: str) -> str:
    """Codes and credentials are random and long enough that a fast hash gives nothing away."""
    return hashlib.sha256(secret.encode()).hexdigest()
