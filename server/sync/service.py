"""A batch on its way in: raw bytes kept, records admitted, one receipt each, all in one transaction."""

import gzip
import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.viewer import Actor
from server.audit.service import log, seal_versions
from server.db import put
from server.ledger import service as ledger
from server.sensitivity import service as sensitivity
from server.sync.admission import Outcome, admit
from server.sync.envelope import open_batch
from server.sync.model import Batch, Receipt
from shared import protocol
from shared.clock import Clock, parse_aware
from shared.failpoints import fail
from shared.ids import uuid7
from shared.problems import Problem
from shared.wire.signature import Signed


def accept_batch(
    session: Session,
    actor: Actor,
    clock: Clock,
    holder: str,
    body: bytes,
    signed: Signed | None = None,
    at_once: bool = True,
    relay_id: UUID | None = None,
) -> dict[str, Any]:
    """The receipts of one batch; `body` is the JSON as unpacked from the request. Problem where it is no batch at all.

    `signed`: what signing.check_batch found good, kept beside the bytes that it was checked on. `at_once`: it came straight from the
    tablet, so that its clock can be compared with ours; else it lay on a stick, or at the station `relay_id`, and shows only a clock that
    is fast."""
    envelope = open_batch(body)
    records: list[Any] = envelope["records"]
    now = clock.now()
    offset = _clock_offset(envelope, now)
    actor = replace(actor, clock_offset=offset if at_once else min(offset, timedelta()))
    # The tablet repeats a batch under its own id when an answer was lost; each delivery is kept as what it is.
    batch = Batch(
        id=uuid7(),
        device_id=actor.device_id,
        received_at=now,
        record_count=len(records),
        sha256=hashlib.sha256(body).hexdigest(),
        key_id=signed and signed.key_id,
        signature=signed and signed.signature,
        relay_id=relay_id,
    )
    session.add(batch)
    session.flush()
    sensitivity.keep_batch(session, batch.id, body)
    fail("batch_kept")
    outcomes = admit(session, actor, clock, records)
    fail("batch_admitted")
    epoch = ledger.epoch(session)
    _keep_receipts(session, batch.id, outcomes, holder, epoch)
    fail("batch_receipted")
    seal_versions(session, clock, str(actor.person_id), str(batch.id))
    if relay_id is not None:
        log(session, clock, str(actor.person_id), "relay_batch", str(batch.id), {"relay": str(relay_id)})
    fail("batch_sealed")
    return {
        "server_time": now.isoformat(),
        "server_epoch": str(epoch),
        "holder": holder,
        "receipts": [_receipt(outcome, holder, epoch) for outcome in outcomes],
    }


def _keep_receipts(session: Session, batch_id: UUID, outcomes: Sequence[Outcome], holder: str, epoch: UUID) -> None:
    rows = [
        {
            "batch_id": batch_id,
            "position": position,
            "record_id": outcome.record_id,
            "digest": outcome.digest,
            "outcome": outcome.outcome,
            "reason": outcome.reason,
            "holder": holder,
            "server_epoch": epoch,
        }
        for position, outcome in enumerate(outcomes)
    ]
    if rows:
        put(session, Receipt, rows)


def unpack(body: bytes, encoding: str | None) -> bytes:
    """The request's body without its gzip, never more than the cap: a bomb costs no more than that."""
    if encoding in (None, "", "identity"):
        return body
    if encoding != "gzip":
        raise Problem("batch_malformed", f"不支持的压缩方式 {encoding!r}", field="Content-Encoding")
    try:
        with gzip.GzipFile(fileobj=BytesIO(body)) as stream:
            unpacked = stream.read(protocol.MAX_BODY_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Problem("batch_malformed", "gzip 内容损坏或不完整") from error
    if len(unpacked) > protocol.MAX_BODY_BYTES:
        raise Problem("too_large", f"批次解压后超过 {protocol.MAX_BODY_BYTES} 字节")
    return unpacked


def _clock_offset(envelope: dict[str, Any], now: datetime) -> timedelta:
    """Server minus tablet; a batch that does not tell when it was sent shows nothing."""
    try:
        return now - parse_aware(envelope["sent_at"])
    except (KeyError, ValueError, TypeError, AttributeError):
        return timedelta()


def _receipt(outcome: Outcome, holder: str, epoch: UUID) -> dict[str, Any]:
    receipt: dict[str, Any] = {
        "record_id": outcome.record_id,
        "digest": outcome.digest,
        "outcome": outcome.outcome,
        "holder": holder,
        "server_epoch": str(epoch),
    }
    if outcome.reason:
        receipt["reason"] = outcome.reason
    if outcome.detail:
        receipt["detail"] = outcome.detail
    return receipt


def receipts_of(session: Session, record_id: str) -> list[Receipt]:
    return list(session.scalars(select(Receipt).where(Receipt.record_id == record_id)))
