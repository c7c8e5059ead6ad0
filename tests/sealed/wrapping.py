"""Sealed records for tests, as a tablet makes them."""

import base64
import json
from typing import Any

from mobile.device.desktop_sealing import LibrarySealing
from server.sensitivity.sealing import SealKey
from shared.canonical import canonical_bytes
from shared.wire.sealed import Sealed, header_of, key_id_of

Record = dict[str, Any]


def sealed(record: Record, key: SealKey | str, plain: bytes | None = None, **header: Any) -> Sealed:
    """`plain`, `header`: what a broken or hostile tablet puts in the place of its own."""
    public = key if isinstance(key, str) else key.public
    told = header_of(record, key_id_of(public)) | header
    told_bytes = canonical_bytes(told)
    data = LibrarySealing().seal(public, told_bytes, canonical_bytes(record) if plain is None else plain)
    return Sealed(told, told_bytes, data)


def wire(one: Sealed) -> Record:
    told: Record = json.loads(one.on_the_wire())
    return told


def flipped(one: Sealed, bit: int) -> Record:
    data = bytearray(one.data)
    data[bit // 8] ^= 1 << (bit % 8)
    return {"header": dict(one.header), "sealed": base64.b64encode(bytes(data)).decode()}
