"""What a station is told: the tablets it may take in, and which photos the province holds."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.model import Device, DeviceKey, Person
from server.ledger import service as ledger
from server.media.model import MediaFile
from server.media.service import is_held
from server.media.store import Store
from server.packs.signing import pack_key
from server.settings import Settings
from shared.canonical import canonical_bytes
from shared.clock import Clock
from shared.problems import Problem


def tablets_for(settings: Settings, session: Session, clock: Clock, only: UUID | None) -> dict[str, Any]:
    """{"told", "signature"}: by the key that signs packs, so that the station can show it. No person and no credential is in it;
    older keys are, as a batch may lie at a station for long. `only`: a tablet that asks is told of itself."""
    query = (
        select(DeviceKey.device_id, Device.name, DeviceKey.public_key)
        .join(Device, Device.id == DeviceKey.device_id)
        .join(Person, Person.id == Device.person_id)
        .where(Device.revoked_at.is_(None), Person.disabled_at.is_(None))
        .order_by(DeviceKey.device_id, DeviceKey.set_at)
    )
    if only is not None:
        query = query.where(Device.id == only)
    keys: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for device_id, name, public_key in session.execute(query):
        keys.setdefault(str(device_id), []).append(public_key)
        names[str(device_id)] = name
    told = {
        "tablets": keys,
        "names": names,
        "holder": settings.holder,
        "server_epoch": str(ledger.epoch(session)),
        "server_time": clock.now().isoformat(),
    }
    key = pack_key(settings)
    return {"told": told, "signature": key.sign(statement(told)), "pack_key": key.public()}


def statement(told: dict[str, Any]) -> bytes:
    """What is signed of the list of tablets."""
    return b"xiangye tablets 1\n" + canonical_bytes(told)


def held_photos(session: Session, store: Store, asked: Sequence[str]) -> list[str]:
    """Those of them that the store has, each looked for: custody is not told from a row alone."""
    known = set(session.scalars(select(MediaFile.sha256).where(MediaFile.sha256.in_(asked))))
    return [sha256 for sha256 in dict.fromkeys(asked) if sha256 in known and _is_here(session, store, sha256)]


def _is_here(session: Session, store: Store, sha256: str) -> bool:
    try:
        return is_held(session, store, sha256)
    except Problem as problem:
        if problem.kind.code != "photo_redacted":
            raise
        return False
