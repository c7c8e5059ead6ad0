"""Records coming in over HTTP, with the gate, the stamps and the audit on: batches beside single records, beside COPY of the rows that
they fill, and sent again; and what a record costs when a million are there already."""

import cProfile
import gzip
import json
import pstats
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import requests
from sqlalchemy.orm import Session

from server import db
from server.accounts.service import enrol, issue_code
from server.settings import Settings
from server.sync.service import accept_batch
from shared.canonical import canonical_bytes
from shared.clock import CHINA, SystemClock
from shared.ids import uuid7
from tests import many_occurrences, records
from tests.admitting import ACTOR, set_up
from tests.benchmarks.copied_rows import mark, rows_since
from tests.benchmarks.measure import Goal, Result, figure
from tests.faults.server_process import ServerProcess, environment_of
from tests.own_database import reference_database

BATCH, BATCHES, SINGLES, ROUNDS, TABLETS = 100, 24, 96, 5, 8
FEW, MANY = 10_000, 1_000_000
FLAT = 1.3
"""Within what two runs of the same differ by on a machine that does other things too."""
_NAMES = (("白鹭", "Egretta garzetta"), ("池鹭", "Ardeola bacchus"), ("穿山甲", "Manis pentadactyla"))
_STAGES = (
    ("the batch read", "open_batch"),
    ("records checked", "read"),
    ("versions written", "insert_versions"),
    ("bodies kept", "keep_bodies"),
    ("versions merged", "_merge_touched"),
    ("placed, stamped, disclosed and written", "project"),
    ("listed for readers", "place_in_lists"),
    ("rules of verification", "run_rules"),
    ("numbered and chained", "seal_versions"),
)


def cases() -> Iterator[Result]:
    with _served() as sender:
        yield from _side_by_side(sender)
        yield from _stages(sender.settings)
    yield _flat()


@dataclass(frozen=True)
class _Tablet:
    device: str
    credential: str


@dataclass
class _Sender:
    """Tablets that hand over at the same time, to a server with a worker for each core. More of them than workers, since a worker that took
    the lines of all keeps them, and the other would stand by."""

    url: str
    tablets: list[_Tablet]
    settings: Settings
    dice: random.Random

    def batches(self, count: int = BATCHES, size: int = BATCH) -> list[list[dict[str, Any]]]:
        """Turn by turn of each tablet."""
        return [
            [_record(self.dice, self.tablets[number % len(self.tablets)].device) for _ in range(size)]
            for number in range(count)
        ]

    def seconds(self, parts: Sequence[Sequence[dict[str, Any]]], outcome: str = "accepted") -> float:
        packed = [(gzip.compress(_body(part)), len(part)) for part in parts]
        turns = [packed[number :: len(self.tablets)] for number in range(len(self.tablets))]
        with ThreadPoolExecutor(len(self.tablets)) as pool:
            begun = time.perf_counter()
            for told in list(pool.map(self._post_all, self.tablets, turns)):
                assert set(told) == {outcome}, told
            return time.perf_counter() - begun

    def _post_all(self, tablet: _Tablet, turn: Sequence[tuple[bytes, int]]) -> list[str]:
        # A connection of each turn: one that lay idle while rows were copied may be closed just when it is used again.
        with requests.Session() as http:
            return [outcome for data, count in turn for outcome in self._post(http, tablet, data, count)]

    def _post(self, http: requests.Session, tablet: _Tablet, data: bytes, count: int) -> list[str]:
        answer = http.post(
            f"{self.url}/v1/sync/batches",
            data=data,
            timeout=120,
            headers={
                "Authorization": f"Bearer {tablet.credential}",
                "Content-Encoding": "gzip",
                "Content-Type": "application/json",
            },
        )
        assert answer.status_code == 200, answer.text
        receipts = answer.json()["receipts"]
        assert len(receipts) == count
        return [one["outcome"] for one in receipts]


def _body(sent: Sequence[dict[str, Any]]) -> bytes:
    now = SystemClock().now().isoformat()
    return json.dumps({"protocol": 1, "batch_id": str(uuid7()), "sent_at": now, "records": list(sent)}).encode()


def _record(dice: random.Random, device: str = records.DEVICE) -> dict[str, Any]:
    name_zh, scientific_name = dice.choice(_NAMES)
    place = {
        "latitude_e7": 249000000 + dice.randrange(10_000_000),
        "longitude_e7": 1125000000 + dice.randrange(10_000_000),
        "coordinate_uncertainty_in_meters": str(dice.randint(3, 15)),
        "source": "gnss",
    }
    seen = datetime(2025, 4, 1, 6, tzinfo=CHINA) + timedelta(minutes=dice.randrange(60 * 24 * 50))
    record = records.occurrence(
        taxon={"name_zh": name_zh, "scientific_name": scientific_name},
        place=place,
        individual_count=dice.randint(1, 9),
        observed_from=seen.isoformat(),
    )
    saved_at = {"wall": (seen + timedelta(minutes=1)).isoformat(), "monotonic_ms": 1, "gnss": None}
    return {**record, "device": device, "saved_at": saved_at}


@contextmanager
def _served(preloaded: int = 0) -> Iterator[_Sender]:
    """The server as it runs in earnest, over TCP."""
    with reference_database() as settings, tempfile.TemporaryDirectory() as folder:
        if preloaded:
            many_occurrences.fill(settings, preloaded)
        with db.open_session(settings) as session:
            if not preloaded:
                set_up(session)
            tablets = [_enrolled(session) for _ in range(TABLETS)]
        env = {**environment_of(settings), "XIANGYE_REQUESTS_PER_MINUTE": "1000000"}
        server = ServerProcess(env, Path(folder) / "server.log", preload=True)
        server.start()
        try:
            sender = _Sender(server.url, tablets, settings, random.Random(7))
            sender.seconds(sender.batches(2 * TABLETS))
            yield sender
        finally:
            server.stop()


def _enrolled(session: Session) -> _Tablet:
    device = uuid7()
    code = issue_code(session, SystemClock(), UUID(records.PERSON))
    _, credential = enrol(session, SystemClock(), code, device, "平板", "0.1.0")
    return _Tablet(str(device), credential)


def _side_by_side(sender: _Sender) -> Iterator[Result]:
    owner = (sender.settings.owner_url or "").replace("+psycopg", "").replace(db.OWNER_ROLE, "xiangye_cluster")
    batched, single, again, stored = [], [], [], []
    for _ in range(ROUNDS):
        parts = sender.batches()
        since = mark(owner)
        batched.append(sender.seconds(parts) / (BATCHES * BATCH))
        copied = rows_since(owner, since)
        again.append(sender.seconds(parts, "already_have") / (BATCHES * BATCH))
        single.append(sender.seconds(sender.batches(SINGLES, 1)) / SINGLES)
        stored.append(copied.seconds_to_store(owner) / (BATCHES * BATCH))
    note = f"{1 / min(batched):,.0f} records/s against {1 / min(single):,.0f}"
    yield figure(f"batches of {BATCH} / one record a request", _ratios(single, batched), "×", Goal(at_least=8), note)
    rows = f"{copied.row_count / (BATCHES * BATCH):.1f} rows a record in {len(copied.counts)} tables, COPY {1 / min(stored):,.0f} records/s"
    yield figure("batches over HTTP / COPY of their rows", _ratios(stored, batched), "×", Goal(at_least=0.15), rows)
    yield figure(
        "sent again / sent first", _ratios(batched, again), "×", Goal(at_least=1), f"{1 / min(again):,.0f} records/s"
    )


def _ratios(slower: Sequence[float], faster: Sequence[float]) -> list[float]:
    return [one / other for one, other in zip(slower, faster, strict=True)]


def _stages(settings: Settings) -> Iterator[Result]:
    """In this process, under a profiler, which makes all of it slower and its shares comparable."""
    dice = random.Random(11)
    bodies = [canonical_bytes(json.loads(_body([_record(dice) for _ in range(BATCH)]))) for _ in range(BATCHES + 1)]
    profile = cProfile.Profile()
    for number, body in enumerate(bodies):
        with db.open_session(settings) as session:
            if number:
                profile.enable()
            accept_batch(session, ACTOR, SystemClock(), "hunan", body)
            profile.disable()
    calls = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    spent = {name: _cumulative(calls, name) for _, name in _STAGES} | {"all": _cumulative(calls, "accept_batch")}
    for words, name in _STAGES:
        yield figure(f"stage: {words}", [spent[name] / spent["all"]], "of the whole")


def _cumulative(calls: Any, name: str) -> float:
    found = [entry[3] for (path, _, function), entry in calls.items() if function == name and "/server/" in path]
    assert found, name
    return float(max(found))


def _flat() -> Result:
    with _served(FEW) as few, _served(MANY) as many:
        ratios = []
        for _ in range(ROUNDS):
            small = few.seconds(few.batches())
            ratios.append(many.seconds(many.batches()) / small)
    name = f"cost of a record with {MANY:,} stored / with {FEW:,}"
    return figure(name, ratios, "×", Goal(at_most=FLAT), f"{BATCHES * BATCH / small:,.0f} records/s with few")
