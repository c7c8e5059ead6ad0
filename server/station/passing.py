"""When there is a line: the same bytes to the province, under the station's own credential, and its signed answers kept for the tablets."""

import base64
import contextlib
import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import requests

from server.accounts.device_keys import holds
from server.relay.queries import statement
from server.station.checking import records_of
from server.station.spool import Photo, Spool, credential_file
from shared.clock import Clock
from shared.custody import Custody, NotCustody, read
from shared.protocol import (
    FREES_THE_TABLET,
    PROTOCOL,
    PROTOCOL_HEADER,
    QUARANTINED,
    RELAYED_HEADER,
    SIGNATURE_HEADER,
    TUS_VERSION,
    UPLOAD_CHUNK_BYTES,
)

_TIMEOUT = (10, 120)
_NOT_NOW = (429, 502, 503, 504, 507)
"""Nothing is taken just now, whatever it is: too much was asked, nobody is there, the disk is full."""


class NoLine(Exception):
    """The province cannot be reached, or is not the one that was joined; the text says which, in words."""


class _Refused(Exception):
    """This one thing was not taken, in the province's own words; it waits, and the next is tried."""


class _Failed(_Refused):
    """The province failed over this one thing. Whether over every thing, the next one tells."""


_FAILURES_IN_A_ROW = 2


@dataclass
class Passed:
    records: int = 0
    photos: int = 0
    problems: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        return [f"已转交 {self.records} 条记录、{self.photos} 张照片", *(f"注意：{words}" for words in self.problems)]


class Passing:
    def __init__(self, spool: Spool, clock: Clock) -> None:
        self._spool = spool
        self._clock = clock
        self._url = spool.setting("province_url")
        if not self._url or not credential_file(spool.home).is_file():
            raise NoLine("监测站还没有接入省级服务器：请先用 xiangye relay join")
        self._http = requests.Session()
        self._http.trust_env = False  # neither a proxy nor a .netrc of the machine may see the credential
        self._http.headers["Authorization"] = f"Bearer {credential_file(spool.home).read_text('ascii').strip()}"

    def close(self) -> None:
        self._http.close()

    def run(self) -> Passed:
        """Everything once. NoLine ends it; what one tablet's batch or photo meets does not hold up the others."""
        with self._spool.passing_alone() as alone:
            if not alone:
                raise NoLine("正在转交，请稍候")
            return self._run()

    def _run(self) -> Passed:
        done = Passed()
        try:
            self.learn_tablets()
        except _Refused as refused:
            raise NoLine(str(refused)) from refused
        failures = 0
        for work in self._waiting(done):
            try:
                work()
                failures = 0
            except _Failed as failed:
                failures += 1
                if failures == _FAILURES_IN_A_ROW:
                    raise NoLine(str(failed)) from failed
        self._spool.forget(self._clock.now())
        return done

    def _waiting(self, done: Passed) -> Iterator[Callable[[], None]]:
        """Each thing by itself. What the province refuses waits with the reason, and the next goes on."""
        for number in self._spool.to_pass():
            yield partial(self._pass_batch, number, done)
        for photo in self._spool.photos_to_pass():
            yield partial(self._pass_photo, photo, done)

    def _pass_batch(self, number: int, done: Passed) -> None:
        batch = self._spool.batch(number)
        with _told(partial(self._spool.not_passed, number), done, f"平板 {batch.device_id} 的一批记录"):
            custody = self._batch(batch.device_id, batch.signature, batch.body)
            self._spool.passed(number, batch.device_id, custody.as_json(), self._clock.now())
            done.records += len(custody.receipts)

    def _pass_photo(self, photo: Photo, done: Passed) -> None:
        with _told(partial(self._spool.photo_not_passed, photo), done, f"平板 {photo.device_id} 的一张照片"):
            self._spool.photo_passed(photo, self._photo(photo).as_json(), self._clock.now())
            done.photos += 1

    def learn_tablets(self) -> None:
        """The list is signed: the key that came first, when the station joined, is the only one believed."""
        answer = self._json(self._send("GET", "/v1/relay/tablets"))
        told, signature, key = answer.get("told"), answer.get("signature"), answer.get("pack_key")
        pinned = self._spool.setting("pack_key") or key
        if not isinstance(told, dict) or not isinstance(signature, str) or not isinstance(pinned, str):
            raise NoLine("省级服务器的回答不完整")
        if not holds(pinned, statement(told), signature):
            raise NoLine("对方的签名不是接入时那台省级服务器的：什么也没有转交")
        self._spool.keep(
            pack_key=pinned,
            tablets=json.dumps(told["tablets"]),
            names=json.dumps(told["names"], ensure_ascii=False),
            province=str(told["holder"]),
            tablets_at=self._clock.now().isoformat(timespec="seconds"),
        )

    def _batch(self, device_id: str, signature: str, body: bytes) -> Custody:
        headers = {
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            SIGNATURE_HEADER: signature,
            RELAYED_HEADER: device_id,
        }
        answer = self._json(self._send("POST", "/v1/sync/batches", headers, gzip.compress(body, mtime=0)))
        custody = self._believed(answer.get("signed"), device_id)
        told = {(one.get("record_id"), one.get("digest")): one.get("outcome") for one in custody.receipts}
        if any(told.get(key) not in FREES_THE_TABLET | {QUARANTINED} for key in records_of(body)):
            raise _Refused("省级服务器的收据不完整")
        return custody

    def _photo(self, photo: Photo) -> Custody:
        """tus, from where the province stands; then its word that it holds these bytes."""
        relayed = {RELAYED_HEADER: photo.device_id, "Tus-Resumable": TUS_VERSION}
        metadata = f"sha256 {base64.b64encode(photo.sha256.encode()).decode()}"
        begun = {**relayed, "Upload-Length": str(photo.byte_count), "Upload-Metadata": metadata}
        answer = self._expect(self._send("POST", "/v1/uploads", begun), 201)
        address = answer.headers.get("Location", "")
        with self._spool.photo_file(photo).open("rb") as file:
            offset = self._offset(self._send("HEAD", address, relayed))
            while offset < photo.byte_count:
                file.seek(offset)
                piece = {**relayed, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
                reached = self._offset(self._send("PATCH", address, piece, file.read(UPLOAD_CHUNK_BYTES)))
                if reached <= offset:
                    raise _Refused("照片的上传没有前进")
                offset = reached
        asked = json.dumps({"photos": [photo.sha256]}).encode()
        headers = {RELAYED_HEADER: photo.device_id, "Content-Type": "application/json"}
        custody = self._believed(self._json(self._send("POST", "/v1/relay/custody", headers, asked)), photo.device_id)
        if photo.sha256 not in custody.photos:
            raise _Refused("省级服务器还没有保管这张照片")
        return custody

    def _believed(self, document: Any, device_id: str) -> Custody:
        """What the tablet would not believe either is not kept for it."""
        try:
            custody = read(document)
        except NotCustody as error:
            raise _Refused(str(error)) from error
        if custody.device_id != device_id or not holds(
            self._spool.setting("pack_key"), custody.statement(), custody.signature
        ):
            raise _Refused("收据的签名不符")
        return custody

    def _send(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> requests.Response:
        if not path.startswith("/v1/"):
            raise _Refused("省级服务器给出的上传地址不符")
        try:
            answer = self._http.request(
                method, f"{self._url}{path}", headers=headers, data=body, timeout=_TIMEOUT, allow_redirects=False
            )
        except requests.RequestException as error:
            raise NoLine(f"连接不上省级服务器 {self._url}：都还在监测站上，联网后再转交") from error
        if answer.headers.get(PROTOCOL_HEADER) != str(PROTOCOL) and not _is_problem(answer):
            raise NoLine(f"{self._url} 的回答不是来自湘野服务器（可能需要先登录网络）")
        if answer.status_code == 401:
            raise NoLine("监测站的凭证无效或已收回：请向省级管理员索取新的凭证，再用 xiangye relay join")
        words = f"省级服务器暂时不能接收（{answer.status_code}）：稍后再转交"
        if answer.status_code in _NOT_NOW:
            raise NoLine(words)
        if answer.status_code >= 500:
            raise _Failed(words)
        return answer

    def _expect(self, answer: requests.Response, *statuses: int) -> requests.Response:
        if answer.status_code not in statuses:
            raise _Refused(_words_of(answer))
        return answer

    def _offset(self, answer: requests.Response) -> int:
        told = self._expect(answer, 200, 204).headers.get("Upload-Offset", "")
        if not told.isdecimal():
            raise _Refused("省级服务器没有说收到了多少")
        return int(told)

    def _json(self, answer: requests.Response) -> dict[str, Any]:
        try:
            found = self._expect(answer, 200).json()
        except requests.exceptions.JSONDecodeError as error:
            raise NoLine("省级服务器的回答不完整") from error
        if not isinstance(found, dict):
            raise NoLine("省级服务器的回答不完整")
        return found


@contextlib.contextmanager
def _told(keep: Callable[[str], None], done: Passed, what: str) -> Iterator[None]:
    try:
        yield
    except (_Refused, FileNotFoundError) as refused:
        keep(str(refused))
        done.problems.append(f"{what}：{refused}")
        if isinstance(refused, _Failed):
            raise


def _is_problem(answer: requests.Response) -> bool:
    return answer.status_code >= 400 and answer.headers.get("Content-Type", "").startswith("application/problem+json")


def _words_of(answer: requests.Response) -> str:
    try:
        told = answer.json()
        return "：".join(str(told[key]) for key in ("title", "detail") if told.get(key))
    except (requests.exceptions.JSONDecodeError, AttributeError):
        return f"未被接受（{answer.status_code}）"
