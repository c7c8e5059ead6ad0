"""What the web library refuses by itself leaves as a problem too, with the asker's status, never as a fault of ours."""

import pytest
import requests

from tests.serving import Live


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE"])
def test_a_wrong_method_hears_which_would_do(live: Live, method: str) -> None:
    answer = requests.request(method, f"{live.url}/healthz", timeout=20)
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert answer.json()["code"] == "method_not_allowed"


def test_a_body_of_another_kind_is_the_askers_mistake(live: Live) -> None:
    answer = requests.post(f"{live.url}/v1/session", data="a=b", timeout=20)
    assert 400 <= answer.status_code < 500
    assert answer.headers["Content-Type"] == "application/problem+json"
