"""Taking a photo: the untouched original is kept first, and only then does the form know of it."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from mobile.capture.problems import FieldProblem
from mobile.device.ports import Device, DeviceFailure, Shot
from mobile.photos.container import jpeg_is_whole, media_type
from mobile.photos.exif import read_exif
from mobile.photos.kept import KeptPhoto
from mobile.photos.splice import NotAJpeg, splice_exif
from mobile.store.store import Store
from shared.clock import parse_aware
from shared.protocol import MAX_PHOTO_BYTES

PHOTO_RESERVE_BYTES = 300_000_000


class PhotoDesk:
    def __init__(self, store: Store, device: Device, now: Callable[[], datetime]) -> None:
        self._store = store
        self._device = device
        self._now = now

    def choices(self) -> tuple[str, ...]:
        return self._device.camera.choices()

    def take(self, name: str | None, tablet_place: dict[str, Any] | None) -> KeptPhoto:
        """FieldProblem says why there is no photo; the form stays as it was."""
        free = self._device.storage.free_bytes()
        if free < PHOTO_RESERVE_BYTES and self._store.media.free(None, free):  # no sync is needed for that
            free = self._device.storage.free_bytes()
        if free < PHOTO_RESERVE_BYTES:
            raise FieldProblem(f"存储空间不足（剩余 {free // 1_000_000} MB），不能再拍照；文字记录仍可保存", "photo")
        try:
            shot = self._device.camera.take(name)
        except DeviceFailure as failure:
            raise FieldProblem(str(failure), "photo") from failure
        return self._keep(shot, tablet_place)

    def path(self, sha256: str) -> Path:
        return self._store.media.path(sha256)

    def copy_with_position(self, photo: KeptPhoto, target: Path) -> None:
        """A copy for passing on that tells where it was taken, as the tablet knew it; the original is only read."""
        if photo.tablet_place is None:
            raise FieldProblem("拍照时没有定位，无法写入位置", "photo")
        place = photo.tablet_place
        try:
            data = splice_exif(
                self.path(photo.sha256).read_bytes(),
                place["latitude_e7"],
                place["longitude_e7"],
                parse_aware(photo.taken_at),
            )
        except NotAJpeg as error:
            raise FieldProblem("只有 JPEG 照片可以写入位置", "photo") from error
        target.write_bytes(data)

    def _keep(self, shot: Shot, tablet_place: dict[str, Any] | None) -> KeptPhoto:
        kind = media_type(shot.data)
        if kind is None:
            raise FieldProblem(f"{shot.file_name} 不是可识别的照片（JPEG、PNG、WebP、HEIC）", "photo")
        if len(shot.data) > MAX_PHOTO_BYTES:
            raise FieldProblem(f"{shot.file_name} 超过 {MAX_PHOTO_BYTES // 1_048_576} MB", "photo")
        now = self._now()
        facts = read_exif(shot.data)
        sha256 = self._store.media.keep(shot.data, shot.file_name, kind, now)
        broken = kind == "image/jpeg" and not jpeg_is_whole(shot.data)
        return KeptPhoto(
            sha256,
            len(shot.data),
            kind,
            shot.file_name,
            now.isoformat(timespec="seconds"),
            facts.captured_at,
            facts.place,
            tablet_place,
            "照片文件不完整，已按原样保存" if broken else "",
        )
