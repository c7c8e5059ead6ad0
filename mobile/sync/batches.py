"""Sends what waits, in batches; believes only receipts that name exactly what was sent."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any

from mobile.store.delivery import Offered, Receipt
from mobile.store.soundness import DAMAGED
from mobile.store.store import Store
from mobile.sync.body import batch_body
from mobile.sync.failures import BrokenAnswer, NotOurServer, Refused, SyncFailure, Unreachable
from mobile.sync.quarantine import KEPT, words_of
from mobile.sync.report import SyncReport
from mobile.sync.signatures import Signer
from mobile.sync.transport import Transport
from shared.protocol import MAX_RECORDS_PER_BATCH, OUTCOMES, QUARANTINED

MAX_BATCH_BYTES = 3_000_000
FEWEST = 25
"""Records that still go at once over a line that breaks."""
_OF_CONTENT = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.INTERNAL_SERVER_ERROR,
    }
)
MOST_REFUSED = 5
"""Records that are refused each by itself in one round: more are not tried, since it may be the line after all."""
NO_RECEIPT = "服务器没有给出与内容相符的收据"


class BatchRound:
    """One meeting's batches. On a line that breaks they grow smaller, so that less is sent again, and larger once it holds."""

    def __init__(
        self,
        store: Store,
        transport: Transport,
        now: Callable[[], datetime],
        report: SyncReport,
        tell: Callable[[str], None],
        signer: Signer,
    ) -> None:
        self._store = store
        self._transport = transport
        self._now = now
        self._report = report
        self._tell = tell
        self._signer = signer
        self._most = MAX_RECORDS_PER_BATCH
        self._refused: list[tuple[Offered, SyncFailure]] = []
        self._got_through = False

    def run(self, ignore_pause: bool) -> None:
        """Once through what is due. A failure leaves everything unanswered in the outbox and goes up. `ignore_pause`: somebody asks for
        it, so what the province did not take before is offered once more: it may have been mended there."""
        deliveries, now = self._store.deliveries, self._now()
        if ignore_pause:
            deliveries.offer_quarantined_again()
        due = deliveries.due(now, ignore_pause)
        for batch in deliveries.batches(due, lambda: self._most, MAX_BATCH_BYTES, now):
            self._tell(f"正在发送记录：还有 {self._store.outbox.waiting_count()} 条")
            self._deliver(batch)
            if len(self._refused) == MOST_REFUSED:
                break
        self._name_refused()
        name_damaged(self._store, self._report)

    def _deliver(self, batch: list[Offered]) -> None:
        """In halves where something on the way, or the server, will not have it: what one record says or weighs holds up no other."""
        if len(self._refused) == MOST_REFUSED:
            return
        try:
            answer = self._post(batch)
        except (NotOurServer, Refused) as failure:
            if not _may_be_the_content(failure):
                raise
            if len(batch) == 1:
                self._refused.append((batch[0], failure))
                return
            middle = len(batch) // 2
            self._deliver(batch[:middle])
            self._deliver(batch[middle:])
        else:
            self._got_through = True
            self._take(batch, answer)

    def _name_refused(self) -> None:
        refused, self._refused = self._refused, []
        if refused and not self._got_through:  # no batch is taken there: it is nothing that a record says
            self._report.trouble(str(refused[0][1]))
            return
        for offered, failure in refused:
            self._report.trouble(f"一条记录（{offered.record_id}）在途中或服务器处被拒收，其余照常发送：{failure}")

    def _post(self, batch: list[Offered]) -> dict[str, Any]:
        body = batch_body([offered.canonical for offered in batch], self._now())
        signed = self._signer.batch(body)
        self._store.deliveries.posting(batch)
        try:
            answer = self._transport.post_json(
                "/v1/sync/batches", body, compressed=True, signature=signed.header if signed else None
            )
        except SyncFailure as failure:
            self._store.deliveries.failed(batch, str(failure), self._now())
            if isinstance(failure, Unreachable | BrokenAnswer):
                self._most = max(FEWEST, self._most // 2)
            raise
        self._most = min(MAX_RECORDS_PER_BATCH, self._most * 2)
        return answer

    def _take(self, batch: list[Offered], answer: dict[str, Any]) -> None:
        self._report.sent += len(batch)
        identity = self._store.identity.current()
        receipts = [
            one
            for one in matching(batch, answer)
            if one.holder != identity.holder or one.server_epoch == identity.server_epoch
        ]  # of another epoch: the server was restored since the session began, and the next one offers all again
        self._store.deliveries.answered(receipts, identity.holder, self._now())
        for receipt in receipts:
            self._report.receipts[receipt.outcome] += 1
        quarantined = Counter(receipt.reason for receipt in receipts if receipt.outcome == QUARANTINED)
        for words, count in quarantined.items():
            self._report.trouble(f"{count} 条记录{words}（{KEPT}）")
        answered = {(receipt.record_id, receipt.digest) for receipt in receipts}
        unanswered = [offered for offered in batch if (offered.record_id, offered.digest) not in answered]
        if unanswered:
            self._store.deliveries.failed(unanswered, NO_RECEIPT, self._now())
            self._report.trouble(f"{len(unanswered)} 条记录：{NO_RECEIPT}，仍在平板上等待")


def _may_be_the_content(failure: NotOurServer | Refused) -> bool:
    """A filter on the way answers as it likes; our server says what is wrong with the batch, unless that is who sends it."""
    if isinstance(failure, Refused):
        return failure.status in _OF_CONTENT and not failure.code.startswith("signature")
    return True


def name_damaged(store: Store, report: SyncReport) -> None:
    if damaged := store.deliveries.damaged_count():
        report.warn(f"平板上 {damaged} 条记录{DAMAGED}")


def matching(batch: list[Offered], answer: dict[str, Any]) -> list[Receipt]:
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
    reason = words_of(raw.get("reason"), raw.get("detail")) if raw["outcome"] == QUARANTINED else ""
    return Receipt(**{name: str(text) for name, text in texts.items()}, reason=reason)
