"""Long answers are packed for whoever asks so with a credential, and say the same; short ones and browsers' are left alone."""

import gzip

import requests

from tests import records
from tests.serving import Live


def _ask(live: Live, encoding: str, count: int = 30) -> requests.Response:
    answer = live.post_batch(*(records.occurrence() for _ in range(count)), **{"Accept-Encoding": encoding})
    assert answer.status_code == 200
    return answer


def test_the_receipts_of_many_records_travel_packed(live: Live) -> None:
    packed, plain = _ask(live, "gzip"), _ask(live, "identity")
    assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
    assert int(packed.headers["Content-Length"]) < 0.4 * int(plain.headers["Content-Length"])
    assert [one["outcome"] for one in packed.json()["receipts"]] == ["accepted"] * 30
    assert "Accept-Encoding" in packed.headers["Vary"] and "Accept-Encoding" in plain.headers["Vary"]


def test_a_short_answer_is_left_as_it_is(live: Live) -> None:
    assert "Content-Encoding" not in _ask(live, "gzip", 1).headers


def test_an_answer_without_a_credential_is_left_as_it_is(live: Live) -> None:
    answer = requests.get(f"{live.url}/v1/openapi.json", headers={"Accept-Encoding": "gzip"}, timeout=20)
    assert len(answer.content) > 10_000 and "Content-Encoding" not in answer.headers


def test_what_is_packed_is_one_whole_gzip_member(live: Live) -> None:
    with requests.get(
        f"{live.url}/v1/openapi.json", headers={**live.headers, "Accept-Encoding": "gzip"}, stream=True, timeout=20
    ) as answer:
        assert gzip.decompress(answer.raw.read()).startswith(b"{")
