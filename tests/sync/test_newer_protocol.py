"""P3, P9: what a newer protocol says is kept as it came, blocks nothing else, and is read when the server is of a release that knows it."""

import base64
import json
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from server.db import open_session, session_factory
from server.sensitivity import service as sensitivity
from server.sensitivity.sealing import SealKey, write_keys
from server.station.checking import records_of
from server.sync.envelope import Unreadable, open_batch
from server.sync.readmission import readmit
from shared import protocol
from shared.canonical import canonical_bytes, digest
from shared.ids import uuid7
from shared.problems import Problem
from tests.admitting import CLOCK
from tests.records import occurrence
from tests.sealed.wrapping import sealed, wire
from tests.serving import Live

KEY = SealKey(1, CLOCK.now().date(), ec.generate_private_key(ec.SECP256R1()))
UNKNOWN = protocol.PROTOCOL_UNKNOWN


def _batch(number: object, *pieces: bytes) -> bytes:
    head = json.dumps({"protocol": number, "batch_id": str(uuid7())}).encode()
    return head[:-1] + b', "records": [' + b",".join(pieces) + b"]}"


def _post(live: Live, body: bytes) -> list[dict[str, Any]]:
    headers = {**live.headers, "Content-Type": "application/json"}
    answer = requests.post(f"{live.url}/v1/sync/batches", data=body, timeout=20, headers=headers)
    assert answer.status_code == 200, answer.text
    told: list[dict[str, Any]] = answer.json()["receipts"]
    return told


def _told(receipts: list[dict[str, Any]]) -> list[tuple[str, str, str, str | None]]:
    return [(one["record_id"], one["digest"], one["outcome"], one.get("reason")) for one in receipts]


def test_records_of_a_newer_protocol_are_kept_until_the_server_knows_it(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_keys(live.settings.seal_key_file, (KEY,), first=True)
    newer, other, inside = ({**occurrence(), "protocol": 2} for _ in range(3))
    closed = sealed(inside, KEY)
    kept = [(newer["id"], digest(newer)), (other["id"], digest(other)), (inside["id"], closed.digest)]
    pieces = [canonical_bytes(newer), canonical_bytes(other), closed.on_the_wire()]

    # In a batch of theirs; what none of our rules can read (a float, a list) is kept too.
    odd = [b'{"id": "%s", "at": 1.5}' % str(uuid7()).encode(), b"[2]"]
    receipts = _post(live, _batch(2, *pieces, *odd))
    assert _told(receipts)[:3] == [(*one, "quarantined", UNKNOWN) for one in kept]
    assert [(one["outcome"], one["reason"]) for one in receipts[3:]] == [("quarantined", UNKNOWN)] * 2
    # And in one of ours, beside what we read.
    good = occurrence()
    mixed = _told(_post(live, _batch(1, pieces[0], canonical_bytes(good), pieces[2])))
    assert mixed == [
        (*kept[0], "quarantined", UNKNOWN),
        (good["id"], digest(good), "accepted", None),
        (*kept[2], "quarantined", UNKNOWN),
    ]

    with open_session(live.settings) as session:
        unread = {one.digest: one for one in sensitivity.unread(session)}
    assert [unread[mark].body for _, mark in kept] == pieces and len(unread) == 5
    assert {one.reason for one in unread.values()} == {UNKNOWN}
    with session_factory(live.settings)() as session:
        too_early = list(readmit(session, CLOCK, live.settings.holder, list(unread.values())))
    assert [(one.outcome, one.reason) for one in too_early] == [("quarantined", UNKNOWN)] * 5
    with open_session(live.settings) as session:
        unread = {one.digest: one for one in sensitivity.unread(session, reason=UNKNOWN)}

    monkeypatch.setattr(protocol, "PROTOCOL", 2)  # a release later
    with session_factory(live.settings)() as session:
        told = list(readmit(session, CLOCK, live.settings.holder, list(unread.values())))
    assert {(one.digest, one.outcome) for one in told} >= {(mark, "accepted") for _, mark in kept}
    assert sorted(one.reason or "" for one in told) == ["", "", "", "invalid", "not_canonical"]
    with open_session(live.settings) as session:
        rows = session.execute(text("SELECT id::text, digest, protocol FROM version WHERE protocol = 2")).all()
    assert sorted(map(tuple, rows)) == sorted((*one, 2) for one in kept)
    # Sent again, each gets its receipt.
    assert _told(_post(live, _batch(2, *pieces))) == [(*one, "already_have", None) for one in kept]


def test_a_station_takes_charge_of_them_too() -> None:
    record, inside = {**occurrence(), "protocol": 7}, {**occurrence(), "protocol": 7}
    closed = sealed(inside, KEY)
    nameless = {"header": {"protocol": 7}, "sealed": base64.b64encode(b"x").decode()}
    pieces = [canonical_bytes(record), closed.on_the_wire(), canonical_bytes(nameless), b"3"]
    for number in (1, 7):
        assert records_of(_batch(number, *pieces)) == [(record["id"], digest(record)), (inside["id"], closed.digest)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(["header", "sealed", "id"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("odd", ["1", 0, -2, True, None, [2], {}])
def test_what_is_no_number_of_a_protocol_makes_no_batch(odd: object) -> None:
    with pytest.raises(Problem) as refused:
        open_batch(_batch(odd))
    assert (refused.value.kind.code, refused.value.extra["field"]) == ("batch_malformed", "protocol")


@settings(max_examples=25, deadline=None)
@given(st.lists(JSON, max_size=4), st.integers(protocol.PROTOCOL + 1, 2**60))
def test_whatever_a_newer_protocol_sends_is_kept_in_its_own_words(sent: list[Any], number: int) -> None:
    found = open_batch(_batch(number, *(json.dumps(one).encode() for one in sent)))["records"]
    assert all(isinstance(one, Unreadable) and one.code == UNKNOWN for one in found)
    assert [json.loads(one.raw) for one in found] == sent
    assert all(len(one.digest) == 64 for one in found)


def test_the_wrapper_of_a_newer_seal_keeps_its_digest() -> None:
    closed = sealed({**occurrence(), "protocol": 2}, KEY, later="a field of theirs")
    [found] = open_batch(_batch(2, closed.on_the_wire()))["records"]
    assert (found.record_id, found.digest) == (closed.header["id"], closed.digest)
    assert found.value == wire(closed)
