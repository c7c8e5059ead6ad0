"""The keys that tablets sign with. One is in force; those before it are kept, so that what they signed can be checked for ever."""

import base64
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.model import Device, DeviceKey
from server.audit.service import log
from shared.clock import Clock
from shared.problems import Problem
from shared.wire import signature as wire


@dataclass(frozen=True)
class Told:
    """A public key as a tablet tells it, and its proof that it holds the private one."""

    public_key: str
    proof: str


def holds(public_key: str, statement: bytes, signature: str) -> bool:
    """False for anything that is no P-256 key or no signature of this statement in the one spelling that it has."""
    key = _read(public_key)
    if key is None or not wire.is_base64(signature, wire.MAX_SIGNATURE_TEXT):
        return False
    try:
        key.verify(base64.b64decode(signature), statement, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _read(public_key: str) -> ec.EllipticCurvePublicKey | None:
    """None for anything but a P-256 key in the one spelling that it has."""
    try:
        key = load_der_public_key(base64.b64decode(public_key, validate=True))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        return None
    spelled = base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    return key if spelled == public_key else None


def in_force(session: Session, device_id: UUID) -> DeviceKey | None:
    return session.scalar(select(DeviceKey).where(DeviceKey.device_id == device_id, DeviceKey.replaced_at.is_(None)))


def ever(session: Session, device_id: UUID, key_id: str) -> DeviceKey | None:
    """In force or given up."""
    return session.get(DeviceKey, (device_id, key_id))


def set_first(session: Session, clock: Clock, device: Device, told: Told, credential: str) -> str:
    """For a tablet that enrolled before there were keys: once, proved with its credential. The same key again changes nothing."""
    session.get_one(Device, device.id, with_for_update=True)  # two requests at once set one key
    key = _proved(device.id, told, credential)
    known = in_force(session, device.id)
    if known is not None and known.key_id != key:
        raise Problem("key_known", "此平板已登记过另一把签名密钥：换新密钥须用新的登记码重新登记", key_id=known.key_id)
    if known is None:
        _keep(session, clock, device, key, told.public_key)
    return key


def set_at_enrolment(session: Session, clock: Clock, device_id: UUID, told: Told | None, code: str) -> str | None:
    """In the place of the key before it; an app that has none enrols without. A code comes from a person who knows to whom."""
    key = _proved(device_id, told, code.strip().upper()) if told else None
    known = in_force(session, device_id)
    if known is not None and known.key_id != key:
        known.replaced_at = clock.now()
        session.flush()
        known = None
    if known is None and told is not None and key is not None:
        _keep(session, clock, session.get_one(Device, device_id), key, told.public_key)
    return key


def proved_for_fork(session: Session, old_id: UUID, new_id: UUID, told: Told | None, credential: str) -> str | None:
    """Of the key that the old device signs with, where it has one: a credential alone, which may be stolen, must not bring a device
    whose batches nobody signs, or somebody else."""
    key = _proved(new_id, told, credential) if told else None
    known = in_force(session, old_id)
    if known is not None and key is None:
        raise Problem("signature_missing", "此平板已登记签名密钥：换用新编号须证明持有这把密钥", key_id=known.key_id)
    if known is not None and known.key_id != key:
        raise Problem("key_known", "换用新编号须用原来的签名密钥：换新密钥须用新的登记码重新登记", key_id=known.key_id)
    return key


def set_at_fork(session: Session, clock: Clock, device: Device, key: str, told: Told) -> None:
    if ever(session, device.id, key) is None:
        _keep(session, clock, device, key, told.public_key)


def _proved(device_id: UUID, told: Told, secret: str) -> str:
    if _read(told.public_key) is None:
        raise Problem("invalid", "签名公钥应为 P-256 公钥（SPKI DER 的 base64）", field="device_public_key")
    key = wire.key_id(told.public_key)
    if not holds(told.public_key, wire.key_statement(key, str(device_id), secret), told.proof):
        raise Problem("invalid", "签名密钥的证明与公钥不符", field="device_key_proof")
    return key


def _keep(session: Session, clock: Clock, device: Device, key: str, public_key: str) -> None:
    kept = ever(session, device.id, key)
    if kept is not None:  # taken up again: a store that was put back from its copy
        kept.replaced_at = None
    else:
        session.add(DeviceKey(device_id=device.id, key_id=key, public_key=public_key, set_at=clock.now()))
    session.flush()
    log(session, clock, str(device.person_id), "set_device_key", str(device.id), {"key_id": key})
