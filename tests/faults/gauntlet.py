"""One tablet through every fault that must not be met by chance: each strikes once, at the request that it is about."""

import base64
import gzip
import hashlib
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import requests

from server.accounts.service import enrol, issue_code
from server.db import open_session
from shared.clock import SystemClock
from shared.ids import uuid7
from shared.protocol import CUSTODY_HEADER
from tests import records
from tests.faults.ground import Ground
from tests.faults.photographs import photograph
from tests.faults.soak import CLEAN_TRIES, Round, Session
from tests.faults.tablets import TabletDied

BATCH, PATCH, CHANGES = "POST /v1/sync/batches", "PATCH /v1/uploads", "GET /v1/sync/changes"


@dataclass(frozen=True)
class Pass:
    """Two records, a photo and a withdrawal; a sync that is struck on the line, or by a failpoint on one side, and the end of the
    app behind it."""

    on_the_line: Mapping[str, Sequence[str]] = field(default_factory=dict)
    at_the_tablet: str = ""
    at_the_server: str = ""


MOST_SAVES = 200
OPEN = "白鹭"
"""One that leaves the tablet in clear, whatever the chance of the others is."""
PASSES: Mapping[str, Pass] = {
    "other digests": Pass({BATCH: ["lie_digest"], PATCH: ["lie_digest"]}),
    "another holder": Pass({BATCH: ["lie_holder"], PATCH: ["lie_holder"]}),
    "answers lost": Pass({BATCH: ["cut_response", "reset_peer"], PATCH: ["duplicate"]}),
    "a bit flipped": Pass({BATCH: ["duplicate"], PATCH: ["flip_request", "cut_request"]}),
    "half answers": Pass({BATCH: ["flip_request"], PATCH: ["captive_portal"], CHANGES: ["truncated_json"]}),
    "dies before it posts": Pass(at_the_tablet="records_to_post"),
    "dies with its receipts": Pass(at_the_tablet="receipts_taken"),
    "dies in a page": Pass(at_the_tablet="page_without_cursor"),
    "server dies behind its commit": Pass(at_the_server="batch_committed"),
    "server dies behind a photo": Pass(at_the_server="photo_committed"),
    "nothing": Pass(),
}


class Gauntlet(Round):
    """A round of one tablet; the counts at its end are those of any round. `unstruck`: failpoints that nobody passed."""

    def __init__(self, ground: Ground, label: str) -> None:
        told = stranger(ground)
        super().__init__(ground, label, 1)
        self._chance = random.Random(label)
        self._tablet = self.tablets[0]
        self.unstruck: list[str] = []
        for what, holds in told.items():
            if not holds:
                self._note(what, what)

    def run(self, passes: Iterable[str] = PASSES) -> None:
        for name in passes:
            try:
                self._pass(PASSES[name])
            except TabletDied as died:
                self._note("died", str(died))
            self._tablet.end()
        self.settle()

    def fill_disk(self, room_bytes: int) -> int:
        """Saves until the disk is full, which is said in words; how many were acknowledged before. What is there stays, and the rest of
        the day goes on once there is room."""
        self.ground.line.begin(0, "", 0)
        session = Session(self.ground, self._tablet, self._chance, self.tally)
        self._tablet.tell(session.sighting(with_photo=False))
        sizes = [path.stat().st_size for path in self._tablet.data.glob("field.sqlite3*")]
        self._tablet.tell({"file_bytes": max(sizes) + room_bytes})
        before = len(self._tablet.ledger.saved)
        for _ in range(MOST_SAVES):
            said = self._tablet.tell(session.sighting(with_photo=True))
            if said is None or said["failed"]:
                break
        else:
            self._note("refused", "the disk never was full")
        self._tablet.tell({"file_bytes": -1})
        self._tablet.tell(session.sighting(with_photo=False))
        return len(self._tablet.ledger.saved) - before - 1

    def _pass(self, told: Pass) -> None:
        self.tally.done += 1
        session = Session(self.ground, self._tablet, self._chance, self.tally)
        self.ground.line.begin(0, "", 0, {kind: list(faults) for kind, faults in told.on_the_line.items()})
        open_one = {**session.sighting(with_photo=False), "species": OPEN}
        for step in (session.sighting(with_photo=True), open_one, session.sighting(with_photo=False), {"do": "undo"}):
            said = self._tablet.tell(step)
            if said is None or said["failed"]:
                self._note("refused", f"{step}: {said and said['failed']}")
        self._tablet.arm(told.at_the_tablet, "kill")
        self.ground.arm(told.at_the_server, "kill")
        for _ in range(CLEAN_TRIES):  # a slow machine may outlast the tablet's patience before the place is reached
            self._tablet.tell({"do": "sync"})
            if not (told.at_the_tablet and self._tablet.is_armed) and not (told.at_the_server and self.ground.is_armed):
                break
        for arms, name in ((self._tablet, told.at_the_tablet), (self.ground, told.at_the_server)):
            if arms.disarm() and name:
                self.unstruck.append(name)


def stranger(ground: Ground) -> dict[str, bool]:
    """What an odd client is told, straight at the server: name of the promise → whether it was kept."""
    device = str(uuid7())
    with open_session(ground.settings) as session:
        code = issue_code(session, SystemClock(), ground.people[0])
        person, credential = enrol(session, SystemClock(), code, UUID(device), "陌生平板", "0.1.0")
        author = str(person.id)
    client = _Client(ground.server.url, credential)
    return {"bad record": client.bad_record(author, device), "piece twice": client.piece_twice()}


@dataclass(frozen=True)
class _Client:
    url: str
    credential: str

    def _send(self, method: str, path: str, data: bytes, **headers: str) -> requests.Response:
        return requests.request(
            method,
            f"{self.url}{path}",
            data=data,
            timeout=20,
            headers={
                "Authorization": f"Bearer {self.credential}",
                **{k.replace("_", "-"): v for k, v in headers.items()},
            },
        )

    def bad_record(self, author: str, device: str) -> bool:
        """P6: one record whose body is none is quarantined, the other is accepted."""
        good, bad = (records.occurrence() | {"author": author, "device": device} for _ in range(2))
        bad["body"]["individual_count"] = "viele"
        told = {"protocol": 1, "batch_id": str(uuid7()), "sent_at": "2026-01-01T00:00:00+00:00", "records": [bad, good]}
        answer = self._send(
            "POST",
            "/v1/sync/batches",
            gzip.compress(json.dumps(told).encode()),
            Content_Type="application/json",
            Content_Encoding="gzip",
        )
        return [one["outcome"] for one in answer.json().get("receipts", [])] == ["quarantined", "accepted"]

    def piece_twice(self) -> bool:
        """P7: a piece that was sent already is told by where the upload stands, and the photo comes to its end."""
        photo = photograph(random.Random(self.credential))
        told = base64.b64encode(hashlib.sha256(photo).hexdigest().encode()).decode()
        tus: dict[str, Any] = {"Tus_Resumable": "1.0.0"}
        made = self._send(
            "POST", "/v1/uploads", b"", Upload_Length=str(len(photo)), Upload_Metadata=f"sha256 {told}", **tus
        )
        path, half = made.headers["Location"], len(photo) // 2
        piece = {"Content_Type": "application/offset+octet-stream", **tus}
        statuses = [self._send("PATCH", path, photo[:half], Upload_Offset="0", **piece).status_code for _ in range(2)]
        last = self._send("PATCH", path, photo[half:], Upload_Offset=str(half), **piece)
        return statuses == [204, 409] and CUSTODY_HEADER in last.headers
