"""What is sent of photos, in which order: small copies first, then originals, which may wait for a network without a price.

One photo that the server cannot take holds up neither the others nor what is to be fetched; a line that is gone ends the round.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

from mobile.device.ports import Device
from mobile.store.media import MediaFile, SentKind
from mobile.store.review_copies import MOST_OF_ORIGINAL, Wanted
from mobile.store.store import Store
from mobile.sync.failures import BrokenAnswer, CostsNow, Refused, SyncFailure, Unreachable
from mobile.sync.report import SyncReport
from mobile.sync.transport import Transport
from mobile.sync.tus import Sent, Upload
from shared.protocol import MAX_REVIEW_BYTES

T = TypeVar("T")
REVIEW_EDGE_PX = 1024
LOST_IN_A_ROW = 2
"""So many photos after each other that the line broke for: it is the line and not the photo."""


class PhotoDamaged(SyncFailure):
    def __init__(self, file_name: str) -> None:
        super().__init__(f"平板上的照片 {file_name} 与保存时不一致，未发送：请检查存储卡")


@dataclass
class PhotoRound:
    """One try at everything that waits."""

    store: Store
    transport: Transport
    device: Device
    report: SyncReport
    tell: Callable[[str], None]
    ignore_pause: bool
    originals_now: bool = False
    _failures: list[SyncFailure] = field(default_factory=list)
    _lost: int = 0

    def run(self) -> None:
        """Raises the first failure that trying again soon may mend, after everything else was tried."""
        self._failures, self._lost = [], 0
        with suppress(CostsNow):
            for wanted in self._each("copy", self._own_copies()):
                with self._apart(wanted.file_name, partial(self.store.review_copies.failed, wanted.original_sha256)):
                    self._send_copy(wanted)
        with suppress(CostsNow):
            for photo in self._each("original", self._own_originals()):
                with self._apart(photo.file_name, partial(self.store.media.failed, photo.sha256)):
                    self._send_original(photo)
        if waiting := wifi_words(self.store, self._costs()):
            self.report.warn(waiting)
        if self._failures:
            raise self._failures[0]

    def _own_copies(self) -> list[Wanted]:
        copies = self.store.review_copies
        due = copies.due(self._now(), self.ignore_pause)
        return [one for one in due if self._is_own(one.media_id, partial(copies.failed, one.original_sha256))]

    def _own_originals(self) -> list[MediaFile]:
        media = self.store.media
        due = media.due(self._now(), self.ignore_pause)
        return [one for one in due if self._is_own(one.media_id, partial(media.failed, one.sha256))]

    def _is_own(self, media_id: str, put_aside: Callable[[str, datetime], None]) -> bool:
        if words := self.store.owners.words_for_media(media_id):
            put_aside(words, self._now())
        return not words

    def _costs(self) -> bool:
        return self.device.network.metered() and not self.originals_now

    def _may_go(self, kind: SentKind) -> None:
        """Asked before each file and each piece of it: a tablet that is carried out of the house loses its network without a price."""
        if self.store.media.wait_for_wifi(kind) and self._costs():
            raise CostsNow

    def _each(self, kind: SentKind, photos: list[T]) -> Iterator[T]:
        for left, photo in zip(range(len(photos), 0, -1), photos, strict=True):
            self._may_go(kind)
            self.tell(f"正在发送照片：还有 {left} 张，{in_megabytes(self.store.media.bytes_left())}")
            yield photo

    @contextmanager
    def _apart(self, file_name: str, failed: Callable[[str, datetime], None]) -> Iterator[None]:
        """A failure of one photo is kept with it; it goes up if it is not the photo's own."""
        try:
            yield
            self._lost = 0
        except CostsNow:
            raise
        except SyncFailure as failure:
            failed(str(failure), self._now())
            self._lost = self._lost + 1 if isinstance(failure, Unreachable | BrokenAnswer) else 0
            if self._lost >= LOST_IN_A_ROW or not isinstance(
                failure, Refused | PhotoDamaged | Unreachable | BrokenAnswer
            ):
                raise
            if failure.again:
                self._failures.append(failure)
            else:
                self.report.trouble(f"照片 {file_name}：{failure}")

    def _send_copy(self, wanted: Wanted) -> None:
        copies, original = self.store.review_copies, wanted.original_sha256
        digest = wanted.copy_sha256 if wanted.copy.is_file() else self._make_copy(wanted)
        if digest is None:
            copies.over(original, sent=False)
            return
        upload = Upload(
            self.transport,
            wanted.copy,
            {"media_id": wanted.media_id, "sha256": digest, "review_of": original},
            wanted.upload_url,
            lambda url, _: copies.uploading(original, url),
            partial(self._may_go, "copy"),
        )
        try:
            upload.run()
        except Refused as refused:
            if refused.again:
                raise
            copies.over(original, sent=False)  # a server that will not have it: the original comes all the same
        else:
            copies.over(original, sent=True)

    def _make_copy(self, wanted: Wanted) -> str | None:
        """None where a copy would save little, or cannot be made."""
        if self.device.pictures is None or not wanted.original.is_file():
            return None
        data = wanted.original.read_bytes()
        copy = self.device.pictures.smaller(data, REVIEW_EDGE_PX)
        if copy is None or len(copy) > min(MAX_REVIEW_BYTES, MOST_OF_ORIGINAL * len(data)):
            return None
        return self.store.review_copies.keep(wanted.original_sha256, copy)

    def _send_original(self, photo: MediaFile) -> None:
        media = self.store.media
        if not media.intact(photo.sha256):
            raise PhotoDamaged(photo.file_name)
        metadata = {"media_id": photo.media_id, "sha256": photo.sha256, "filename": photo.file_name}
        sent = Upload(
            self.transport,
            photo.path,
            metadata,
            photo.upload_url,
            lambda url, reached: media.uploading(photo.sha256, url, reached),
            partial(self._may_go, "original"),
        ).run()
        self._take_custody(photo, sent)

    def _take_custody(self, photo: MediaFile, sent: Sent) -> None:
        """Only the province's word, and only for exactly these bytes, lets the tablet free them one day."""
        media = self.store.media
        if sent.digest != photo.sha256:
            raise BrokenAnswer
        identity = self.store.identity.current()
        if sent.holder != identity.holder:
            media.failed(photo.sha256, "只有中转站收到，省级服务器尚未确认", self._now())
            return
        if sent.epoch != identity.server_epoch:
            media.failed(photo.sha256, "服务器在同步途中换了纪元（从备份恢复？）：下次同步重新核对", self._now())
            return
        server_now = self.store.server_time.now(self.device.clock.monotonic_ms())
        media.held(photo.sha256, sent.holder, sent.epoch, self._now(), server_now)
        self.store.review_copies.over(photo.sha256, sent=False)
        self.report.photos += 1

    def _now(self) -> datetime:
        return self.device.clock.now()


def wifi_words(store: Store, metered: bool) -> str:
    """What waits for a network without a price, in words; empty where nothing does."""
    waiting = store.media.waiting_count()
    if not metered or not waiting or not store.media.wait_for_wifi():
        return ""
    return f"{waiting} 张原片（还有 {in_megabytes(store.media.bytes_left())}）在等无线网络；可选“现在就发送原片”，会用移动流量"


def in_megabytes(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB"
