"""Sends what waits, in batches; believes only receipts that name exactly what was sent."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from mobile.store.delivery import Offered, Receipt
from mobile.store.store import Store
from mobile.sync.body import batch_body
from mobile.sync.failures import SyncFailure
from mobile.sync.report import SyncReport
from mobile.sync.signatures import Signer
from mobile.sync.transport import Transport
from shared.protocol import MAX_RECORDS_PER_BATCH, OUTCOMES, QUARANTINED

MAX_BATCH_BYTES = 3_000_000
NO_RECEIPT = "服务器没有给出与内容相符的收据"


def send_batches(
    store: Store,
    transport: Transport,
    now: Callable[[], datetime],
    ignore_pause: bool,
    report: SyncReport,
    tell: Callable[[str], None],
    signer: Signer,
) -> None:
    """Once through what is due. A failure leaves everything unanswered in the outbox and goes up."""
    due = store.deliveries.due(now(), ignore_pause)
    while due:
        batch = store.deliveries.read(due[:MAX_RECORDS_PER_BATCH], MAX_BATCH_BYTES)
        due = due[len(batch) :]
        tell(f"正在发送记录：还有 {store.outbox.waiting_count()} 条")
        _send(store, transport, now, batch, report, signer)


def _send(
    store: Store,
    transport: Transport,
    now: Callable[[], datetime],
    batch: list[Offered],
    report: SyncReport,
    signer: Signer,
) -> None:
    body = batch_body([offered.canonical for offered in batch], now())
    signed = signer.batch(body)
    store.deliveries.posting(batch)
    try:
        answer = transport.post_json(
            "/v1/sync/batches", body, compressed=True, signature=signed.header if signed else None
        )
    except SyncFailure as failure:
        store.deliveries.failed(batch, str(failure), now())
        raise
    report.sent += len(batch)
    province = store.identity.current().holder
    receipts = _matching(batch, answer)
    store.deliveries.answered(receipts, province, now())
    for receipt in receipts:
        report.receipts[receipt.outcome] += 1
        if receipt.outcome == QUARANTINED:
            report.trouble(
                f"服务器未能读取一条记录（{receipt.record_id}）：{receipt.reason or '原因未说明'}；原文在平板和服务器上都已留存"
            )
    answered = {(receipt.record_id, receipt.digest) for receipt in receipts}
    unanswered = [offered for offered in batch if (offered.record_id, offered.digest) not in answered]
    if unanswered:
        store.deliveries.failed(unanswered, NO_RECEIPT, now())
        report.trouble(f"{len(unanswered)} 条记录：{NO_RECEIPT}，仍在平板上等待")


def _matching(batch: list[Offered], answer: dict[str, Any]) -> list[Receipt]:
    """Receipts for an id and digest that were in the batch; each once, anything else is nothing."""
    open_digests = {(offered.record_id, offered.digest) for offered in batch}
    found: list[Receipt] = []
    listed = answer.get("receipts")
    for raw in listed if isinstance(listed, list) else []:
        receipt = _receipt(raw)
        if receipt is not None and (receipt.record_id, receipt.digest) in open_digests:
            open_digests.discard((receipt.record_id, receipt.digest))
            found.append(receipt)
    return found


def _receipt(raw: Any) -> Receipt | None:
    if not isinstance(raw, dict) or raw.get("outcome") not in OUTCOMES:
        return None
    texts = {name: raw.get(name) for name in ("record_id", "digest", "outcome", "holder", "server_epoch")}
    if not all(isinstance(text, str) for text in texts.values()):
        return None
    reason = "；".join(filter(None, [str(raw.get("reason") or ""), *_details(raw.get("detail"))]))
    return Receipt(**{name: str(text) for name, text in texts.items()}, reason=reason)


def _details(detail: Any) -> list[str]:
    """Field and message of each thing that the server found wrong."""
    if isinstance(detail, list):
        return [
            " ".join(str(one[key]) for key in ("field", "message") if one.get(key))
            for one in detail
            if isinstance(one, dict)
        ]
    return [str(detail)] if detail else []
