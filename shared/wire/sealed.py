"""A sealed record: a clear header, and the ciphertext of the ordinary record, which the province alone can open.

    sealed bytes = ephemeral point (65 bytes, uncompressed) ‖ AES-256-GCM ciphertext ‖ tag (16 bytes)
    key ‖ nonce  = HKDF-SHA256(ECDH x-coordinate, salt = ephemeral point ‖ the province's point, info = INFO, 32 + 12 bytes)

The canonical bytes of the header are the associated data, and the digest of such a version is over header ‖ sealed bytes.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, fields

from shared import protocol
from shared.canonical import NotCanonical, canonical_bytes
from shared.vocabulary import KINDS
from shared.wire.base import SHA256, Identifier, Whole, WireSchema, word

ALGORITHM = "ECDH-P256+HKDF-SHA256+AES-256-GCM"
INFO = b"xiangye seal 1\n" + ALGORITHM.encode() + b"\n"
POINT_BYTES, KEY_BYTES, NONCE_BYTES, TAG_BYTES = 65, 32, 12, 16
WRAPPER = frozenset({"header", "sealed"})
_SAME = ("id", "kind", "author", "device", "seq", "protocol", "base_digest")
"""What the header and the record inside both name."""
_DEEPEST_HEADER = 4


class SealBroken(ValueError):
    """Not the bytes that were sealed, or a header that is not theirs; the text says which."""


class HeaderSchema(WireSchema):
    id = Identifier(required=True)
    kind = word(*(kind for kind in KINDS if kind != "tombstone"), required=True)
    author = Identifier(required=True)
    device = Identifier(required=True)
    seq = Whole(1, 2**53 - 1, required=True)
    protocol = Whole(1, 2**53 - 1, required=True)
    base_digest = fields.String(required=True, allow_none=True, validate=SHA256)
    alg = word(ALGORITHM, required=True)
    key_id = fields.String(required=True, validate=SHA256)


@dataclass(frozen=True)
class Sealed:
    """`header` as it came; `header_bytes` are its canonical bytes."""

    header: Mapping[str, Any]
    header_bytes: bytes
    data: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.header_bytes + self.data).hexdigest()

    @property
    def key_id(self) -> str:
        return str(self.header["key_id"])

    def on_the_wire(self) -> bytes:
        """Canonical bytes of what stands in a batch in the place of the record."""
        return canonical_bytes({"header": self.header, "sealed": base64.b64encode(self.data).decode()})


class SealNewer(SealBroken):
    """Of a protocol that this program does not know: `sealed` as the rules of ours have it."""

    def __init__(self, sealed: Sealed) -> None:
        super().__init__(protocol.newer_words(sealed.header["protocol"]))
        self.sealed = sealed


def key_id_of(public_key: str) -> str:
    """SHA-256 of the SubjectPublicKeyInfo, which travels as DER in base64."""
    return hashlib.sha256(base64.b64decode(public_key, validate=True)).hexdigest()


def key_statement(public_key: str, number: int) -> bytes:
    """What the pack key signs, so that nobody but the tablet's own server can tell it to whom to seal. Later keys have higher
    numbers: a tablet never goes back to one that was given up."""
    return f"xiangye seal key 1\n{number}\n{public_key}\n".encode()


def header_of(record: Mapping[str, Any], key_id: str) -> dict[str, Any]:
    return {name: record[name] for name in _SAME} | {"alg": ALGORITHM, "key_id": key_id}


def is_sealed(value: Any) -> bool:
    """Whether this stands for a sealed record, sound or not. A record in clear has neither member."""
    return isinstance(value, dict) and not WRAPPER.isdisjoint(value) and "body" not in value


def read_sealed(value: Any) -> Sealed:
    """What came in the place of a record. SealBroken where it cannot be what a tablet sealed."""
    sealed = parts_of(value)
    if protocol.is_newer(sealed.header.get("protocol")):
        raise SealNewer(sealed)
    try:
        HeaderSchema().load(sealed.header)
    except ValidationError as error:
        raise SealBroken(f"header: {error.messages}") from error
    return sealed


def parts_of(value: Any) -> Sealed:
    """Header and what is sealed, whatever the header says."""
    if set(value) != WRAPPER:
        raise SealBroken("a sealed record has a header, what is sealed, and nothing else")
    header, told = value["header"], value["sealed"]
    if not isinstance(header, dict) or not isinstance(told, str):
        raise SealBroken("the header is an object, what is sealed is text")
    try:
        if protocol.depth_of(header, _DEEPEST_HEADER) > _DEEPEST_HEADER:
            raise SealBroken("the header is nested too deeply")
        header_bytes = canonical_bytes(header)
        data = base64.b64decode(told, validate=True)
    except NotCanonical as error:
        raise SealBroken(f"header{error.path}: {error.reason}") from error
    except (binascii.Error, ValueError) as error:
        raise SealBroken("what is sealed is not base64") from error
    if base64.b64encode(data).decode() != told:
        raise SealBroken("what is sealed is not base64 as it is written by one rule")
    return Sealed(header, header_bytes, data)


def agree(header: Mapping[str, Any], record: Any) -> None:
    """SealBroken where the record inside is not the one that the header names."""
    if not isinstance(record, dict):
        raise SealBroken("what was sealed is no record")
    for name in _SAME:
        # By what is written, since Python takes 1 for true.
        if name not in record or repr(record[name]) != repr(header[name]):
            raise SealBroken(f"{name}: the header and the record inside differ")
