"""What the headers of tus say, read with care: they come from strangers."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from shared.problems import Problem

ALGORITHMS = ("sha1", "sha256")
"""Of `Upload-Checksum`, as tus names them; the first is the one that every server has to know."""
_DIGEST_NAMES = ("sha256", "review_of")


@dataclass(frozen=True)
class Checksum:
    algorithm: str
    digest: bytes

    def new(self) -> "hashlib._Hash":
        return hashlib.new(self.algorithm, usedforsecurity=False)


def whole(value: str | None) -> int | None:
    """A header's whole number; None for anything else, and for one that no file could have."""
    return int(value) if value and value.isascii() and value.isdecimal() and len(value) <= 18 else None


def metadata_of(header: str) -> Mapping[str, str]:
    """`sha256` is there; both digests are in hexadecimal."""
    pairs = [pair.strip().split(" ", 1) for pair in header.split(",") if pair.strip()]
    told = {pair[0]: _text(pair[1], "Upload-Metadata") if len(pair) > 1 else "" for pair in pairs}
    for name in _DIGEST_NAMES:
        if (told.get(name) or name == "sha256") and not is_digest(told.get(name, "")):
            raise Problem(
                "upload_malformed", f"Upload-Metadata 中的 {name} 应为小写十六进制 SHA-256", field="Upload-Metadata"
            )
    return told


def is_digest(value: str) -> bool:
    return len(value) == 64 and not set(value) - set("0123456789abcdef")


def checksum_of(header: str | None) -> Checksum | None:
    if header is None:
        return None
    algorithm, _, digest = header.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        raise Problem("upload_malformed", f"Upload-Checksum 只支持 {'、'.join(ALGORITHMS)}", field="Upload-Checksum")
    return Checksum(algorithm, _bytes(digest, "Upload-Checksum"))


def as_metadata(told: Mapping[str, str]) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in told.items())


def _text(value: str, header: str) -> str:
    try:
        return _bytes(value, header).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem("upload_malformed", f"{header} 不是 UTF-8", field=header) from error


def _bytes(value: str, header: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except ValueError as error:
        raise Problem("upload_malformed", f"{header} 不是 base64", field=header) from error
