"""Requests are limited for each credential, for each address, and for what may be tried without any."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from server.settings import Settings, from_environment
from server.web.rates import TRIES_PER_MINUTE
from tests.accounts.console import ask, code_of
from tests.people import subject
from tests.serving import Live, serving

LIMIT = 60


@pytest.fixture
def limited(reference_settings: Settings) -> Iterator[Live]:
    with serving(replace(reference_settings, requests_per_minute=LIMIT)) as served:
        yield served


def test_each_credential_has_its_own_measure(limited: Live) -> None:
    one, other = (subject(limited.settings, "reviewer") for _ in range(2))
    for _ in range(LIMIT):
        assert ask(limited, one, "GET", "session").status_code == 200
    refused = ask(limited, one, "GET", "session")
    assert code_of(refused) == (429, "too_many_requests")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert ask(limited, other, "GET", "session").status_code == 200
    assert ask(limited, limited.headers, "GET", "sync/session").status_code == 200


def test_inventing_credentials_does_not_help(limited: Live) -> None:
    """An address has a measure too."""
    codes = [ask(limited, {"Authorization": f"Bearer {n}"}, "GET", "session").status_code for n in range(5 * LIMIT + 1)]
    assert codes == [401] * 5 * LIMIT + [429]


def test_t26_trying_one_account_after_the_other_is_slow_too(reference_settings: Settings) -> None:
    with serving(replace(reference_settings, requests_per_minute=1000)) as live:
        codes = []
        for number in range(TRIES_PER_MINUTE + 1):
            asked = {"code": "AAAA-BBBB-CCCC", "device_id": f"0197a0a0-0000-7000-8000-{number:012d}"}
            codes.append(
                ask(live, {}, "POST", "devices/enrol", {**asked, "device_name": "x", "app_version": "1"}).status_code
            )
        assert codes == [410] * TRIES_PER_MINUTE + [429]
        assert ask(live, {}, "GET", "openapi.json").status_code == 200


def test_a_served_program_is_limited_unless_told_otherwise() -> None:
    assert Settings().requests_per_minute == from_environment({}).requests_per_minute == 1200
    assert from_environment({"XIANGYE_REQUESTS_PER_MINUTE": "300"}).requests_per_minute == 300
    for wrong in ("0", "59", "-1", "many", "10000000"):
        with pytest.raises(ValueError, match="XIANGYE_REQUESTS_PER_MINUTE"):
            from_environment({"XIANGYE_REQUESTS_PER_MINUTE": wrong})
