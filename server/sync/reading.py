"""From what arrived to what can be admitted: each record read, or quarantined with its bytes and the reason."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from server.accounts.viewer import Actor
from server.sensitivity import service as sensitivity
from server.sync.envelope import Unreadable
from server.sync.unsealing import Opened, Unopened, without_words
from shared import protocol
from shared.canonical import NotCanonical, canonical_bytes
from shared.ids import is_uuid
from shared.wire.envelope import InvalidRecord, NewerProtocol, load_record
from shared.wire.sealed import Sealed


@dataclass(frozen=True)
class Outcome:
    record_id: str | None
    digest: str
    outcome: str
    reason: str | None = None
    detail: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Candidate:
    position: int
    raw: bytes
    digest: str
    record: Mapping[str, Any]  # with defaults; `raw` is what came, or what was sealed in it
    sealed: Sealed | None = None

    @cached_property
    def id(self) -> UUID:
        return UUID(self.record["id"])

    @property
    def came(self) -> bytes:
        return self.sealed.on_the_wire() if self.sealed else self.raw


def read(position: int, record: Any, actor: Actor, datasets: Mapping[UUID, UUID]) -> "Candidate | Outcome":
    if isinstance(record, Unopened):
        detail = [{"field": "/", "message": record.message}]
        return Outcome(record.record_id, record.digest, protocol.QUARANTINED, record.reason, detail)
    if isinstance(record, Opened):
        told = read(position, record.record, actor, datasets)
        if isinstance(told, Candidate):
            return replace(told, digest=record.sealed.digest, sealed=record.sealed)
        return replace(told, digest=record.sealed.digest, detail=without_words(told.detail))
    if isinstance(record, Unreadable):
        return Outcome(record.record_id, record.digest, protocol.QUARANTINED, record.code, record.detail)
    try:
        raw = canonical_bytes(record)
    except NotCanonical as error:
        return Outcome(
            _id_of(record),
            hashlib.sha256(repr(record).encode("utf-8", "surrogatepass")).hexdigest(),
            protocol.QUARANTINED,
            "not_canonical",
            [{"field": error.path, "message": error.reason}],
        )
    mark = hashlib.sha256(raw).hexdigest()
    if protocol.depth_of(record) > protocol.MAX_DEPTH:
        return Outcome(
            _id_of(record),
            mark,
            protocol.QUARANTINED,
            "too_deep",
            [{"field": "/", "message": f"nested deeper than {protocol.MAX_DEPTH}"}],
        )
    try:
        loaded = load_record(record)
    except InvalidRecord as error:
        reason = protocol.PROTOCOL_UNKNOWN if isinstance(error, NewerProtocol) else "invalid"
        return Outcome(_id_of(record), mark, protocol.QUARANTINED, reason, error.problems)
    problem = _foreign(loaded, actor, datasets)
    if problem:
        return Outcome(
            loaded["id"],
            mark,
            protocol.QUARANTINED,
            problem["code"],
            [{"field": problem["field"], "message": problem["message"]}],
        )
    return Candidate(position, raw, mark, loaded)


def _foreign(record: Mapping[str, Any], actor: Actor, datasets: Mapping[UUID, UUID]) -> dict[str, str] | None:
    if UUID(record["device"]) not in {actor.device_id, *actor.others}:
        return {
            "code": "wrong_device",
            "field": "device",
            "message": "the record names a device that is neither the sender nor another one of the same person",
        }
    if UUID(record["author"]) != actor.person_id:
        return {
            "code": "wrong_author",
            "field": "author",
            "message": "the record names another author than the device's person",
        }
    if record["kind"] == "tombstone":
        same = record["body"]["target_id"] == record["id"] and record["base_digest"]
        return (
            None
            if same
            else {
                "code": "invalid",
                "field": "body.target_id",
                "message": "a tombstone bears its target's id and a base",
            }
        )
    if record["kind"] == "survey":
        same = record["body"]["survey_id"] == record["id"]
        return None if same else {"code": "invalid", "field": "body.survey_id", "message": "a survey names its own id"}
    if UUID(record["body"]["survey_id"]) not in datasets:
        return {"code": "survey_unknown", "field": "body.survey_id", "message": "no such survey on this server"}
    return None


def _id_of(record: Any) -> str | None:
    value = record.get("id") if isinstance(record, dict) else None
    return value if is_uuid(value) else None


def keep_unreadable(
    session: Session, actor: Actor, now: datetime, records: Mapping[int, Any], outcomes: Mapping[int, Outcome]
) -> None:
    sensitivity.keep_quarantined(
        session,
        [quarantine_row(actor, now, outcome, _bytes_of(records[position])) for position, outcome in outcomes.items()],
    )


def _bytes_of(record: Any) -> bytes:
    if isinstance(record, Unreadable | Unopened):
        return record.raw
    if isinstance(record, Opened):
        return record.sealed.on_the_wire()
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass")


def quarantine_row(actor: Actor, now: datetime, outcome: Outcome, body: bytes) -> dict[str, Any]:
    return {
        "digest": outcome.digest,
        "record_id": outcome.record_id,
        "device_id": actor.device_id,
        "app_version": None,
        "agent": actor.agent,
        "received_at": now,
        "reason": outcome.reason,
        "detail": _without_nul(outcome.detail),
        "body": body,
    }


def _without_nul(detail: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{key: value.replace("\0", "\\0") for key, value in one.items()} for one in detail]
