"""The province's receipts that came by another's hand: believed for their signature, and never for who brought them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mobile.device.ports import DeviceFailure, Signatures
from mobile.store.delivery import Receipt
from mobile.store.store import Store
from mobile.sync.quarantine import KEPT, words_of
from shared.custody import MAX_BYTES, Custody, NotCustody, read_all
from shared.protocol import OUTCOMES, QUARANTINED


class ReceiptsRefused(Exception):
    """Nothing was taken in; the text says why, in words."""


@dataclass
class Taken:
    """Records and photos whose custody by the province is known by this, and those that it could not read."""

    records: int = 0
    photos: int = 0
    quarantined: int = 0

    def add(self, other: "Taken") -> None:
        self.records += other.records
        self.photos += other.photos
        self.quarantined += other.quarantined

    def as_json(self) -> dict[str, int]:
        return dict(vars(self))

    def lines(self) -> list[str]:
        lines = [f"省级服务器已确认收到 {self.records} 条记录、{self.photos} 张照片"]
        if self.quarantined:
            lines.append(f"省级服务器未收下 {self.quarantined} 条记录：{KEPT}")
        return lines


def take_file(store: Store, signatures: Signatures, now: datetime, file: Path) -> Taken:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise ReceiptsRefused(f"{file} 不是收据文件：太大")
        return take(store, signatures, now, read_all(file.read_bytes()))
    except OSError as error:
        raise ReceiptsRefused(f"无法读取 {file}：{error.strerror}") from error
    except NotCustody as error:
        raise ReceiptsRefused(f"{file}：{error}") from error


def take(store: Store, signatures: Signatures, now: datetime, documents: Iterable[Custody]) -> Taken:
    """All of them are verified before the first is taken in."""
    listed = list(documents)
    for custody in listed:
        _require_ours(store, signatures, custody)
    taken = Taken()
    for custody in listed:
        _take_receipts(store, custody, now, taken)
        _take_photos(store, custody, now, taken)
    return taken


def _require_ours(store: Store, signatures: Signatures, custody: Custody) -> None:
    identity, key = store.identity.current(), store.identity.setting("pack_key") or ""
    if not identity.enrolled or not key:
        raise ReceiptsRefused("平板尚未登记，没有省级服务器的公钥：无法核对收据")
    try:
        if not signatures.holds(key, custody.statement(), custody.signature):
            raise ReceiptsRefused("收据的签名不是登记时那台省级服务器的：不予采信，记录和照片都仍标为未送达")
    except DeviceFailure as failure:
        raise ReceiptsRefused(str(failure)) from failure
    if custody.device_id not in (identity.device_id, *store.identity.given_up()):
        raise ReceiptsRefused("这是另一台平板的收据")
    if custody.holder != identity.holder:
        raise ReceiptsRefused(f"收据由 {custody.holder} 开出，不是本平板的省级服务器 {identity.holder}")
    if custody.server_epoch != identity.server_epoch:
        raise ReceiptsRefused("收据开出之前或之后服务器曾从备份恢复：须联网同步一次，平板会重新核对")


def _take_receipts(store: Store, custody: Custody, now: datetime, taken: Taken) -> None:
    """By id and digest; what is not on the tablet, or has been confirmed already, is passed over."""
    rows = store.database.rows("select record_id, digest from outbox where state in ('waiting', 'sent', 'quarantined')")
    waiting = {(row["record_id"], row["digest"]) for row in rows}
    receipts = []
    for raw in custody.receipts:
        receipt = _receipt(raw, custody)
        if receipt is not None and (receipt.record_id, receipt.digest) in waiting:
            waiting.discard((receipt.record_id, receipt.digest))
            receipts.append(receipt)
    store.deliveries.answered(receipts, store.identity.current().holder, now)
    taken.quarantined += sum(receipt.outcome == QUARANTINED for receipt in receipts)
    taken.records += sum(receipt.outcome != QUARANTINED for receipt in receipts)


def _receipt(raw: Any, custody: Custody) -> Receipt | None:
    """Holder and epoch are those that were signed for all of them."""
    if not isinstance(raw, dict) or raw.get("outcome") not in OUTCOMES:
        return None
    record_id, digest, outcome = raw.get("record_id"), raw.get("digest"), str(raw["outcome"])
    if not all(isinstance(text, str) for text in (record_id, digest)):
        return None
    reason = words_of(raw.get("reason"), raw.get("detail")) if outcome == QUARANTINED else ""
    return Receipt(str(record_id), str(digest), outcome, custody.holder, custody.server_epoch, reason)


def _take_photos(store: Store, custody: Custody, now: datetime, taken: Taken) -> None:
    held = {sha256 for sha256 in custody.photos if isinstance(sha256, str)}
    for sha256 in {photo.sha256 for photo in store.media.due(now, ignore_pause=True)} & held:
        store.media.held(sha256, custody.holder, custody.server_epoch, now)
        taken.photos += 1
