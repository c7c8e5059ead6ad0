"""P9, T16: what any app so far has written is taken whole, by the app of today or as bare bytes, under the digests that it was given."""

import hashlib
import json
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests
from sqlalchemy import text

from mobile.device.desktop import desktop_device
from mobile.wiring import build
from server.accounts.service import add_person, enrol, issue_code
from server.db import engine_for, open_session
from server.surveys.model import Dataset
from server.surveys.service import add_survey
from shared.canonical import digest
from shared.ids import uuid7
from tests import records
from tests.admitting import CLOCK
from tests.serving import Live

GOLDEN = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Outbox:
    folder: Path
    told: dict[str, Any]

    @property
    def digests(self) -> set[tuple[str, str]]:
        return {(one["record_id"], one["digest"]) for one in self.told["records"]}

    def stored(self) -> list[bytes]:
        """The bytes as the old app left them, looked at without opening the store for writing."""
        store = sqlite3.connect(f"file:{self.folder / 'field.sqlite3'}?mode=ro&immutable=1", uri=True)
        try:
            return [bytes(row[0]) for row in store.execute("select canonical from record order by seq")]
        finally:
            store.close()


OUTBOXES = [
    Outbox(folder, json.loads((folder / "golden.json").read_text(encoding="utf-8")))
    for folder in sorted(GOLDEN.glob("v*/"))
]


@pytest.fixture
def known(live: Live) -> Live:
    """A server that knows the people and surveys of the golden stores."""
    with open_session(live.settings) as session:
        dataset = session.get_one(Dataset, UUID(records.DATASET))
        for outbox in OUTBOXES:
            add_person(session, CLOCK, outbox.folder.name, person_id=UUID(outbox.told["person"]))
            add_survey(
                session,
                CLOCK,
                outbox.folder.name,
                "county_baseline",
                dataset,
                survey_id=UUID(outbox.told["survey"]),
            )
    return live


def held(live: Live, outbox: Outbox) -> set[tuple[str, str]]:
    """Versions at the server by id and digest, of these records; the digest is counted again from the bytes that are kept."""
    with engine_for(live.settings, "owner").connect() as session:
        rows = session.execute(
            text("SELECT id, digest, body FROM precise.version_body WHERE id = ANY(CAST(:ids AS uuid[]))"),
            {"ids": [one["record_id"] for one in outbox.told["records"]]},
        ).all()
    assert all(hashlib.sha256(bytes(row.body)).hexdigest() == row.digest for row in rows)
    return {(str(row.id), row.digest) for row in rows}


def test_there_is_one_of_every_kind_of_app_and_none_was_changed() -> None:
    assert [outbox.folder.name for outbox in OUTBOXES] == ["v1_first", "v1_future", "v1_reviews"]
    for outbox in OUTBOXES:
        stored = outbox.stored()
        assert len(stored) == len(outbox.digests) == 14
        assert {(json.loads(one)["id"], hashlib.sha256(one).hexdigest()) for one in stored} == outbox.digests
        assert {digest(json.loads(one)) for one in stored} == {mark for _, mark in outbox.digests}


def test_the_app_of_today_takes_up_each_store_and_hands_it_over_whole(known: Live, tmp_path: Path) -> None:
    for outbox in OUTBOXES:
        folder = tmp_path / outbox.folder.name
        shutil.copytree(outbox.folder, folder)
        with open_session(known.settings) as session:
            code = issue_code(session, CLOCK, UUID(outbox.told["person"]))
        app = build(folder, desktop_device(folder), known.url)
        try:
            app.session._sleep = lambda _: None
            assert app.store.outbox.waiting_count() == len(outbox.digests)
            assert app.sync.enrol(code, "旧平板"), app.sync.message
            report = app.session.run()
            assert report.problems == [] and report.photos == outbox.told["photos"]
            assert report.receipts == {
                "accepted": len(outbox.digests),
                "already_have": 0,
                "conflict": 0,
                "quarantined": 0,
            }
            assert app.store.outbox.waiting_count() == app.store.media.waiting_count() == 0
        finally:
            app.close()
        assert held(known, outbox) == outbox.digests


def test_the_stored_bytes_are_taken_as_they_are(known: Live) -> None:
    for outbox in OUTBOXES:
        with open_session(known.settings) as session:
            code = issue_code(session, CLOCK, UUID(outbox.told["person"]))
            _, credential = enrol(session, CLOCK, code, UUID(outbox.told["device"]), "旧平板", "0.1.0")
        head = json.dumps({"protocol": 1, "batch_id": str(uuid7()), "sent_at": CLOCK.now().isoformat()}).encode()
        body = head[:-1] + b', "records": [' + b",".join(outbox.stored()) + b"]}"
        for outcome in ("accepted", "already_have"):
            answer = requests.post(
                f"{known.url}/v1/sync/batches",
                data=body,
                timeout=20,
                headers={"Authorization": f"Bearer {credential}", "Content-Type": "application/json"},
            )
            receipts = answer.json()["receipts"]
            assert {(one["record_id"], one["digest"]) for one in receipts} == outbox.digests
            assert {one["outcome"] for one in receipts} == {outcome}, receipts
        assert held(known, outbox) == outbox.digests
