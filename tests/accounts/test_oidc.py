"""Sign-in through a provider: an identity that was linked signs in, and nothing else that a provider or a stranger may send."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import requests
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import select

from server.accounts import oidc
from server.accounts.model import OidcIdentity, OidcRequest, Person
from server.db import open_session
from server.settings import Oidc, Settings, from_environment
from shared.clock import FixedClock
from tests.accounts.console import Console, code_of, console_of, turn, turnable
from tests.accounts.provider import Provider, providing
from tests.admitting import CLOCK
from tests.people import person
from tests.serving import Live, serving


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providing() as made:
        yield made


@pytest.fixture
def clock() -> FixedClock:
    return turnable()


@pytest.fixture
def joined(reference_settings: Settings, provider: Provider, clock: FixedClock) -> Iterator[Live]:
    with serving(replace(reference_settings, oidc=provider.settings), clock) as served:
        yield served


def linked(live: Live, provider: Provider) -> UUID:
    with open_session(live.settings) as session:
        one = person(session, "reviewer").id
        oidc.link(session, CLOCK, provider.url, provider.subject, one)
    return one


def start(console: Console) -> str:
    answer = console.call("GET", "oidc/start")
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def back(console: Console, address: str) -> requests.Response:
    return console.browser.get(address, timeout=30, allow_redirects=False)


def test_a_linked_identity_signs_in(joined: Live, provider: Provider) -> None:
    one = linked(joined, provider)
    with Console(joined) as console:
        location = start(console)
        assert location.startswith(f"{provider.url}/authorize?")
        cookie = next(iter(console.browser.cookies))
        assert (cookie.name, cookie.path, cookie.get_nonstandard_attr("SameSite")) == (
            "xiangye_oidc",
            "/v1/oidc",
            "Lax",
        )
        answer = back(console, provider.agree(location))
        assert answer.status_code == 201, answer.text
        assert answer.json()["person_id"] == str(one)
        console.csrf = answer.json()["csrf_token"]
        assert console.call("GET", "session").json()["person_id"] == str(one)
        assert console.call("POST", "tokens", {"name": "脚本"}).status_code == 201
        asked = provider.asked[0]
        assert asked["scope"] == "openid" and asked["response_type"] == "code" and len(asked["nonce"]) > 20


def test_who_is_signed_in_links_an_identity_of_their_own(joined: Live, provider: Provider) -> None:
    console, one = console_of(joined, "li.si", "reviewer")
    location = console.call("POST", "oidc/link").json()["location"]
    assert back(console, provider.agree(location)).status_code == 201
    with open_session(joined.settings) as session:
        kept = session.scalars(select(OidcIdentity)).one()
        assert (kept.issuer, kept.subject, kept.person_id) == (provider.url, provider.subject, one)
    with Console(joined) as other:
        assert back(other, provider.agree(start(other))).json()["account"] == "li.si"
    wang, _ = console_of(joined, "wang.wu")
    taken = back(wang, provider.agree(wang.call("POST", "oidc/link").json()["location"]))
    assert code_of(taken) == (422, "invalid")
    console.browser.close()
    wang.browser.close()


def test_an_identity_that_nobody_linked_is_a_stranger(joined: Live, provider: Provider) -> None:
    """Whatever name or address the provider tells of it."""
    with open_session(joined.settings) as session:
        person(session, "province_admin", account="tan")
    provider.claims = {"preferred_username": "tan", "email": "tan@example.org", "email_verified": True}
    with Console(joined) as console:
        assert code_of(back(console, provider.agree(start(console)))) == (401, "sign_in_failed")
        assert "xiangye_session" not in console.browser.cookies


def test_who_is_disabled_does_not_come_in_by_the_side(joined: Live, provider: Provider) -> None:
    one = linked(joined, provider)
    with open_session(joined.settings) as session:
        session.get_one(Person, one).disabled_at = CLOCK.now()
    with Console(joined) as console:
        assert code_of(back(console, provider.agree(start(console)))) == (401, "sign_in_failed")


NOW = int(CLOCK.now().timestamp())


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "another client"},
        {"aud": None},
        {"aud": ["another client", "third"]},
        {"aud": ["xiangye", "another"], "azp": "another"},
        {"exp": NOW - 61},
        {"exp": None},
        {"iat": None},
        {"nbf": NOW + 3600},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"sub": None},
        {"at_hash": "AAAA"},
    ],
)
def test_t26_a_token_that_says_the_wrong_thing_proves_nothing(
    joined: Live, provider: Provider, claims: dict[str, Any]
) -> None:
    linked(joined, provider)
    provider.claims = claims
    with Console(joined) as console:
        assert code_of(back(console, provider.agree(start(console)))) == (401, "sign_in_failed")


@pytest.mark.parametrize("how", ["none", "other key", "public key as secret", "unknown kid", "jku"])
def test_t26_a_token_signed_in_the_wrong_way_proves_nothing(joined: Live, provider: Provider, how: str) -> None:
    linked(joined, provider)
    honest = provider.key
    provider.published = honest
    if how == "none":
        provider.header = {"alg": "none"}
    elif how == "other key":
        provider.key = RSAKey.generate_key(2048, {"kid": "one"}, auto_kid=True)
    elif how == "public key as secret":
        provider.key, provider.header = (
            OctKey.import_key(honest.as_pem(private=False).replace(b"-", b"_")),
            {"alg": "HS256"},
        )
    elif how == "unknown kid":
        provider.key, provider.header = RSAKey.generate_key(2048), {"alg": "RS256", "kid": "two"}
    else:
        provider.key = RSAKey.generate_key(2048)
        provider.header = {"alg": "RS256", "jku": "http://127.0.0.1:9/keys"}
    with Console(joined) as console:
        assert code_of(back(console, provider.agree(start(console)))) == (401, "sign_in_failed")


def test_a_state_works_once_in_one_browser_and_for_ten_minutes(
    joined: Live, provider: Provider, clock: FixedClock
) -> None:
    linked(joined, provider)
    with Console(joined) as console, Console(joined) as stranger:
        location = start(console)
        address, another = provider.agree(location), provider.agree(location)  # one state, two codes that are good
        assert code_of(back(stranger, address)) == (401, "sign_in_failed")  # a link sent by somebody else
        kept = dict(console.browser.cookies)
        assert back(console, address).status_code == 201
        again = requests.get(another, cookies=kept, timeout=30, allow_redirects=False)
        assert code_of(again) == (401, "sign_in_failed")
        late = provider.agree(start(console))
        turn(clock, minutes=10, seconds=1)
        assert code_of(back(console, late)) == (401, "sign_in_failed")
        start(console)
    with open_session(joined.settings) as session:
        assert len(session.scalars(select(OidcRequest)).all()) == 1  # those that ran out are gone


@pytest.mark.parametrize(
    "path", ["oidc/callback", "oidc/callback?state=", "oidc/callback?state=x&code=y", "oidc/callback?code=y"]
)
def test_coming_back_from_nowhere_is_refused(joined: Live, path: str) -> None:
    with Console(joined) as console:
        assert code_of(console.call("GET", path)) == (401, "sign_in_failed")


@pytest.mark.parametrize("how", ["away", "another"])
def test_a_provider_that_is_away_or_another_is_told(reference_settings: Settings, provider: Provider, how: str) -> None:
    settings = provider.settings
    if how == "away":
        settings = replace(settings, issuer="http://127.0.0.1:9")
    else:
        provider.calls_itself = "https://other.example"
    with serving(replace(reference_settings, oidc=settings)) as live, Console(live) as console:
        assert code_of(console.call("GET", "oidc/start")) == (503, "provider_away")


def test_without_settings_there_is_none(live: Live) -> None:
    with Console(live) as console:
        assert code_of(console.call("GET", "oidc/start")) == (404, "not_found")


def test_settings_come_whole_and_over_tls() -> None:
    whole = {
        "XIANGYE_OIDC_ISSUER": "https://id.example/",
        "XIANGYE_OIDC_CLIENT_ID": "xiangye",
        "XIANGYE_OIDC_CLIENT_SECRET": "long and secret",
    }
    made = from_environment(whole)
    assert made.oidc == Oidc("https://id.example", "xiangye", "long and secret")
    assert "long and secret" not in repr(made)
    for missing in whole:
        with pytest.raises(ValueError, match="三者须一并设置"):
            from_environment({**whole, missing: ""})
    for plain in ("http://id.example", "http://127.0.0.1.example", "id.example"):
        with pytest.raises(ValueError, match="https"):
            from_environment({**whole, "XIANGYE_OIDC_ISSUER": plain})
