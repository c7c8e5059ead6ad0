"""Hostile JSON over HTTP: refused by every route in one way, before its view reads it; a batch keeps its good records."""

import gzip
import json

import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.records import occurrence
from tests.serving import Live
from tests.shared.test_strict_json import HOSTILE

_TOO_LONG = {"a text of 10 MB"}


def post(live: Live, data: bytes, **headers: str) -> requests.Response:
    told = {"Content-Type": "application/json", **headers}
    return requests.post(f"{live.url}/v1/session", data=data, headers=told, timeout=20)


def test_hostile_bodies_are_refused_before_any_view(live: Live) -> None:
    for name, body in HOSTILE.items():
        answer = post(live, body)
        assert answer.status_code == (413 if name in _TOO_LONG else 400), name
        assert answer.json()["code"] == ("too_large" if name in _TOO_LONG else "not_json"), name
        assert len(answer.content) < 1_000, "the body is not told back"


def test_a_hostile_account_inside_good_json_is_a_refusal_like_any(live: Live) -> None:
    for value in (True, 1.5, None, [], {}, "x" * 100_000, "\u202e\u0007", -(2**53) + 1):
        answer = post(live, json.dumps({"account": value, "password": "x" * 12}).encode())
        assert answer.status_code in (401, 422), value


@given(body=st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(["account", "password", "x"]), inside, max_size=3),
    max_leaves=6,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_body_is_answered_with_a_refusal(live: Live, body: bytes) -> None:
    assert 400 <= post(live, body).status_code < 500


def test_nul_in_an_address_or_a_parameter_is_told(live: Live) -> None:
    for address in ("/v1/packs/taxa?version=%00", "/v1/sync/changes?cursor=0&a%00=1"):
        answer = requests.get(live.url + address, headers=live.headers, timeout=20)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), address


def test_a_hostile_batch_is_refused_whole_or_record_by_record(live: Live) -> None:
    """P6: what is JSON at all is judged record by record."""
    headers = {**live.headers, "Content-Type": "application/json", "Content-Encoding": "gzip"}
    kept = 0
    for name in HOSTILE.keys() - _TOO_LONG:
        good = json.dumps(occurrence()).encode()
        batch = b'{"protocol": 1, "batch_id": "%s", "sent_at": "2025-05-21T00:00:00+00:00", "records": [%s, %s]}' % (
            json.loads(good)["id"].encode(),
            HOSTILE[name],
            good,
        )
        answer = requests.post(f"{live.url}/v1/sync/batches", data=gzip.compress(batch), headers=headers, timeout=20)
        assert answer.status_code in (200, 400), name
        if answer.status_code == 200:
            assert [receipt["outcome"] for receipt in answer.json()["receipts"]] == ["quarantined", "accepted"], name
            kept += 1
    assert kept >= 4, "numbers beyond 2^53, NUL and half characters spoil one record each"


def test_a_packed_bomb_costs_no_more_than_the_cap(live: Live) -> None:
    bomb = gzip.compress(b'{"a": "' + b"a" * 300_000_000 + b'"}', 9)
    headers = {**live.headers, "Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = requests.post(f"{live.url}/v1/sync/batches", data=bomb, headers=headers, timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
