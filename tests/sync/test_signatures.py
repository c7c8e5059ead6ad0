"""Signatures of tablets over their batches: what was altered is refused and changes nothing, what is repeated changes nothing (T7)."""

import base64
import gzip
import hashlib
import json
import os
import random
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import text

from mobile.device.desktop_key import FileKey
from mobile.device.desktop_signatures import LibrarySignatures
from server.accounts.device_keys import Told, _proved, holds
from server.accounts.service import issue_code
from server.auditing import verify_evidence
from server.db import engine_for, open_session
from server.sync.signing import check_batch
from shared.ids import uuid7
from shared.problems import Problem
from shared.wire.signature import Signed, batch_statement, key_id, key_statement, read_header
from tests import records
from tests.admitting import CLOCK
from tests.records import occurrence
from tests.serving import Live

SEED = 20261127
CAPTURED = int(os.environ.get("XIANGYE_CAPTURED", "20"))
FLIPS = 10
"""Of each captured request; XIANGYE_CAPTURED=200 is the long run."""
_CHANGED_BY_ANY_DELIVERY = {"batch", "receipt", "raw_batch", "audit_entry"}


@pytest.fixture
def key(tmp_path: Path) -> FileKey:
    return FileKey(tmp_path / "device_key.pem")


def proof(key: FileKey, secret: str, device: str = records.DEVICE) -> dict[str, str]:
    public = key.public_key()
    statement = key_statement(key_id(public), device, secret)
    return {"device_public_key": public, "device_key_proof": key.sign(statement)}


def tell(live: Live, key: FileKey) -> requests.Response:
    return requests.post(
        f"{live.url}/v1/devices/key", json=proof(key, live.credential), headers=live.headers, timeout=20
    )


def test_a_key_that_is_none_or_is_spelled_otherwise_is_refused_in_words(key: FileKey) -> None:
    """A turned bit may name another algorithm, another curve or another point: never more than a refusal."""
    good, rng = base64.b64decode(key.public_key()), random.Random(SEED)
    statement = b"statement"
    for at in [*range(27 * 8), *rng.sample(range(27 * 8, len(good) * 8), 60)]:
        bad = good[: at // 8] + bytes([good[at // 8] ^ 1 << at % 8]) + good[at // 8 + 1 :]
        spelled = base64.b64encode(bad).decode()
        assert not holds(spelled, statement, key.sign(statement))
        LibrarySignatures().holds(spelled, statement, "AAAA")  # raises nothing, whatever it is told
        with pytest.raises(Problem) as refused:
            _proved(UUID(records.DEVICE), Told(spelled, "AAAA"), "secret")
        assert refused.value.kind.code == "invalid"
    compressed = (
        ec.derive_private_key(7, ec.SECP256R1()).public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    )
    shorter = good[:1] + bytes([good[1] - 32]) + good[2:24] + bytes([34, 0]) + compressed
    assert not holds(base64.b64encode(shorter).decode(), statement, "AAAA")


def batch(*sent: Any) -> bytes:
    return json.dumps({"protocol": 1, "batch_id": str(uuid7()), "records": list(sent)}).encode()


def header(key: FileKey, body: bytes, device: str = records.DEVICE) -> str:
    name = key_id(key.public_key())
    return Signed(name, key.sign(batch_statement(name, device, body))).header


def post(live: Live, body: bytes, signature: str | None, packed: bool = False) -> requests.Response:
    headers = {**live.headers, "Content-Type": "application/json"}
    if signature is not None:
        headers["Xiangye-Signature"] = signature
    if packed:
        body, headers["Content-Encoding"] = gzip.compress(body, mtime=0), "gzip"
    return requests.post(f"{live.url}/v1/sync/batches", data=body, headers=headers, timeout=20)


def told(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def counts(live: Live) -> dict[str, Any]:
    """How many rows each table has, and one digest over all versions."""
    with engine_for(live.settings, "owner").connect() as session:
        tables = session.execute(
            text("SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('xiangye', 'precise')")
        ).all()
        found: dict[str, Any] = {
            name: session.execute(text(f"SELECT count(*) FROM {schema}.{name}")).scalar_one() for schema, name in tables
        }
        found["versions"] = session.execute(
            text("SELECT md5(string_agg(v::text, '|' ORDER BY v::text)) FROM xiangye.version v")
        ).scalar_one()
    return found


def test_the_key_is_told_once_and_every_batch_is_signed_from_then_on(live: Live, key: FileKey, tmp_path: Path) -> None:
    """P3: an old tablet is accepted until it has told its key; never after that without one."""
    body = batch(occurrence())
    assert requests.get(f"{live.url}/v1/sync/session", headers=live.headers, timeout=20).json()["device_key"] is None
    assert post(live, body, None).status_code == 200
    other = FileKey(tmp_path / "other.pem")
    wrong = requests.post(
        f"{live.url}/v1/devices/key", json=proof(key, "another secret"), headers=live.headers, timeout=20
    )
    assert told(wrong) == (422, "invalid") and wrong.json()["field"] == "device_key_proof"
    junk = {**proof(key, live.credential), "device_public_key": base64.b64encode(b"no key").decode()}
    assert told(requests.post(f"{live.url}/v1/devices/key", json=junk, headers=live.headers, timeout=20))[0] == 422
    for _ in range(2):
        assert tell(live, key).json() == {"device_key": key_id(key.public_key())}
    assert told(tell(live, other)) == (409, "key_known")
    known = requests.get(f"{live.url}/v1/sync/session", headers=live.headers, timeout=20).json()["device_key"]
    assert known == key_id(key.public_key())

    assert told(post(live, body, None)) == (422, "signature_missing")
    assert told(post(live, body, header(other, body))) == (422, "signature_wrong")
    assert told(post(live, body, header(key, body, str(uuid7())))) == (422, "signature_wrong"), "another device's"
    assert told(post(live, body, header(key, body + b" "))) == (422, "signature_wrong")
    assert told(post(live, body, header(key, body).replace("sha256;", "sha512;"))) == (422, "signature_wrong")
    for packed in (False, True):
        assert post(live, body, header(key, body), packed).json()["receipts"][0]["outcome"] == "already_have"

    with open_session(live.settings) as session:
        kept = session.execute(
            text("SELECT key_id, signature, sha256 FROM xiangye.batch ORDER BY received_at, id DESC")
        ).all()
        public = session.execute(text("SELECT public_key FROM xiangye.device_key")).scalar_one()
    signed = [row for row in kept if row.signature]
    assert len(kept) == 3 and len(signed) == 2
    for row in signed:
        assert row.sha256 == hashlib.sha256(body).hexdigest()
        assert holds(public, batch_statement(row.key_id, records.DEVICE, body), row.signature)


def test_enrolment_sets_a_new_key_and_what_the_old_one_signed_stays_verifiable(
    live: Live, key: FileKey, tmp_path: Path
) -> None:
    """T6: a tablet that lost its key goes on after one enrolment; nothing that came before is in doubt."""

    def enrol(**more: str) -> requests.Response:
        with open_session(live.settings) as session:
            code = issue_code(session, CLOCK, UUID(records.PERSON))
        ask = {"code": code, "device_id": records.DEVICE, "device_name": "平板", "app_version": "0.1.0"}
        telling = more if more or not used else proof(used[0], code)
        return requests.post(f"{live.url}/v1/devices/enrol", json=ask | telling, timeout=20)

    used: list[FileKey] = [key]
    half = enrol(device_public_key=key.public_key())
    assert told(half) == (422, "invalid") and half.json()["field"] == "device_key_proof"
    assert told(enrol(**proof(key, "no code")))[0] == 422
    first = enrol()
    assert first.status_code == 201 and first.json()["device_key"] == key_id(key.public_key())
    body = batch(occurrence())
    old, old_header = Live(live.url, live.settings, first.json()["credential"]), header(key, body)
    assert post(old, body, old_header).status_code == 200

    used[0] = FileKey(tmp_path / "new.pem")
    second = enrol()
    new = Live(live.url, live.settings, second.json()["credential"])
    assert told(post(new, body, old_header)) == (422, "signature_wrong")
    assert post(new, body, header(used[0], body)).json()["receipts"][0]["outcome"] == "already_have"
    with open_session(live.settings) as session:
        brought_late = check_batch(session, UUID(records.DEVICE), old_header, body, any_key=True)
        assert brought_late == read_header(old_header)
        with pytest.raises(Problem):
            check_batch(session, UUID(records.DEVICE), old_header, body + b" ", any_key=True)
        history = session.execute(
            text("SELECT key_id, replaced_at IS NULL AS used FROM xiangye.device_key ORDER BY used")
        ).all()
        assert [tuple(row) for row in history] == [
            (key_id(key.public_key()), False),
            (key_id(used[0].public_key()), True),
        ]
    used[0] = key  # the store was put back from its copy, the key with it
    assert enrol().json()["device_key"] == key_id(key.public_key())
    used.clear()  # an older app, which has no key
    unsigned = enrol()
    assert unsigned.json()["device_key"] is None
    assert post(Live(live.url, live.settings, unsigned.json()["credential"]), body, None).status_code == 200


def test_captured_requests_repeated_or_altered_in_one_bit_change_nothing(live: Live, key: FileKey) -> None:
    """T7, P3: captured requests, each sent ten times with one bit turned in body, signature or credential, and again as it was."""
    rng = random.Random(SEED)
    assert tell(live, key).status_code == 200
    captured = [
        _captured(live, key, batch(*(occurrence(individual_count=rng.randrange(1, 50)) for _ in range(3))), number)
        for number in range(CAPTURED)
    ]
    with requests.Session() as line:
        for body, headers in captured:
            assert _outcomes(_send(line, live, body, headers)) == ["accepted"] * 3
        before = counts(live)
        refused = [_flip_one(line, live, rng, *one) for one in captured for _ in range(FLIPS)]
        after = counts(live)
        assert sum(refused) >= CAPTURED * FLIPS * 9 // 10
        assert _settled(before) == _settled(after)
        assert after["batch"] - before["batch"] == CAPTURED * FLIPS - sum(refused), "what was refused left no trace"
        for body, headers in captured:
            assert _outcomes(_send(line, live, body, headers)) == ["already_have"] * 3
    assert _settled(before) == _settled(counts(live))


def _outcomes(answer: requests.Response) -> list[str]:
    return [receipt["outcome"] for receipt in answer.json()["receipts"]]


def _captured(live: Live, key: FileKey, body: bytes, number: int) -> tuple[bytes, dict[str, str]]:
    headers = {**live.headers, "Content-Type": "application/json", "Xiangye-Signature": header(key, body)}
    if number % 4 == 0:
        return gzip.compress(body), {**headers, "Content-Encoding": "gzip"}
    return body, headers


def _flip_one(line: requests.Session, live: Live, rng: random.Random, body: bytes, headers: dict[str, str]) -> bool:
    """Whether it was refused. Only of gzip there are bits that say nothing (its clock, its system): then it is a repeat."""
    part = rng.choice(["body", "body", "Xiangye-Signature", "Authorization"])
    if part == "body":
        at = rng.randrange(len(body) * 8)
        body = body[: at // 8] + bytes([body[at // 8] ^ 1 << at % 8]) + body[at // 8 + 1 :]
    else:
        headers = {**headers, part: _altered(rng, headers[part])}
    answer = _send(line, live, body, headers)
    if answer.status_code == 200:
        assert part == "body" and "Content-Encoding" in headers
        assert _outcomes(answer) == ["already_have"] * 3
        return False
    assert answer.status_code == (401 if part == "Authorization" else answer.status_code)
    assert answer.status_code in (400, 401, 413, 422), answer.text
    return True


def _altered(rng: random.Random, value: str) -> str:
    """One bit turned, in such a way that it still can be sent as a header."""
    while True:
        at, bit = rng.randrange(len(value)), 1 << rng.randrange(7)
        turned = chr(ord(value[at]) ^ bit)
        if turned.isprintable() and turned != " ":
            return value[:at] + turned + value[at + 1 :]


def _send(line: requests.Session, live: Live, body: bytes, headers: dict[str, str]) -> requests.Response:
    return line.post(f"{live.url}/v1/sync/batches", data=body, headers=headers, timeout=20)


def _settled(found: dict[str, Any]) -> dict[str, Any]:
    return {name: number for name, number in found.items() if name not in _CHANGED_BY_ANY_DELIVERY}


def test_an_altered_batch_or_signature_is_found_even_of_a_key_that_was_given_up(live: Live, key: FileKey) -> None:
    """P7: what is kept of a batch can be checked for as long as it is kept."""
    assert tell(live, key).status_code == 200
    for _ in range(2):
        body = batch(occurrence())
        assert post(live, body, header(key, body)).status_code == 200
    with engine_for(live.settings, "owner").begin() as connection:
        first, second = connection.execute(text("SELECT id FROM xiangye.batch ORDER BY received_at, id")).scalars()
        connection.execute(text("UPDATE xiangye.device_key SET replaced_at = now()"))
    assert found_unlike(live) == []
    with engine_for(live.settings, "owner").begin() as connection:
        connection.execute(text("SELECT set_config('xiangye.scopes', '{0}', true)"))
        connection.execute(
            text("UPDATE precise.raw_batch SET body = body || convert_to(' ', 'UTF8') WHERE batch_id = :id"),
            {"id": first},
        )
        connection.execute(
            text(
                "UPDATE xiangye.batch SET signature = (SELECT signature FROM xiangye.batch WHERE id = :a) WHERE id = :b"
            ),
            {"a": first, "b": second},
        )
    assert found_unlike(live) == [("batch", str(first)), ("signature", str(second))]


def found_unlike(live: Live) -> list[tuple[str, str]]:
    with open_session(live.settings) as session:
        return [(one.kind, one.subject) for one in verify_evidence(session, live.settings).records]
