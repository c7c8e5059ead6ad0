"""A client by somebody who has only shared/wire/PROTOCOL.md and Python: no line of this project, no library.

python -I third_party.py URL CODE      enrols a new device, hands one record over, twice, and prints what it was told
"""

import base64
import gzip
import hashlib
import hmac
import http.client
import json
import os
import sys
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

# P-256, as in FIPS 186-4.
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
ALGORITHM = "ecdsa-p256-sha256"

Point = tuple[int, int] | None


def add(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return other or one
    if one[0] == other[0] and (one[1] + other[1]) % P == 0:
        return None
    rise, run = (3 * (one[0] ** 2 - 1), 2 * one[1]) if one == other else (other[1] - one[1], other[0] - one[0])
    slope = rise * pow(run, -1, P)
    x = (slope * slope - one[0] - other[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def times(number: int, point: Point) -> Point:
    found: Point = None
    while number:
        if number & 1:
            found = add(found, point)
        point, number = add(point, point), number >> 1
    return found


class Key:
    def __init__(self, secret: bytes) -> None:
        self.secret = int.from_bytes(secret, "big")
        x, y = times(self.secret, G) or (0, 0)
        self.public = base64.b64encode(SPKI + x.to_bytes(32, "big") + y.to_bytes(32, "big")).decode()
        self.id = hashlib.sha256(base64.b64decode(self.public)).hexdigest()

    def sign(self, statement: bytes) -> str:
        digest = hashlib.sha256(statement).digest()
        nonce = self._nonce(digest)
        r = (times(nonce, G) or (0, 0))[0] % N
        s = pow(nonce, -1, N) * (int.from_bytes(digest, "big") + r * self.secret) % N
        inner = b"".join(_der(number) for number in (r, s))
        return base64.b64encode(b"\x30" + bytes([len(inner)]) + inner).decode()

    def _nonce(self, digest: bytes) -> int:
        """RFC 6979: one statement, one signature."""
        seed = self.secret.to_bytes(32, "big") + (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
        key, value = bytes(32), b"\x01" * 32
        for mark in (b"\x00", b"\x01"):
            key = hmac.digest(key, value + mark + seed, "sha256")
            value = hmac.digest(key, value, "sha256")
        while True:
            value = hmac.digest(key, value, "sha256")
            if 0 < int.from_bytes(value, "big") < N:
                return int.from_bytes(value, "big")
            key = hmac.digest(key, value + b"\x00", "sha256")
            value = hmac.digest(key, value, "sha256")


def _der(number: int) -> bytes:
    data = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return b"\x02" + bytes([len(data)]) + data


def statement(what: str, key: Key, device: str, data: bytes) -> bytes:
    """§10"""
    lines = ["xiangye " + what + " 1", ALGORITHM, key.id, device, hashlib.sha256(data).hexdigest()]
    return "".join(line + "\n" for line in lines).encode()


def canonical(value: Any) -> str:
    """§6, for what this client writes and what the page shows."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def digest(record: Any) -> str:
    return hashlib.sha256(canonical(record).encode()).hexdigest()


class Server:
    def __init__(self, url: str, credential: str = "") -> None:
        parts = urlsplit(url)
        self.line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        self.credential = credential

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Any:
        """§2: what does not name the protocol is no answer."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.credential:
            told["Authorization"] = f"Bearer {self.credential}"
        self.line.request(method, path, body, told)
        answer = self.line.getresponse()
        data = answer.read()
        if answer.getheader("Xiangye-Protocol") != "1" or answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {data.decode(errors='replace')[:500]}")
        return json.loads(data)


def main(url: str, code: str) -> dict[str, Any]:
    key, device = Key(os.urandom(32)), _new_id()
    asked = {
        "code": code,
        "device_id": device,
        "device_name": "别家的平板",
        "app_version": "third-party 0.1",
        "device_public_key": key.public,
        "device_key_proof": key.sign(statement("device key", key, device, code.upper().encode())),
    }
    enrolled = Server(url).ask("POST", "/v1/devices/enrol", json.dumps(asked).encode(), Content_Type="application/json")
    server = Server(url, enrolled["credential"])
    session = server.ask("GET", "/v1/sync/session")
    assert session["device_key"] == key.id == enrolled["device_key"]
    record = {
        "protocol": 1,
        "kind": "occurrence",
        "id": _new_id(),
        "base_digest": None,
        "author": enrolled["person_id"],
        "device": device,
        "seq": 1,
        "app_version": "third-party 0.1",
        "form": "sighting/1",
        "profile": session["surveys"][0]["profile"],
        "vocabulary": "1",
        "saved_at": {"wall": "2025-05-20T08:30:00+08:00", "monotonic_ms": 1},
        "body": {
            "survey_id": session["surveys"][0]["survey_id"],
            "observed_from": "2025-05-20T08:29:00+08:00",
            "date_precision": "minute",
            "taxon": {"name_zh": "白鹭"},
            "individual_count": 2,
            "place": {"latitude_e7": 249512345, "longitude_e7": 1129287654, "source": "gnss"},
            "a_field_of_ours": {"自定": [1, 2]},
        },
    }
    outcomes = [_hand_over(server, key, device, enrolled, session, record)[0] for _ in range(2)]
    changes = server.ask("GET", "/v1/sync/changes?cursor=0&limit=200")["changes"]
    mine = [change["state"] for change in changes if change["head_digest"] == digest(record)]
    forked = _fork(server, key, device, enrolled, session, record)
    return {
        "record_id": record["id"],
        "digest": digest(record),
        "outcomes": outcomes,
        "states": mine,
        "forked": forked,
    }


def _hand_over(
    server: Server, key: Key, device: str, enrolled: dict[str, Any], session: dict[str, Any], *records: dict[str, Any]
) -> list[str]:
    """§8 to §10"""
    batch = {"protocol": 1, "batch_id": _new_id(), "sent_at": session["server_time"], "records": records}
    body = json.dumps(batch, ensure_ascii=False, indent=1).encode()
    answer = server.ask(
        "POST",
        "/v1/sync/batches",
        gzip.compress(body),
        Content_Type="application/json",
        Content_Encoding="gzip",
        Xiangye_Signature=f"{ALGORITHM};{key.id};{key.sign(statement('batch', key, device, body))}",
    )
    for record, receipt in zip(records, answer["receipts"], strict=True):
        assert (receipt["record_id"], receipt["digest"]) == (record["id"], digest(record))
        assert (receipt["holder"], receipt["server_epoch"]) == (enrolled["holder"], session["server_epoch"])
    return [receipt["outcome"] for receipt in answer["receipts"]]


def _fork(
    server: Server, key: Key, device: str, enrolled: dict[str, Any], session: dict[str, Any], record: dict[str, Any]
) -> list[str]:
    """§18: the record from before, which bears the old id, and one that bears the new one."""
    new = _new_id()
    asked = {
        "device_id": new,
        "device_name": "别家的平板",
        "app_version": "third-party 0.1",
        "device_public_key": key.public,
        "device_key_proof": key.sign(statement("device key", key, new, server.credential.encode())),
    }
    told = server.ask("POST", "/v1/devices/fork", json.dumps(asked).encode(), Content_Type="application/json")
    assert (told["device_id"], told["forked_from"], told["device_key"]) == (new, device, key.id)
    server.credential = told["credential"]
    another = record | {"id": _new_id(), "device": new, "seq": record["seq"] + 1}
    return _hand_over(server, key, new, enrolled, session, record, another)


def _new_id() -> str:
    """UUIDv7 (RFC 9562)."""
    number = int(time.time() * 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    return str(uuid.UUID(int=number & ~(0x3 << 62) | 0x2 << 62))


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
