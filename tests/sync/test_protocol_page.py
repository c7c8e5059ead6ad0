"""shared/wire/PROTOCOL.md tells the truth: its tables are the schemas', its examples run, and who knows only the page can hand over a record."""

import gzip
import hashlib
import json
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec

from mobile.device.desktop_signatures import LibrarySignatures
from server.accounts import device_keys
from server.accounts.service import add_person, authenticate, enrol, issue_code
from server.db import open_session
from server.surveys.model import Dataset
from server.surveys.service import add_survey
from shared import canonical
from shared.protocol import PROTOCOL_HEADER, SIGNATURE_HEADER
from shared.wire import sealed as seals
from shared.wire import signature as signatures
from tests import records
from tests.admitting import CLOCK
from tests.serving import Live
from tests.sync import third_party
from tests.sync.protocol_tables import PAGE, filled

TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"<!-- example: (\w+) -->\n```json\n(.*?)\n```", TEXT, re.DOTALL))
KEY = third_party.Key(b"\x33" * 32)
SIGNED = json.loads(EXAMPLES["signature"])
PERSON = json.loads(EXAMPLES["enrolled"])["person_id"]
SURVEY = json.loads(EXAMPLES["batch"])["records"][0]["body"]["survey_id"]


@dataclass(frozen=True)
class Answering:
    """A server that knows the person, the survey and the device of the page, and the device's key."""

    live: Live
    credential: str

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.credential}", **options.pop("headers", {})}
        if "data" in options:
            headers["Content-Type"] = "application/json"
        return requests.request(method, f"{self.live.url}{path}", headers=headers, timeout=20, **options)

    def post_signed(self, body: bytes, packed: bool = False) -> requests.Response:
        statement = third_party.statement("batch", KEY, SIGNED["device_id"], body)
        headers = {SIGNATURE_HEADER: f"{signatures.ALGORITHM};{KEY.id};{KEY.sign(statement)}"}
        if packed:
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        return self.ask("POST", "/v1/sync/batches", data=body, headers=headers)


@pytest.fixture
def server(live: Live) -> Answering:
    with open_session(live.settings) as session:
        add_person(session, CLOCK, "测试员", person_id=UUID(PERSON))
        add_survey(
            session,
            CLOCK,
            "本页的调查",
            "county_baseline",
            session.get_one(Dataset, UUID(records.DATASET)),
            survey_id=UUID(SURVEY),
        )
        code = issue_code(session, CLOCK, UUID(PERSON))
        _, credential = enrol(session, CLOCK, code, UUID(SIGNED["device_id"]), "一号平板", "third-party 0.1")
        proof = KEY.sign(third_party.statement("device key", KEY, SIGNED["device_id"], credential.encode()))
        device = authenticate(session, credential)
        device_keys.set_first(session, CLOCK, device, device_keys.Told(KEY.public, proof), credential)
    return Answering(live, credential)


def agrees(printed: Any, told: Any) -> bool:
    """`…` stands for anything; an object may hold no more than is printed."""
    if printed == "…":
        return bool(told)
    if isinstance(printed, dict):
        same = isinstance(told, dict) and printed.keys() == told.keys()
        return same and all(agrees(printed[name], told[name]) for name in printed)
    if isinstance(printed, list):
        return len(printed) == len(told) and all(agrees(*pair) for pair in zip(printed, told, strict=True))
    return bool(printed == told and type(printed) is type(told))


def test_the_tables_are_those_of_the_program() -> None:
    """Written anew by `python -m tests.sync.protocol_tables`."""
    assert filled(TEXT) == TEXT
    assert filled(TEXT.replace("| 5242880 |", "| 1 |")) == TEXT, "another number would be noticed"


def test_every_example_is_tried_here() -> None:
    tried = set(re.findall(r'EXAMPLES\["(\w+)"\]', Path(__file__).read_text(encoding="utf-8")))
    assert tried == set(EXAMPLES) and TEXT.count("```json") == len(EXAMPLES)


def test_canonical_form_and_digest() -> None:
    for one in json.loads(EXAMPLES["canonical"]):
        assert (
            canonical.canonical_bytes(one["value"]).decode() == one["canonical"] == third_party.canonical(one["value"])
        )
        assert canonical.digest(one["value"]) == one["digest"] == hashlib.sha256(one["canonical"].encode()).hexdigest()


def test_the_signature_is_the_one_printed() -> None:
    body = EXAMPLES["batch"].encode()
    statement = signatures.batch_statement(SIGNED["key_id"], SIGNED["device_id"], body)
    signed = signatures.read_header(SIGNED["header"])
    assert signed is not None and statement.decode() == SIGNED["statement"]
    assert SIGNED["body_sha256"] == hashlib.sha256(body).hexdigest()
    assert signatures.key_id(SIGNED["public_key"]) == SIGNED["key_id"] == signed.key_id == KEY.id
    assert KEY.sign(statement) == signed.signature, "by the other hand, too"
    for check in (device_keys.holds, LibrarySignatures().holds):
        assert check(SIGNED["public_key"], statement, signed.signature)
        assert not check(SIGNED["public_key"], statement + b"\n", signed.signature)
    asked = json.loads(EXAMPLES["enrolment"])
    proven = signatures.key_statement(KEY.id, asked["device_id"], asked["code"])
    assert proven == third_party.statement("device key", KEY, asked["device_id"], asked["code"].encode())
    assert device_keys.holds(asked["device_public_key"], proven, asked["device_key_proof"])
    assert json.loads(EXAMPLES["enrolled"])["device_key"] == KEY.id
    forked = json.loads(EXAMPLES["fork"])
    statement = signatures.key_statement(KEY.id, forked["device_id"], "xyd_example")
    assert KEY.sign(statement) == forked["device_key_proof"] and forked["device_public_key"] == KEY.public


def test_the_sealed_vector() -> None:
    printed = json.loads(EXAMPLES["sealed"])
    data, header = bytes.fromhex(printed["sealed"]), canonical.canonical_bytes(printed["header"])
    recipient = ec.derive_private_key(int.from_bytes(b"\x11" * 32, "big"), ec.SECP256R1())
    assert hashlib.sha256(header + data).hexdigest() == printed["digest"]
    assert _opened(recipient, header, data).decode() == printed["plain"]


def _opened(recipient: ec.EllipticCurvePrivateKey, header: bytes, data: bytes) -> bytes:
    """As the page says, with the library's parts alone."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    point, told = data[:65], data[65:]
    shared = recipient.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))
    ours = recipient.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    info = f"xiangye seal 1\n{seals.ALGORITHM}\n".encode()
    made = HKDF(hashes.SHA256(), 44, salt=point + ours, info=info).derive(shared)
    return AESGCM(made[:32]).decrypt(made[32:], told, header)


def test_the_batches_are_answered_as_printed(server: Answering) -> None:
    body = EXAMPLES["batch"].encode()
    first = server.ask("POST", "/v1/sync/batches", data=body, headers={SIGNATURE_HEADER: SIGNED["header"]})
    assert first.status_code == 200 and first.headers[PROTOCOL_HEADER] == "1"
    assert agrees(json.loads(EXAMPLES["receipts"]), first.json()), first.text
    second = server.post_signed(EXAMPLES["conflict"].encode(), packed=True)
    assert agrees(json.loads(EXAMPLES["conflict_receipts"]), second.json()), second.text
    again = server.ask("POST", "/v1/sync/batches", data=body, headers={SIGNATURE_HEADER: SIGNED["header"]}).json()
    assert [one["outcome"] for one in again["receipts"]] == [
        "already_have",
        "already_have",
        "quarantined",
        "quarantined",
        "already_have",
    ]
    assert not agrees(json.loads(EXAMPLES["receipts"]), again), "the comparison can fail"


def test_errors_forks_and_enrolment_are_as_printed(server: Answering) -> None:
    for one in json.loads(EXAMPLES["errors"]):
        asked, expected = one["request"], one["answer"]
        client = replace(server, credential=asked["credential"]) if "credential" in asked else server
        body = asked.get("body", "").encode()
        if asked.get("signed"):
            answer = client.post_signed(body)
        else:
            headers = {SIGNATURE_HEADER: asked["signature"]} if "signature" in asked else {}
            sent = {"data": body} if "body" in asked else {}
            answer = client.ask(asked["method"], asked["path"], headers=headers, **sent)
        told = answer.json()
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert {name: told.get(name) for name in expected} == expected, (asked, told)
        assert told["type"].startswith("urn:xiangye:problem:") and told["title"] and told["title_en"]
    asked = json.loads(EXAMPLES["fork"])
    proven = third_party.statement("device key", KEY, asked["device_id"], server.credential.encode())
    answer = server.ask("POST", "/v1/devices/fork", json=asked | {"device_key_proof": KEY.sign(proven)})
    assert answer.status_code == 200
    assert agrees(json.loads(EXAMPLES["forked"]), answer.json()), answer.text
    with open_session(server.live.settings) as session:
        code = issue_code(session, CLOCK, UUID(PERSON))
    asked = {**json.loads(EXAMPLES["enrolment"]), "code": code}
    asked["device_key_proof"] = KEY.sign(third_party.statement("device key", KEY, asked["device_id"], code.encode()))
    answer = requests.post(f"{server.live.url}/v1/devices/enrol", json=asked, timeout=20)
    assert answer.status_code == 201
    assert agrees(json.loads(EXAMPLES["enrolled"]), {k: v for k, v in answer.json().items() if k != "seal_key"})


def test_a_client_that_knows_only_the_page_hands_over_a_record(server: Answering) -> None:
    """In a process of its own, which can import nothing of ours and no library."""
    with open_session(server.live.settings) as session:
        code = issue_code(session, CLOCK, UUID(PERSON))
    script = Path(third_party.__file__)
    imported = set(re.findall(r"^(?:import|from) (\w+)", script.read_text(encoding="utf-8"), re.MULTILINE))
    assert imported <= sys.stdlib_module_names
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(script), server.live.url, code],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["outcomes"], told["states"]) == (["accepted", "already_have"], ["current"])
    assert told["forked"] == ["already_have", "accepted"]
