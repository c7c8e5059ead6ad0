"""Sealed records on their way in: opened by the one file that may, or kept sealed with the reason."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from server.sensitivity import service as sensitivity
from shared.canonical import NotCanonical, canonical_bytes, parse
from shared.ids import is_uuid
from shared.protocol import PROTOCOL_UNKNOWN
from shared.wire.sealed import SealBroken, Sealed, SealNewer, agree, is_sealed, read_sealed

NOT_TOLD = "not accepted; what was found stands inside the seal and is not told"


@dataclass(frozen=True)
class Opened:
    """A record that came sealed: what it says, and as what it came. Its digest is the sealed one."""

    sealed: Sealed
    record: Mapping[str, Any]


@dataclass(frozen=True)
class Unopened:
    """`raw`: what came, to be tried anew when the key is there."""

    raw: bytes
    record_id: str | None
    digest: str
    reason: str
    message: str


def unseal(session: Session, records: Sequence[Any]) -> list[Any]:
    """Each sealed record Opened or Unopened; the others as they are."""
    return [_unseal(session, record) if is_sealed(record) else record for record in records]


def _unseal(session: Session, wrapped: Mapping[str, Any]) -> "Opened | Unopened":
    try:
        sealed = read_sealed(wrapped)
    except SealNewer as newer:
        return _unopened(wrapped, PROTOCOL_UNKNOWN, str(newer), newer.sealed)
    except SealBroken as broken:
        return _unopened(wrapped, "seal_broken", str(broken))
    try:
        plain = sensitivity.open_sealed(session, sealed)
        if plain is None:
            return _unopened(wrapped, "seal_key_unknown", f"no such key here: {sealed.key_id}", sealed)
        record = parse(plain)
        agree(sealed.header, record)
        if canonical_bytes(record) != plain:
            return _unopened(wrapped, "invalid", "what was sealed is not canonical", sealed)
    except SealBroken as broken:
        return _unopened(wrapped, "seal_broken", str(broken), sealed)
    except (NotCanonical, RecursionError):
        return _unopened(wrapped, "invalid", "what was sealed has no canonical form", sealed)
    return Opened(sealed, record)


def _unopened(wrapped: Mapping[str, Any], reason: str, message: str, sealed: Sealed | None = None) -> Unopened:
    """The digest is the tablet's own where what came can be what it sealed."""
    raw = sealed.on_the_wire() if sealed else json.dumps(wrapped, ensure_ascii=False).encode("utf-8", "surrogatepass")
    header = wrapped.get("header")
    told = header.get("id") if isinstance(header, dict) else None
    mark = sealed.digest if sealed else hashlib.sha256(raw).hexdigest()
    return Unopened(raw, told if is_uuid(told) else None, mark, reason, message)


def without_words(detail: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """A receipt goes back in clear: it names fields of what was sealed, never what stood in them."""
    return [{"field": one["field"], "message": NOT_TOLD} for one in detail]
