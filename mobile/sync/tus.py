"""One file by tus 1.0: resumable in pieces of 256 KB, each with its checksum; the server's offset is the only one that counts."""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

from mobile.sync.failures import BrokenAnswer, Refused, SyncFailure
from mobile.sync.transport import Transport, problem_words
from shared.protocol import CUSTODY_HEADER, UPLOAD_CHUNK_BYTES

CHECKSUM_MISMATCH, OFFSET_MISMATCH = 460, 409
GONE = (404, 410)
MAX_RESTARTS = 2
MAX_DAMAGED_IN_A_ROW = 4
_ADDRESS = re.compile(r"/v1/uploads/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Sent:
    """The custody that was told: whose, of which bytes, in which epoch. Empty for a copy, of which nobody has custody."""

    digest: str = ""
    holder: str = ""
    epoch: str = ""


class Upload:
    """`remember` is told the address and the server's offset at each step, and None when that address is of no use any more;
    `may_go` is asked before each piece, and raises where it may not."""

    def __init__(
        self,
        transport: Transport,
        path: Path,
        metadata: Mapping[str, str],
        url: str | None,
        remember: Callable[[str | None, int], None],
        may_go: Callable[[], None] = lambda: None,
    ) -> None:
        self._transport = transport
        self._path = path
        self._metadata = metadata
        self._is_copy = "review_of" in metadata
        self._byte_count = path.stat().st_size
        self._keep = remember
        self._may_go = may_go
        # One begun at another address is begun anew: the credential does not travel there. One that is no upload's is of no use.
        self._url = url if url and transport.is_ours(url) and _is_an_upload(url) else None
        self._reached = 0
        self._damaged = 0

    def run(self) -> Sent:
        try:
            for _ in range(MAX_RESTARTS + 1):
                sent = self._once()
                if sent is not None:
                    return sent
                self._remember(None)
        except SyncFailure as failure:
            if isinstance(failure, BrokenAnswer) or (isinstance(failure, Refused) and not failure.again):
                self._remember(None)  # else one bad address would hold up this photo for ever
            raise
        raise Refused(CHECKSUM_MISMATCH, "照片在传输中一再受损，稍后再试")

    def _once(self) -> Sent | None:
        """One upload to its end; None if it must begin anew."""
        self._may_go()
        answer = self._resume() if self._url else self._create()
        for _ in range(4 * self._byte_count // UPLOAD_CHUNK_BYTES + 40):
            if answer is None:
                return None
            sent = self._ended(answer)
            if sent is not None:
                return sent
            answer = self._next(answer)
        raise BrokenAnswer

    def _create(self) -> requests.Response:
        encoded = ",".join(
            f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in self._metadata.items()
        )
        headers = {"Upload-Length": str(self._byte_count), "Upload-Metadata": encoded}
        body = self._piece(0) if self._is_copy else b""  # a small file in one request
        answer = self._transport.tus("POST", "/v1/uploads", headers | _checked(body), body)
        if answer.status_code not in (200, 201):
            raise Refused(answer.status_code, problem_words(answer) or "照片上传未被接受")
        if "Location" in answer.headers:
            url = self._transport.absolute(answer.headers["Location"], "/v1/uploads")
            if not _is_an_upload(url):
                raise BrokenAnswer  # cut short on the way
            self._remember(url)
        return answer

    def _resume(self) -> requests.Response | None:
        """None where there is nothing to go on with at this address, whatever the server calls it."""
        answer = self._transport.tus("HEAD", str(self._url), {})
        if answer.status_code >= 500:
            raise Refused(answer.status_code, problem_words(answer) or "照片上传暂时无法继续")
        return answer if answer.status_code in (200, 204) else None

    def _next(self, answer: requests.Response) -> requests.Response | None:
        """The next piece, from where the server says that it stands."""
        if answer.status_code == CHECKSUM_MISMATCH:
            self._damaged += 1
            if self._damaged > MAX_DAMAGED_IN_A_ROW:
                return None
        if answer.status_code in (OFFSET_MISMATCH, CHECKSUM_MISMATCH):
            return self._resume()
        if answer.status_code in GONE:
            return None
        if not 200 <= answer.status_code < 300:
            raise Refused(answer.status_code, problem_words(answer) or "照片片段未被接受")
        offset = _offset(answer, 0 if answer.status_code == 201 else None)
        if self._url is None or not 0 <= offset < self._byte_count:
            raise BrokenAnswer
        if offset > self._reached:
            self._damaged = 0
        self._reached = offset
        self._remember(self._url)
        self._may_go()
        piece = self._piece(offset)
        return self._transport.tus("PATCH", self._url, {"Upload-Offset": str(offset), **_checked(piece)}, piece)

    def _piece(self, offset: int) -> bytes:
        with self._path.open("rb") as file:
            file.seek(offset)
            return file.read(UPLOAD_CHUNK_BYTES)

    def _ended(self, answer: requests.Response) -> Sent | None:
        if not 200 <= answer.status_code < 300:
            return None
        if self._is_copy:
            return Sent() if _offset(answer, 0) == self._byte_count else None
        parts = answer.headers.get(CUSTODY_HEADER, "").split(";")
        return Sent(*parts) if len(parts) == 3 and parts[0] == self._metadata["sha256"] else None

    def _remember(self, url: str | None) -> None:
        self._url = url
        self._keep(url, self._reached if url else 0)


def _is_an_upload(url: str) -> bool:
    return _ADDRESS.fullmatch(urlsplit(url).path) is not None


def _checked(piece: bytes) -> dict[str, str]:
    """So that damage on the way costs this piece, not the whole file."""
    if not piece:
        return {}
    digest = base64.b64encode(hashlib.sha256(piece).digest()).decode()
    return {"Content-Type": "application/offset+octet-stream", "Upload-Checksum": f"sha256 {digest}"}


def _offset(answer: requests.Response, default: int | None) -> int:
    try:
        return int(answer.headers["Upload-Offset"])
    except (KeyError, ValueError) as error:
        if default is None:
            raise BrokenAnswer from error
        return default
