"""A sealed photo: a file that says by itself what it is, and to whom it is sealed.

    MAGIC ‖ canonical header ‖ "\\n" ‖ sealed bytes (as in shared/wire/sealed.py; associated data: MAGIC ‖ canonical header)

It is uploaded like any file, under the SHA-256 of these bytes. Its media record, sealed too, names the photo inside by
`sha256` and `byte_count`, and this file by `sealed_sha256`.
"""

from dataclasses import dataclass
from typing import Any

from shared.canonical import NotCanonical, canonical_bytes, parse
from shared.wire.sealed import ALGORITHM, SealBroken

MAGIC = b"xiangye sealed photo 1\n"
SEALED_TYPE = "application/vnd.xiangye.sealed"
LONGEST_HEADER = 2000


@dataclass(frozen=True)
class SealedPhoto:
    key_id: str
    associated: bytes
    data: bytes


def associated_of(key_id: str) -> bytes:
    return MAGIC + canonical_bytes({"alg": ALGORITHM, "key_id": key_id})


def is_sealed_photo(data: bytes) -> bool:
    return data.startswith(MAGIC)


def read_sealed_photo(data: bytes) -> SealedPhoto:
    """SealBroken where it only begins like one."""
    end = data.find(b"\n", len(MAGIC), len(MAGIC) + LONGEST_HEADER)
    try:
        header: Any = parse(data[len(MAGIC) : max(end, 0)])
    except NotCanonical as error:
        raise SealBroken("the header of a sealed photo cannot be read") from error
    key_id = header.get("key_id") if isinstance(header, dict) else None
    if not isinstance(key_id, str) or data[:end] != associated_of(key_id):
        raise SealBroken("not the header of a sealed photo")
    return SealedPhoto(key_id, data[:end], data[end + 1 :])


def photo_bytes(associated: bytes, sealed: bytes) -> bytes:
    return associated + b"\n" + sealed
