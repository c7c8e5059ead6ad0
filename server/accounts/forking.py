"""A tablet whose store was copied or put back becomes a device of its own, by the credential of the one that it was.

Locks go from the old device to the new one, as in `service.revoke`, and never the other way: two at once wait for each other.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from server.accounts import device_keys
from server.accounts.device_keys import Told
from server.accounts.model import Device, Enrolment, Person
from server.accounts.opaque import DEVICE, fingerprint, fresh
from server.accounts.scopes import of_person
from server.accounts.service import devices_locked
from server.audit.service import log
from server.db import looking_through
from server.ledger.model import VersionRow
from shared.clock import Clock
from shared.problems import Problem
from shared.protocol import MAX_FORKS

_MAX_OF_PERSON = 1000


@dataclass(frozen=True)
class Wanted:
    """What the new device is to be."""

    device_id: UUID
    name: str
    app_version: str
    told: Told | None


@dataclass(frozen=True)
class Forked:
    """`credential` is told once; `device_key` is the id of the key that the new device signs with."""

    device: Device
    credential: str
    device_key: str | None


def fork(session: Session, clock: Clock, device: Device, credential: str, wanted: Wanted) -> Forked:
    """The old device goes on as it was: its twin bears its id. `credential` is the one that the request bears."""
    old = _still_in_force(session, device, credential)
    key = device_keys.proved_for_fork(session, old.id, wanted.device_id, wanted.told, credential)
    _refuse_too_many(session, old, wanted.device_id)
    secret = fresh(DEVICE)
    begun = _begin(session, clock, old, wanted, secret)
    new = session.get_one(Device, wanted.device_id) if begun else _again(session, old, wanted, key, secret)
    if key is not None and wanted.told is not None:
        device_keys.set_at_fork(session, clock, new, key, wanted.told)
    told = {"forked_from": str(old.id)} | ({} if begun else {"again": True})
    log(session, clock, str(old.person_id), "fork_device", str(new.id), told)
    return Forked(new, secret, key)


def _still_in_force(session: Session, device: Device, credential: str) -> Device:
    """It may have ended since it was asked for at the door. The person before the device, as when a person is erased."""
    person = select(Person.disabled_at).where(Person.id == device.person_id).with_for_update(read=True)
    disabled_at = session.execute(person).scalar_one()
    (old,) = devices_locked(session, Device.id == device.id)
    if disabled_at or old.revoked_at or old.credential_hash != fingerprint(credential):
        raise Problem("credential_unknown")
    return old


def _refuse_too_many(session: Session, old: Device, wanted: UUID) -> None:
    """A repeat is none more. Forks of forks are bounded by the person's: whoever revokes a stolen tablet waits for all of them."""
    others = select(
        func.count().filter(Device.forked_from == old.id),
        func.count().filter(Device.revoked_at.is_(None)),
    ).where(Device.person_id == old.person_id, Device.forked_from.is_not(None), Device.id != wanted)
    of_device, of_person = session.execute(others).one()
    if of_device >= MAX_FORKS or of_person >= _MAX_OF_PERSON:
        raise Problem("too_many_forks", f"换用新编号的次数已到上限（{MAX_FORKS} 次）：请向管理员索取新的登记码")


def _begin(session: Session, clock: Clock, old: Device, wanted: Wanted, secret: str) -> bool:
    """False where there is such a device, also one that another request is just making."""
    if wanted.device_id == old.id:
        return False
    row = insert(Device).values(
        id=wanted.device_id,
        person_id=old.person_id,
        name=wanted.name,
        app_version=wanted.app_version,
        credential_hash=fingerprint(secret),
        enrolled_at=clock.now(),
        forked_from=old.id,
    )
    return session.scalar(row.on_conflict_do_nothing(index_elements=["id"]).returning(Device.id)) is not None


def _again(session: Session, old: Device, wanted: Wanted, key: str | None, secret: str) -> Device:
    """The answer was lost, so nobody ever bore the credential in it; this one takes its place. Who bore it, or was given a code since,
    is somebody by now: a second copy that asks for the same id must not put the first one out."""
    new = None
    if session.scalar(select(Device.forked_from).where(Device.id == wanted.device_id)) == old.id:
        (new,) = devices_locked(session, Device.id == wanted.device_id)
    if new is None or not _is_unborn(session, new) or _key_of(session, new) != key:
        raise Problem("invalid", "该平板编号已在使用：请另取一个新编号", field="device_id")
    new.name, new.app_version, new.credential_hash = wanted.name, wanted.app_version, fingerprint(secret)
    session.flush()
    return new


def _is_unborn(session: Session, new: Device) -> bool:
    """A station may have brought what it made, which bears the tablet's signature but not its credential."""
    enrolled = exists().where(Enrolment.device_id == new.id)
    recorded = exists().where(VersionRow.author == new.person_id, VersionRow.device == new.id)
    with looking_through(session, of_person(session, new.person_id)):
        is_known = session.execute(select(enrolled | recorded)).scalar_one()
    return new.revoked_at is None and new.seen_at is None and not is_known


def _key_of(session: Session, device: Device) -> str | None:
    known = device_keys.in_force(session, device.id)
    return None if known is None else known.key_id
