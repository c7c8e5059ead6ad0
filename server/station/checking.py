"""What a station asks of what it takes in: who signed it, and that the province could read it as a batch. It opens no record."""

import hashlib
from collections.abc import Callable
from typing import Any

from server.accounts.device_keys import holds
from server.sync.envelope import Unreadable, open_batch
from shared.canonical import NotCanonical, canonical_bytes
from shared.ids import is_uuid
from shared.problems import Problem
from shared.wire.sealed import SealBroken, Sealed, SealNewer, is_sealed, read_sealed
from shared.wire.signature import key_id, read_header

Key = tuple[str, str]


def require_signed(
    tablets: dict[str, list[str]], device_id: str, header: str, statement: Callable[[str], bytes]
) -> str:
    """The header as it came. `statement(key id)`: what has to be signed, with one of the keys that the province told of this tablet."""
    known = tablets.get(device_id)
    if known is None:
        raise Problem(
            "not_allowed",
            "监测站还不认识这台平板：监测站联网后会得到新登记的平板；记录都还在平板上",
            field="Xiangye-Device",
        )
    signed = read_header(header)
    public = next((key for key in known if signed is not None and key_id(key) == signed.key_id), None)
    if signed is None or public is None:
        raise Problem("signature_wrong", "签名的格式不符，或不是这台平板登记的密钥")
    if not holds(public, statement(signed.key_id), signed.signature):
        raise Problem("signature_wrong", "内容与签名不符，可能在途中被改动")
    return header


def records_of(body: bytes) -> list[Key]:
    """(id, digest) of the records of a batch, in order, of those that have both. Problem where it is no batch at all."""
    return [key for key in map(_key, open_batch(body)["records"]) if key is not None]


def _sealed(record: Any) -> Sealed:
    try:
        return read_sealed(record)
    except SealNewer as newer:
        if not is_uuid(newer.sealed.header.get("id")):
            raise
        return newer.sealed


def _key(record: Any) -> Key | None:
    if isinstance(record, Unreadable):
        # What a newer protocol says is for the province, which may know it.
        return (record.record_id, record.digest) if record.is_newer and record.record_id else None
    if not isinstance(record, dict):
        return None
    try:
        if is_sealed(record):
            sealed = _sealed(record)
            return str(sealed.header["id"]), sealed.digest
        record_id, digest = record.get("id"), hashlib.sha256(canonical_bytes(record)).hexdigest()
    except (NotCanonical, SealBroken):
        return None
    return (record_id, digest) if is_uuid(record_id) and isinstance(record_id, str) else None
