"""A visit to a station that has no line itself: it takes in what waits and hands out what the province has signed meanwhile.

Nothing that a station says frees anything here, whatever holder it names: only the province's signature does. The credential, which is the
province's, never goes there; the tablet is known by its own signature.
"""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from mobile.device.ports import Device
from mobile.store.delivery import LEFT_BEFORE, Offered, Receipt
from mobile.store.media import MediaFile
from mobile.store.soundness import Due
from mobile.store.store import Store
from mobile.sync.batches import MAX_BATCH_BYTES, NO_RECEIPT, matching, name_damaged
from mobile.sync.body import batch_body
from mobile.sync.custody import ReceiptsRefused, Taken, take
from mobile.sync.failures import BrokenAnswer, NotReady, Refused, SyncFailure
from mobile.sync.invitation import safe_address
from mobile.sync.report import SyncReport, in_words
from mobile.sync.transport import Transport
from mobile.sync.tus import Upload
from shared.canonical import canonical_bytes
from shared.custody import NotCustody, read
from shared.protocol import ACCEPTED, ALREADY_HAVE, MAX_RECORDS_PER_BATCH
from shared.wire.signature import Signed, batch_statement, key_id
from shared.wire.station import photo_statement, visit_statement

STATION = "station:"
_LEFT_THERE = "监测站已收下，等待转交省级服务器"
_MOST_PAGES = 10_000


def station_address(address: str) -> str:
    """As for the province, but a station within the local network, which has no certificate, may be called without encryption."""
    url = address.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise NotReady(f"监测站地址无效：{url}") from error
    if parts.scheme != "http" or not _is_local(host) or parts.path or parts.query or parts.username is not None:
        return safe_address(url)
    return url


def _is_local(host: str) -> bool:
    if re.fullmatch(r"[a-z0-9-]+\.local", host):
        return True
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return found.is_private and not found.is_unspecified


class StationVisit:
    def __init__(self, store: Store, device: Device) -> None:
        self._store = store
        self._device = device

    def run(self, address: str, tell: Callable[[str], None] = lambda _: None) -> SyncReport:
        """Problems are in the report, never raised."""
        report = SyncReport()
        with in_words(report):
            if not self._store.identity.current().enrolled:
                raise NotReady("平板尚未登记：须先在有网时登记到省级服务器")
            transport = Transport(address, check=station_address)
            transport.always(Xiangye_Device=self._store.identity.device_id())
            try:
                _Visit(self._store, self._device, transport, report, tell).run()
            finally:
                transport.close()
        return report


class _Visit:
    def __init__(
        self, store: Store, device: Device, transport: Transport, report: SyncReport, tell: Callable[[str], None]
    ) -> None:
        self._store = store
        self._device = device
        self._transport = transport
        self._report = report
        self._tell = tell
        self._now = device.clock.now
        self._device_id = store.identity.device_id()
        self._key = key_id(device.device_key.public_key())
        self._holder = ""
        self._epoch = ""

    def run(self) -> None:
        told = self._transport.get_json("/v1/sync/session")
        holder, epoch = told.get("holder"), told.get("server_epoch")
        if "station" not in told or not isinstance(holder, str) or not isinstance(epoch, str):
            raise NotReady("这个地址不是监测站：请核对，或改用“同步”直接连接省级服务器")
        self._holder, self._epoch = f"{STATION}{holder.removeprefix(STATION)}", epoch
        self._fetch_documents()
        records = self._leave_records()
        photos = self._leave_photos()
        self._report.warn(f"监测站已收下 {records} 条记录、{photos} 张照片，有网时转交；省级服务器确认之前平板都会保留")

    def _sign(self, statement: bytes) -> str:
        return Signed(self._key, self._device.device_key.sign(statement)).header

    def _fetch_documents(self) -> None:
        """What the province signed since the last visit; each is believed for its signature alone."""
        name, taken = f"station_reached:{self._holder}:{self._epoch}", Taken()
        reached = int(self._store.identity.setting(name) or 0)
        for _ in range(_MOST_PAGES):
            body = canonical_bytes({"after": reached})
            answer = self._transport.post_json(
                "/v1/station/visits", body, signature=self._sign(visit_statement(self._key, self._device_id, body))
            )
            documents, following = answer.get("documents"), answer.get("reached")
            if not isinstance(documents, list) or not isinstance(following, int) or following < reached:
                raise BrokenAnswer
            for document in documents:
                self._take(document, taken)
            self._store.identity.keep(**{name: str(following)})
            if not answer.get("more") or following == reached:
                break
            reached = following
        if taken.records or taken.photos:
            self._report.warn(taken.lines()[0])
        self._report.photos += taken.photos
        self._report.receipts[ALREADY_HAVE] += taken.records

    def _take(self, document: Any, taken: Taken) -> None:
        try:
            found = take(self._store, self._device.signatures, self._now(), [read(document)])
        except (ReceiptsRefused, NotCustody) as refused:
            self._report.trouble(f"监测站带来的收据不予采信：{refused}")
            return
        taken.add(found)

    def _leave_records(self) -> int:
        """Those that this station does not have yet. Returns how many it has of what waits."""
        due, deliveries = self._not_left(), self._store.deliveries
        left = len(due)
        for batch in deliveries.batches(due, lambda: MAX_RECORDS_PER_BATCH, MAX_BATCH_BYTES, self._now()):
            self._tell(f"正在交给监测站：还有 {left} 条记录")
            left -= len(batch)
            self._send(batch)
        name_damaged(self._store, self._report)
        return self._store.outbox.waiting_count() - len(self._not_left())

    def _not_left(self) -> list[Due]:
        rows = self._store.database.rows(
            "select r.seq, o.record_id, o.digest from outbox o join record r using (record_id, digest) "
            "where o.state in ('waiting', 'sent') and not exists (select 1 from receipt t where t.record_id = o.record_id and t.digest = o.digest "
            "and t.holder = ? and t.server_epoch = ? and t.receipt_no > ?) "
            "order by r.seq",
            (self._holder, self._epoch, int(self._store.identity.setting(LEFT_BEFORE) or 0)),
        )
        return [Due(*row) for row in rows]

    def _send(self, batch: list[Offered]) -> None:
        now, deliveries = self._now, self._store.deliveries
        body = batch_body([offered.canonical for offered in batch], now())
        signature = self._sign(batch_statement(self._key, self._device_id, body))
        deliveries.posting(batch)
        try:
            answer = self._transport.post_json("/v1/sync/batches", body, compressed=True, signature=signature)
        except SyncFailure as failure:
            deliveries.failed(batch, str(failure), now())
            raise
        self._report.sent += len(batch)
        receipts = [self._as_its_own(one) for one in matching(batch, answer)]
        taken = [one for one in receipts if one.outcome in (ACCEPTED, ALREADY_HAVE)]
        deliveries.answered(taken, self._store.identity.current().holder, now())
        answered = {(one.record_id, one.digest) for one in taken}
        unanswered = [offered for offered in batch if (offered.record_id, offered.digest) not in answered]
        if unanswered:
            deliveries.failed(unanswered, NO_RECEIPT, now())
            self._report.trouble(f"{len(unanswered)} 条记录：{NO_RECEIPT}，仍在平板上等待")

    def _as_its_own(self, receipt: Receipt) -> Receipt:
        """Whoever it says that it is: this is a station's word."""
        return replace(receipt, holder=self._holder, server_epoch=self._epoch)

    def _leave_photos(self) -> int:
        left = 0
        for photo in self._store.media.due(self._now(), ignore_pause=True):
            self._tell(f"正在把照片交给监测站：{photo.file_name}")
            left += self._leave(photo, self._now())
        return left

    def _leave(self, photo: MediaFile, now: datetime) -> bool:
        media = self._store.media
        if words := self._store.owners.words_for_media(photo.media_id):
            media.failed(photo.sha256, words, now)
            return False
        if not media.intact(photo.sha256):
            self._report.trouble(f"平板上的照片 {photo.file_name} 与保存时不一致，未交给监测站：请检查存储卡")
            return False
        statement = photo_statement(self._key, self._device_id, photo.sha256, photo.byte_count)
        self._transport.always(Xiangye_Signature=self._sign(statement))
        metadata = {"sha256": photo.sha256}
        try:
            sent = Upload(self._transport, photo.path, metadata, None, lambda url, reached: None).run()
        except Refused as failure:
            media.failed(photo.sha256, str(failure), now)
            self._report.trouble(f"照片 {photo.file_name}：{failure}")
            return False
        media.failed(photo.sha256, _LEFT_THERE, now)  # it waits for the province all the same
        return sent.digest == photo.sha256
