"""A second look at what could not be read when it came: the same door, after the reason is gone (a key, a survey, a newer release)."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from server.accounts.model import Device
from server.accounts.viewer import Actor
from server.db import EVERYTHING, looking_through
from server.sensitivity import service as sensitivity
from server.sensitivity.service import Unread
from server.sync import service
from server.sync.envelope import BATCH_PROTOCOL
from shared import protocol
from shared.clock import Clock
from shared.ids import uuid7
from shared.problems import Problem


@dataclass(frozen=True)
class Second:
    """How one ended: `outcome` as in a receipt, `reason` while it stays in quarantine."""

    digest: str
    record_id: str | None
    outcome: str
    reason: str | None = None


def readmit(session: Session, clock: Clock, holder: str, these: Iterable[Unread]) -> Iterator[Second]:
    """Each in a transaction of its own, committed before it is told, with a batch and a receipt like any that a tablet sends."""
    for one in these:
        with looking_through(session, EVERYTHING):
            told = _again(session, clock, holder, one)
            session.commit()
        yield told


def _again(session: Session, clock: Clock, holder: str, one: Unread) -> Second:
    device = session.get(Device, one.device_id)
    if device is None:
        return _stays(session, clock, one, one.reason, one.detail)
    actor = Actor(device.person_id, device.id, agent=one.agent)
    try:
        with session.begin_nested():
            answer = service.accept_batch(session, actor, clock, holder, _batch_of(one))
    except Problem as problem:
        words = {"field": "/", "message": problem.detail or problem.kind.title_zh}
        return _stays(session, clock, one, one.reason, [words, *_number_of(one)])
    [receipt] = answer["receipts"]
    if receipt["outcome"] == protocol.QUARANTINED:
        return _stays(session, clock, one, receipt["reason"], receipt.get("detail") or [])
    sensitivity.tried_again(session, one.digest, clock.now(), None, [])
    return Second(one.digest, receipt["record_id"], receipt["outcome"])


def _stays(session: Session, clock: Clock, one: Unread, reason: str, detail: object) -> Second:
    sensitivity.tried_again(session, one.digest, clock.now(), reason, detail)
    return Second(one.digest, one.record_id, protocol.QUARANTINED, reason)


def _batch_of(one: Unread) -> bytes:
    """The record's own bytes, as they came, in a batch of the protocol that it came by; when it was sent is not known any more."""
    number = next((int(found["message"]) for found in _number_of(one)), protocol.PROTOCOL)
    head = json.dumps({"batch_id": str(uuid7()), "protocol": number}).encode()
    return head[:-1] + b',"records":[' + one.body + b"]}"


def _number_of(one: Unread) -> list[dict[str, str]]:
    return [found for found in one.detail if found["field"] == BATCH_PROTOCOL]
