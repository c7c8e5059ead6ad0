"""Photos by tus 1.0: resumable in pieces of 256 KB; only the custody of exactly these bytes ends an upload."""

import base64
from collections.abc import Callable
from datetime import datetime

import requests

from mobile.store.media import MediaFile
from mobile.store.store import Store
from mobile.sync.failures import BrokenAnswer, Refused, SyncFailure
from mobile.sync.report import SyncReport
from mobile.sync.transport import Transport, problem_words
from shared.protocol import CUSTODY_HEADER, UPLOAD_CHUNK_BYTES

CHECKSUM_MISMATCH = 460
MAX_RESTARTS = 2


class PhotoDamaged(SyncFailure):
    def __init__(self, file_name: str) -> None:
        super().__init__(f"平板上的照片 {file_name} 与保存时不一致，未发送：请检查存储卡")


def send_photos(
    store: Store,
    transport: Transport,
    now: Callable[[], datetime],
    ignore_pause: bool,
    report: SyncReport,
    tell: Callable[[str], None],
) -> None:
    """One bad photo does not hold up the others; a lost connection ends the round and goes up."""
    for photo in store.media.due(now(), ignore_pause):
        tell(f"正在发送照片：还有 {store.media.waiting_count()} 张")
        try:
            holder, epoch = _Upload(store, transport, photo).run()
        except SyncFailure as failure:
            store.media.failed(photo.sha256, str(failure), now())
            if failure.again or not isinstance(failure, Refused | PhotoDamaged):
                raise
            report.trouble(f"照片 {photo.file_name}：{failure}")
            continue
        if holder != store.identity.current().holder:
            store.media.failed(photo.sha256, "只有中转站收到，省级服务器尚未确认", now())
            continue
        store.media.held(photo.sha256, holder, epoch, now())
        report.photos += 1


class _Upload:
    def __init__(self, store: Store, transport: Transport, photo: MediaFile) -> None:
        self._store = store
        self._transport = transport
        self._photo = photo
        # An upload begun at another address is begun anew: the credential does not travel there.
        self._url = photo.upload_url if photo.upload_url and transport.is_ours(photo.upload_url) else None

    def run(self) -> tuple[str, str]:
        """(holder, server_epoch) of the custody."""
        if not self._store.media.intact(self._photo.sha256):
            raise PhotoDamaged(self._photo.file_name)
        for _ in range(MAX_RESTARTS + 1):
            custody = self._once()
            if custody is not None:
                return custody
            self._remember(None)
        raise Refused(CHECKSUM_MISMATCH, "照片在传输中受损，已重试")

    def _once(self) -> tuple[str, str] | None:
        """One upload to its end; None if it must begin anew (gone, or its bytes did not add up)."""
        answer = self._resume() if self._url else self._create()
        for _ in range(2 * self._photo.byte_count // UPLOAD_CHUNK_BYTES + 20):
            if answer is None:
                return None
            custody = self._custody(answer)
            if custody is not None:
                return custody
            if answer.status_code == CHECKSUM_MISMATCH or answer.status_code in (404, 410):
                return None
            answer = self._next(answer)
        raise BrokenAnswer

    def _create(self) -> requests.Response:
        photo = self._photo
        metadata = {"media_id": photo.media_id, "sha256": photo.sha256, "filename": photo.file_name}
        encoded = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())
        answer = self._transport.tus(
            "POST", "/v1/uploads", {"Upload-Length": str(photo.byte_count), "Upload-Metadata": encoded}
        )
        if answer.status_code not in (200, 201):
            raise Refused(answer.status_code, problem_words(answer) or "照片上传未被接受")
        if "Location" in answer.headers:
            self._remember(self._transport.absolute(answer.headers["Location"], "/v1/uploads"))
        return answer

    def _resume(self) -> requests.Response | None:
        answer = self._transport.tus("HEAD", str(self._url), {})
        if answer.status_code in (404, 410):
            return None
        if answer.status_code not in (200, 204):
            raise Refused(answer.status_code, problem_words(answer) or "照片上传无法继续")
        return answer

    def _next(self, answer: requests.Response) -> requests.Response | None:
        """The next piece, from where the server says that it stands."""
        if self._url is None:
            raise BrokenAnswer
        if answer.status_code == 409:
            return self._resume()
        if not 200 <= answer.status_code < 300:
            raise Refused(answer.status_code, problem_words(answer) or "照片片段未被接受")
        offset = _offset(answer, 0 if answer.status_code == 201 else None)
        if not 0 <= offset < self._photo.byte_count:
            raise BrokenAnswer
        with self._photo.path.open("rb") as file:
            file.seek(offset)
            piece = file.read(UPLOAD_CHUNK_BYTES)
        headers = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        return self._transport.tus("PATCH", self._url, headers, piece)

    def _custody(self, answer: requests.Response) -> tuple[str, str] | None:
        parts = answer.headers.get(CUSTODY_HEADER, "").split(";")
        if not 200 <= answer.status_code < 300 or len(parts) != 3 or parts[0] != self._photo.sha256:
            return None
        return parts[1], parts[2]

    def _remember(self, url: str | None) -> None:
        self._url = url
        self._store.media.uploading(self._photo.sha256, url)


def _offset(answer: requests.Response, default: int | None) -> int:
    try:
        return int(answer.headers["Upload-Offset"])
    except (KeyError, ValueError) as error:
        if default is None:
            raise BrokenAnswer from error
        return default
