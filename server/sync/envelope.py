"""A batch as it came: what stands around its records, and each record by itself, so that one bad one spoils no other."""

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from json.decoder import WHITESPACE, JSONDecoder  # type: ignore[attr-defined]
from typing import Any

from shared import protocol
from shared.canonical import NotCanonical, canonical_bytes, parse
from shared.ids import is_uuid
from shared.problems import Problem
from shared.wire.sealed import SealBroken, is_sealed, parts_of

_DEEPEST = 100
"""A record may be nested MAX_DEPTH deep and is quarantined beyond; what no walk of ours could follow is no batch."""
BATCH_PROTOCOL = "batch.protocol"
_plain = JSONDecoder()


@dataclass(frozen=True)
class Unreadable:
    """One record that is JSON but that we cannot read: it has no canonical form (a float, a key twice), or came in a batch of a newer
    protocol. `raw` are its own bytes, `value` what they seem to say."""

    raw: bytes
    value: Any
    reason: str
    batch_protocol: int | None = None

    @property
    def record_id(self) -> str | None:
        told = self.value.get("header") if is_sealed(self.value) else self.value
        found = told.get("id") if isinstance(told, dict) else None
        return found if is_uuid(found) else None

    @property
    def digest(self) -> str:
        """The sender's own where a newer protocol counts it as ours does."""
        if self.is_newer and is_sealed(self.value):
            with contextlib.suppress(SealBroken):
                return parts_of(self.value).digest
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def is_newer(self) -> bool:
        return self.batch_protocol is not None

    @property
    def code(self) -> str:
        return protocol.PROTOCOL_UNKNOWN if self.is_newer else "not_canonical"

    @property
    def detail(self) -> list[dict[str, str]]:
        """With the number that it has to be read by when it is read anew."""
        number = [{"field": BATCH_PROTOCOL, "message": str(self.batch_protocol)}] if self.is_newer else []
        return [{"field": "/", "message": self.reason}, *number]


def open_batch(body: bytes) -> dict[str, Any]:
    """The envelope with its `records`, each parsed or Unreadable. Problem where it is no batch at all."""
    try:
        batch = parse(body)
    except NotCanonical as error:
        batch = _record_by_record(body, error)
    if protocol.depth_of(batch, _DEEPEST) > _DEEPEST:
        raise Problem("batch_malformed", f"批次嵌套超过 {_DEEPEST} 层", field="records")
    if not isinstance(batch, dict) or not isinstance(batch.get("records"), list):
        raise Problem("batch_malformed", "批次应是含 records 列表的对象", field="records")
    if not protocol.is_number(batch.get("protocol")):
        raise Problem("batch_malformed", "protocol 应为协议的版本号（正整数）", field="protocol")
    if not is_uuid(batch.get("batch_id")):
        raise Problem("batch_malformed", "batch_id 应为 UUID", field="batch_id")
    if len(batch["records"]) > protocol.MAX_RECORDS_PER_BATCH:
        raise Problem("too_large", f"一批最多 {protocol.MAX_RECORDS_PER_BATCH} 条记录", field="records")
    if protocol.is_newer(batch["protocol"]):
        batch["records"] = [_of_newer(record, batch["protocol"]) for record in batch["records"]]
    return batch


def _of_newer(record: Any, number: int) -> Unreadable:
    """Whatever a newer protocol means by it: kept, until the server is of a release that knows."""
    reason = protocol.newer_words(number)
    if isinstance(record, Unreadable):
        return replace(record, reason=reason, batch_protocol=number)
    try:
        return Unreadable(canonical_bytes(record), record, reason, number)
    except NotCanonical:
        return Unreadable(
            json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass"), record, reason, number
        )


def _record_by_record(body: bytes, refused: NotCanonical) -> dict[str, Any]:
    """Only when the whole could not be read: the records' own pieces of the text, each parsed alone."""
    try:
        text = body.decode("utf-8")
        around, pieces = _split(text)
        batch = parse(around.encode("utf-8"))
    except (ValueError, IndexError, RecursionError) as error:
        raise Problem("not_json", f"{refused.path}: {refused.reason}") from error
    batch["records"] = [_alone(piece.encode("utf-8"), value) for piece, value in pieces]
    return batch  # type: ignore[no-any-return]  # an object: that is what was split


def _alone(raw: bytes, value: Any) -> Any:
    try:
        return parse(raw)
    except NotCanonical as error:
        return Unreadable(raw, value, error.reason)


def _split(text: str) -> tuple[str, list[tuple[str, Any]]]:
    """The text with an empty list for its records, and the texts of these with what they seem to say. ValueError, IndexError for another shape."""
    at = _expect(text, _skip(text, 0), "{")
    for _ in range(20):  # more keys than that has no envelope
        key, at = _plain.raw_decode(text, _skip(text, at))
        at = _skip(text, _expect(text, _skip(text, at), ":"))
        if key == "records":
            pieces = list(_items(text, at))
            end = _skip(text, pieces[-1][1] if pieces else at + 1)
            return text[: at + 1] + text[_expect(text, end, "]") - 1 :], [(text[a:b], value) for a, b, value in pieces]
        _, at = _plain.raw_decode(text, at)
        at = _expect(text, _skip(text, at), ",")
    raise ValueError("no records")


def _items(text: str, at: int) -> Iterator[tuple[int, int, Any]]:
    """Where each value of the list that opens here begins and ends, and the value."""
    at = _skip(text, _expect(text, at, "["))
    while text[at] != "]":
        value, end = _plain.raw_decode(text, at)
        yield at, end, value
        at = _skip(text, end)
        if text[at] != "]":
            at = _skip(text, _expect(text, at, ","))


def _skip(text: str, at: int) -> int:
    return int(WHITESPACE.match(text, at).end())


def _expect(text: str, at: int, mark: str) -> int:
    if text[at] != mark:
        raise ValueError(f"{mark} expected")
    return at + 1
