"""The signature that a batch comes with: checked before anything of the batch is read, kept beside it."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts import device_keys
from server.accounts.model import DeviceKey
from server.sync.model import Batch
from shared.problems import Problem
from shared.wire.signature import Signed, batch_statement, kept_statement, read_header


def check_batch(
    session: Session, device_id: UUID, header: str | None, body: bytes, any_key: bool = False
) -> Signed | None:
    """`body` as unpacked; `device_id` is whose records these are, whoever brings them. None for a tablet that never told a key.

    `any_key` takes what an older key of the device signed: a station may bring it long after the tablet enrolled anew.
    """
    known = device_keys.in_force(session, device_id)
    if known is None:
        return None  # nothing to check it against: it says no more than no signature
    if header is None:
        raise Problem("signature_missing", "此平板已登记签名密钥，批次却没有签名：未作任何改动")
    signed = read_header(header)
    if signed is None:
        raise Problem("signature_wrong", "签名的格式不符：未作任何改动", key_id=known.key_id)
    key = device_keys.ever(session, device_id, signed.key_id) if any_key else known
    if key is None or key.key_id != signed.key_id:
        raise Problem("signature_wrong", "签名所用的密钥不是此平板登记的密钥：未作任何改动", key_id=known.key_id)
    if not is_signed(key, signed, body):
        raise Problem("signature_wrong", "批次内容与签名不符，可能在途中被改动：未作任何改动", key_id=known.key_id)
    return signed


def is_signed(key: DeviceKey, signed: Signed, body: bytes) -> bool:
    statement = batch_statement(key.key_id, str(key.device_id), body)
    return device_keys.holds(key.public_key, statement, signed.signature)


def untrue_signatures(session: Session) -> Iterator[tuple[UUID, str]]:
    """Batches (id, SHA-256) whose kept signature does not hold with the key that it names, in force or given up. What it was made
    over is the digest, so it can be told long after the bytes were dropped."""
    signed = select(Batch, DeviceKey.public_key).join(
        DeviceKey, (DeviceKey.device_id == Batch.device_id) & (DeviceKey.key_id == Batch.key_id)
    )
    for batch, public_key in session.execute(signed.order_by(Batch.received_at, Batch.id)):
        statement = kept_statement(str(batch.key_id), str(batch.device_id), batch.sha256)
        if not device_keys.holds(public_key, statement, str(batch.signature)):
            yield batch.id, batch.sha256
