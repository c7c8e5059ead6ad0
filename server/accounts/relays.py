"""Stations that pass on for tablets. Their credential is a kind of its own: it opens no account and stands for no tablet by itself."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.model import Device, Person, Relay
from server.accounts.opaque import RELAY, fingerprint, fresh
from server.accounts.service import SEEN_EVERY, authenticate
from server.accounts.viewer import Viewer
from server.audit.service import log
from shared.clock import Clock
from shared.ids import is_uuid, uuid7
from shared.problems import Problem

_LONGEST_NAME = 80


def bearing(
    session: Session, clock: Clock, credential: str, relayed: str | None
) -> tuple[Device | Relay, Relay | None]:
    """(the tablet, the station that brings its request or None); a station that names no tablet stands for itself."""
    if not credential.startswith(RELAY):
        return authenticate(session, credential, clock), None
    found = select(Relay).where(Relay.credential_hash == fingerprint(credential), Relay.revoked_at.is_(None))
    relay = session.scalar(found)
    if relay is None:
        raise Problem("credential_unknown")
    if relay.seen_at is None or relay.seen_at + SEEN_EVERY <= clock.now():
        relay.seen_at = clock.now()
    return (relay if relayed is None else _relayed(session, relayed)), relay


def _relayed(session: Session, device_id: str) -> Device:
    device = session.get(Device, UUID(device_id)) if is_uuid(device_id) else None
    person = session.get(Person, device.person_id) if device else None
    if device is None or person is None:
        raise Problem("not_allowed", "监测站转交的平板没有登记过", field="Xiangye-Relayed-Device")
    if device.revoked_at is not None or person.disabled_at is not None:
        raise Problem("not_allowed", "监测站转交的平板或其使用人已注销、停用", field="Xiangye-Relayed-Device")
    return device


def admit_relay(session: Session, clock: Clock, by: Viewer, name: str) -> tuple[Relay, str]:
    """The station and its credential, which is shown once."""
    name = name.strip()
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise Problem("invalid", f"监测站名称应为 1–{_LONGEST_NAME} 个字符", field="name")
    if session.scalar(select(Relay.id).where(Relay.name == name)) is not None:
        raise Problem("invalid", f"已有名为 {name} 的监测站", field="name")
    credential = fresh(RELAY)
    relay = Relay(id=uuid7(), name=name, credential_hash=fingerprint(credential), made_at=clock.now())
    session.add(relay)
    session.flush()
    log(session, clock, by.name, "admit_relay", str(relay.id), {})
    return relay, credential


def revoke_relay(session: Session, clock: Clock, by: Viewer, relay_id: UUID) -> Relay:
    """What it passed on stays; what still lies with it can be passed on under a new credential."""
    relay = session.get(Relay, relay_id)
    if relay is None:
        raise Problem("not_found", f"没有监测站 {relay_id}")
    relay.revoked_at = relay.revoked_at or clock.now()
    log(session, clock, by.name, "revoke_relay", str(relay_id), {})
    return relay


def all_relays(session: Session) -> list[Relay]:
    return list(session.scalars(select(Relay).order_by(Relay.made_at, Relay.id)))
