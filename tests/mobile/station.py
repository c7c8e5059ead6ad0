"""A small server that speaks sync protocol 1 over real HTTP, and misbehaves when asked to."""

import base64
import contextlib
import gzip
import hashlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.canonical import digest
from shared.ids import uuid7
from shared.wire.signature import key_id
from tests.mobile.small_pack import make_pack
from tests.small_server import Answering, small_server

__all__ = ["HOLDER", "PERSON", "SURVEY", "Station", "closed_port", "make_pack", "station"]
PERSON, SURVEY = str(uuid7()), str(uuid7())
HOLDER = "hunan"


@dataclass
class Station:
    """`records` by (id, digest) as received; faults are switched on by the tests."""

    url: str = ""
    epoch: str = field(default_factory=lambda: str(uuid7()))
    holder: str = HOLDER
    skew: timedelta = timedelta()
    pack: bytes = b""
    records: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    posted: list[list[str]] = field(default_factory=list)
    photos: dict[str, bytes] = field(default_factory=dict)
    copies: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, "Upload"] = field(default_factory=dict)
    patches: list[tuple[int, int]] = field(default_factory=list)
    heads: int = 0
    portal: bool = False
    known: dict[str, Any] = field(default_factory=dict)
    """What the session tells otherwise than it is."""
    filtered: bytes = b""
    """A gateway lets no body with this through; or the server itself fails over it."""
    fails: bool = False
    revoked: bool = False
    without_header: bool = False
    cut_batches: int = 0
    cut_every_other: bool = False
    slow_batches: float = 0
    cut_after_keeping: int = 0
    cut_patches: int = 0
    spoil_photos: int = 0
    wrong_digest: bool = False
    quarantine: bool = False
    relay: bool = False
    epoch_of_answers: str = ""
    credentials: list[str] = field(default_factory=list)
    lose_half: bool = False
    pack_asked: int = 0
    changes: list[dict[str, Any]] = field(default_factory=list)
    pages: list[Any] = field(default_factory=list)
    changes_asked: list[str] = field(default_factory=list)
    notices: dict[str, Any] | None = None
    enrolment_status: int = 201

    device: str = ""
    credential: str = "secret"
    forks: dict[str, dict[str, Any]] = field(default_factory=dict)
    forks_used: set[str] = field(default_factory=set)
    fork_refusal: tuple[int, dict[str, Any]] | None = None
    fork_answer: dict[str, Any] = field(default_factory=dict)
    lose_forks: int = 0
    during_fork: Callable[[], object] = lambda: None

    def knows(self, record: dict[str, Any], credential: str) -> bool:
        """Whether it is one of the device that asks: one that forked here, else whoever enrolled last."""
        if credential in self.forks:
            return bool(record.get("device") == self.forks[credential]["device_id"])
        forked = {asked["device_id"] for asked in self.forks.values()}
        return record.get("device") not in forked and self.device in ("", record.get("device"))

    def now(self) -> str:
        return (datetime.now(UTC) + self.skew).isoformat()


@dataclass
class Upload:
    length: int
    sha256: str
    data: bytes = b""


@contextlib.contextmanager
def station(**options: Any) -> Iterator[Station]:
    state = Station(**options)

    class Handler(_Handler):
        station = state

    with small_server(Handler) as state.url:
        yield state


def closed_port() -> str:
    """An address where nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


class _Handler(Answering):
    station: Station

    def do_GET(self) -> None:
        if self._refused():
            return
        if self.path.partition("?")[0] == "/v1/sync/session":
            self._json(200, self._session())
        elif self.path.startswith("/v1/sync/changes"):
            self.station.changes_asked.append(self.path)
            if self.station.pages:
                self._json(200, self.station.pages.pop(0))
                return
            cursor = int(self.path.split("cursor=")[1].split("&")[0])
            found = [change for change in self.station.changes if change["change_no"] > cursor]
            self._json(200, {"changes": found, "cursor": found[-1]["change_no"] if found else cursor, "more": False})
        else:
            self.station.pack_asked += 1
            self.answer(200, self.station.pack, {"Content-Type": "application/vnd.sqlite3", "Xiangye-Protocol": "1"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self._refused():
            return
        if self.path == "/v1/devices/enrol":
            self._enrol(json.loads(body))
        elif self.path == "/v1/devices/fork":
            self.station.during_fork()
            self._fork(json.loads(body))
        elif self.path == "/v1/sync/batches":
            self._batch(gzip.decompress(body))
        else:
            self._create(body)

    def do_HEAD(self) -> None:
        self.station.heads += 1
        upload = self.station.uploads.get(self.path)
        if upload is None:
            self.answer(404, b"", {"Tus-Resumable": "1.0.0"})
        else:
            self._upload_state(200, upload)

    def do_PATCH(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        upload, at = self.station.uploads[self.path], int(self.headers["Upload-Offset"])
        self.station.patches.append((at, len(body)))
        if at != len(upload.data):
            self.answer(409, b"", {"Tus-Resumable": "1.0.0"})
            return
        if self.station.cut_patches:
            self.station.cut_patches -= 1
            upload.data += body[: len(body) // 2]
            self._hang_up()
            return
        if self.station.spoil_photos:
            self.station.spoil_photos -= 1
            body = bytes(len(body))
        upload.data += body
        if len(upload.data) == upload.length and hashlib.sha256(upload.data).hexdigest() != upload.sha256:
            del self.station.uploads[self.path]
            self.answer(460, b"", {"Tus-Resumable": "1.0.0"})
            return
        if len(upload.data) == upload.length:
            self.station.photos[upload.sha256] = upload.data
        self._upload_state(204, upload)

    def _refused(self) -> bool:
        if "Authorization" in self.headers:
            self.station.credentials.append(self.headers["Authorization"])
            self.station.forks_used.add(self._credential())
        if self.station.portal:
            self.answer(200, b"<html>Welcome! Please log in</html>", {"Content-Type": "text/html"})
            return True
        strange = self.station.forks and self._credential() not in (
            "",
            "secret",
            self.station.credential,
            *self.station.forks,
        )
        if (strange or self.station.revoked) and self.path != "/v1/devices/enrol":
            body = json.dumps({"title": "设备凭证无效或已注销", "status": 401, "code": "credential_unknown"}).encode()
            named = {} if self.station.without_header else {"Xiangye-Protocol": "1"}
            self.answer(401, body, {"Content-Type": "application/problem+json"} | named)
            return True
        return False

    def _enrol(self, asked: dict[str, Any]) -> None:
        if self.station.enrolment_status != 201:
            body = json.dumps({"title": "稍后再试", "status": self.station.enrolment_status}).encode()
            headers = {"Content-Type": "application/problem+json", "Xiangye-Protocol": "1"}
            self.answer(self.station.enrolment_status, body, headers)
            return
        if asked["code"] != "GOOD-CODE":
            body = json.dumps({"title": "注册码已使用或已过期", "status": 410, "code": "enrolment_used"}).encode()
            self.answer(410, body, {"Content-Type": "application/problem+json"})
            return
        self.station.device = asked["device_id"]
        self._json(
            201,
            {
                "person_id": PERSON,
                "person_name": "测试员",
                "device_id": asked["device_id"],
                "credential": self.station.credential,
                "server_time": self.station.now(),
                "server_epoch": self.station.epoch,
                "holder": self.station.holder,
            },
        )

    def _credential(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def _fork(self, asked: dict[str, Any]) -> None:
        """As the server does: a repeat gets another credential, until the one before was used."""
        if self.station.fork_refusal:
            status, told = self.station.fork_refusal
            body = json.dumps({"title": "不行", "status": status, **told}).encode()
            self.answer(status, body, {"Content-Type": "application/problem+json"})
            return
        by_id = {fork["device_id"]: credential for credential, fork in self.station.forks.items()}
        if by_id.get(asked["device_id"]) in self.station.forks_used:
            body = json.dumps({"title": "不行", "status": 422, "code": "invalid", "field": "device_id"}).encode()
            self.answer(422, body, {"Content-Type": "application/problem+json"})
            return
        self.station.forks.pop(by_id.get(asked["device_id"], ""), None)
        before = self.station.forks.get(self._credential(), {"device_id": self.station.device})
        credential = f"secret of {uuid7()}"
        self.station.forks[credential] = asked
        if self.station.lose_forks:
            self.station.lose_forks -= 1
            self._hang_up()
            return
        key = asked.get("device_public_key")
        told = {
            "person_id": PERSON,
            "device_id": asked["device_id"],
            "forked_from": before["device_id"],
            "credential": credential,
            "device_key": key_id(key) if key else None,
        }
        self._json(200, told | self.station.fork_answer)

    def _session(self) -> dict[str, Any]:
        pack = self.station.pack
        described = (
            {"version": "2025", "sha256": hashlib.sha256(pack).hexdigest(), "byte_count": len(pack)} if pack else None
        )
        return {
            "server_time": self.station.now(),
            "server_epoch": self.station.epoch,
            "holder": self.station.holder,
            **self._known(),
            "person_id": PERSON,
            "protocol": 1,
            "surveys": [{"survey_id": SURVEY, "title": "测试调查", "kind": "county_baseline", "dataset_id": None}],
            "packs": {"taxa": described},
            **({"notices": self.station.notices} if self.station.notices else {}),
            **self.station.known,
        }

    def _known(self) -> dict[str, Any]:
        """As the server counts: of the device that asks."""
        credential = self._credential()
        own = [
            (one["seq"], mark) for (_, mark), one in self.station.records.items() if self.station.knows(one, credential)
        ]
        seq, mark = max(own, key=lambda one: one[0], default=(0, ""))
        return {"known_seq": seq, "known_digest": mark}

    def _batch(self, body: bytes) -> None:
        if self.station.filtered and self.station.filtered in body:
            told = {"Xiangye-Protocol": "1"} if self.station.fails else {"Content-Type": "text/html"}
            self.answer(500 if self.station.fails else 403, b"<html>blocked</html>", told)
            return
        batch = json.loads(body)
        if self.station.cut_every_other:
            self.station.cut_batches = 1 - self.station.cut_batches
        if self.station.cut_batches:
            self.station.cut_batches -= not self.station.cut_every_other
            self._hang_up()
            return
        self.station.posted.append([record["id"] for record in batch["records"]])
        receipts = [self._receipt(record) for record in batch["records"]]
        if self.station.slow_batches:
            time.sleep(self.station.slow_batches)
        if self.station.cut_after_keeping:
            self.station.cut_after_keeping -= 1
            self._hang_up()
            return
        if self.station.lose_half:
            receipts = receipts[: len(receipts) // 2]
        self._json(
            200,
            {
                "server_time": self.station.now(),
                "server_epoch": self.station.epoch,
                "holder": self.station.holder,
                "receipts": receipts,
            },
        )

    def _receipt(self, record: dict[str, Any]) -> dict[str, Any]:
        mark = digest(record)
        known = (record["id"], mark) in self.station.records
        outcome = "quarantined" if self.station.quarantine else "already_have" if known else "accepted"
        if outcome != "quarantined":
            self.station.records[record["id"], mark] = record
        return {
            "record_id": record["id"],
            "digest": "0" * 64 if self.station.wrong_digest else mark,
            "outcome": outcome,
            "holder": "relay" if self.station.relay else self.station.holder,
            "server_epoch": self.station.epoch_of_answers or self.station.epoch,
            "reason": "invalid" if outcome == "quarantined" else None,
            "detail": [{"field": "body.place", "message": "odd"}] if outcome == "quarantined" else [],
        }

    def _create(self, body: bytes) -> None:
        pairs = (part.split(" ") for part in self.headers["Upload-Metadata"].split(","))
        metadata = {key: base64.b64decode(value).decode() for key, value in pairs}
        path = f"/v1/uploads/{uuid7()}"
        if "review_of" in metadata:  # a small copy comes whole with its creation, and nobody has custody of it
            self.station.copies[metadata["review_of"]] = body
            state = {"Tus-Resumable": "1.0.0", "Location": path, "Upload-Offset": str(len(body))}
            self.answer(201, b"", state)
            return
        self.station.uploads[path] = Upload(
            int(self.headers["Upload-Length"]), metadata["sha256"], self.station.photos.get(metadata["sha256"], b"")
        )
        self._upload_state(201, self.station.uploads[path], {"Location": path})

    def _upload_state(self, status: int, upload: Upload, headers: dict[str, str] | None = None) -> None:
        state = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(len(upload.data)), **(headers or {})}
        if len(upload.data) == upload.length:
            epoch = self.station.epoch_of_answers or self.station.epoch
            state["Xiangye-Custody"] = f"{upload.sha256};{self.station.holder};{epoch}"
        self.answer(status, b"", state)

    def _json(self, status: int, body: Any) -> None:
        headers = {"Content-Type": "application/json"} | (
            {} if self.station.without_header else {"Xiangye-Protocol": "1"}
        )
        self.answer(status, json.dumps(body).encode(), headers)

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
