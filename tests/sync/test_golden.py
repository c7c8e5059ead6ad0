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
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text

from mobile.device.desktop import desktop_device
from mobile.wiring import build
from server.accounts.model import DeviceKey
from server.accounts.service import add_person, enrol, grant, issue_code
from server.accounts.viewer import LOCAL_OPERATOR
from server.db import engine_for, open_session
from server.sensitivity.sealing import SealKey, write_keys
from server.surveys.model import Dataset
from server.surveys.service import add_survey
from shared.canonical import digest
from shared.ids import uuid7
from shared.protocol import SIGNATURE_HEADER
from shared.wire.sealed import is_sealed, read_sealed
from shared.wire.signature import key_id
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


def mark_of(stored: bytes) -> tuple[str, str]:
    """Id and digest by the rule of the protocol: of a sealed record over header and what is sealed."""
    record = json.loads(stored)
    if is_sealed(record):
        sealed = read_sealed(record)
        return sealed.header["id"], sealed.digest
    assert digest(record) == hashlib.sha256(stored).hexdigest(), "the stored bytes are the canonical ones"
    return record["id"], digest(record)


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
            person = UUID(outbox.told["person"])
            add_person(session, CLOCK, outbox.folder.name, person_id=person)
            grant(session, CLOCK, LOCAL_OPERATOR, person, "station_lead", "county", "431022")
            add_survey(
                session,
                CLOCK,
                outbox.folder.name,
                "county_baseline",
                dataset,
                survey_id=UUID(outbox.told["survey"]),
            )
    key = SealKey(1, CLOCK.now().date(), ec.derive_private_key(int.from_bytes(b"\x11" * 32, "big"), ec.SECP256R1()))
    write_keys(live.settings.seal_key_file, (key,), first=True)
    return live


def held(live: Live, outbox: Outbox) -> set[tuple[str, str]]:
    """Versions at the server by id and digest; of what came in clear the digest is counted again from the bytes that are kept."""
    with engine_for(live.settings, "owner").connect() as session:
        rows = session.execute(
            text(
                "SELECT v.id, v.digest, b.body FROM xiangye.version v JOIN precise.version_body b USING (id, digest) "
                "WHERE v.id = ANY(CAST(:ids AS uuid[]))"
            ),
            {"ids": [one["record_id"] for one in outbox.told["records"]]},
        ).all()
    sealed = {mark_of(one)[1] for one in outbox.stored() if is_sealed(json.loads(one))}
    assert all(row.digest in sealed or hashlib.sha256(bytes(row.body)).hexdigest() == row.digest for row in rows)
    return {(str(row.id), row.digest) for row in rows}


def test_there_is_one_of_every_kind_of_app_and_none_was_changed() -> None:
    assert [outbox.folder.name for outbox in OUTBOXES] == [
        "v1_first",
        "v1_future",
        "v1_reviews",
        "v1_sealed",
        "v1_signed",
        "v1_surveys",
    ]
    for outbox in OUTBOXES:
        stored = outbox.stored()
        assert len(stored) == len(outbox.digests) == 14 + (outbox.folder.name == "v1_surveys")
        assert {mark_of(one) for one in stored} == outbox.digests


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
        body, headers = as_it_was_sent(known, outbox)
        for outcome in ("accepted", "already_have"):
            answer = requests.post(
                f"{known.url}/v1/sync/batches",
                data=body,
                timeout=20,
                headers={"Authorization": f"Bearer {credential}", "Content-Type": "application/json", **headers},
            )
            receipts = answer.json()["receipts"]
            assert {(one["record_id"], one["digest"]) for one in receipts} == outbox.digests
            assert {one["outcome"] for one in receipts} == {outcome}, receipts
        assert held(known, outbox) == outbox.digests
        with open_session(known.settings) as session:
            signed = session.execute(
                text("SELECT DISTINCT signature FROM xiangye.batch WHERE device_id = :device"),
                {"device": outbox.told["device"]},
            ).scalars()
            assert [f"{one}" in headers.get(SIGNATURE_HEADER, "None") for one in signed] == [True]


def as_it_was_sent(live: Live, outbox: Outbox) -> tuple[bytes, dict[str, str]]:
    """A signed batch in the very bytes that the old app signed, its key on record; else the stored bytes, spliced into an envelope."""
    told = outbox.told.get("batch")
    if told is None:
        head = json.dumps({"protocol": 1, "batch_id": str(uuid7()), "sent_at": CLOCK.now().isoformat()}).encode()
        return head[:-1] + b', "records": [' + b",".join(outbox.stored()) + b"]}", {}
    with open_session(live.settings) as session:
        name, device = key_id(told["public_key"]), UUID(outbox.told["device"])
        session.add(DeviceKey(device_id=device, key_id=name, public_key=told["public_key"], set_at=CLOCK.now()))
    return (outbox.folder / "batch.json").read_bytes(), {SIGNATURE_HEADER: told["signature"]}
