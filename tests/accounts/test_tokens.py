"""Personal tokens, and which credential opens which doors."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from server.accounts import tokens
from server.accounts.model import Person, PersonalToken
from server.db import open_session
from server.settings import Settings
from server.web import policy
from shared.clock import FixedClock
from tests.accounts.console import PASSWORD, ask, code_of, console_of, turn, turnable
from tests.admitting import CLOCK
from tests.people import headers, person, subject, token_for
from tests.serving import Live, serving


@pytest.fixture
def clock() -> FixedClock:
    return turnable()


@pytest.fixture
def turning(reference_settings: Settings, clock: FixedClock) -> Iterator[Live]:
    with serving(reference_settings, clock) as served:
        yield served


def test_a_token_is_told_once_and_ends_when_revoked(live: Live) -> None:
    console, person_id = console_of(live, "li.si", "reviewer")
    made = console.call("POST", "tokens", {"name": "每周导出"}).json()
    script = headers(made["token"])
    assert made["token"].startswith("xyt_")
    assert ask(live, script, "GET", "session").json()["person_id"] == str(person_id)
    (listed,) = console.call("GET", "tokens").json()["items"]
    assert (listed["id"], listed["name"], listed["revoked_at"]) == (made["id"], "每周导出", None)
    assert listed["seen_at"] is not None
    assert made["token"] not in str(listed)
    assert ask(live, script, "DELETE", f"tokens/{made['id']}").status_code == 204  # a leaked one can end itself
    assert code_of(ask(live, script, "GET", "session")) == (401, "sign_in_needed")
    console.browser.close()


def test_a_new_password_ends_the_tokens_that_the_old_one_made(live: Live) -> None:
    console, person_id = console_of(live, "zhao.liu", "reviewer")
    script = headers(console.call("POST", "tokens", {"name": "脚本"}).json()["token"])
    admin = subject(live.settings, "county_admin")
    assert ask(live, admin, "POST", f"people/{person_id}/password", {"password": PASSWORD + "新"}).status_code == 204
    assert code_of(ask(live, script, "GET", "session")) == (401, "sign_in_needed")
    console.browser.close()


def test_a_token_cannot_outlive_itself(live: Live) -> None:
    """Whoever finds one makes no second of it, changes no password and links no identity."""
    script = subject(live.settings, "province_admin")
    for path, body in (
        ("tokens", {"name": "又一个"}),
        ("session/password", {"current_password": PASSWORD, "password": PASSWORD + "新"}),
        ("oidc/link", None),
    ):
        assert code_of(ask(live, script, "POST", path, body)) == (403, "not_allowed"), path
    assert code_of(ask(live, script, "DELETE", "session")) == (403, "not_allowed")
    me = ask(live, script, "GET", "session").json()["person_id"]
    assert code_of(ask(live, script, "POST", f"people/{me}/password", {"password": PASSWORD})) == (403, "not_allowed")
    assert ask(live, script, "GET", "session").json()["csrf_token"] is None


def test_a_token_expires(turning: Live, clock: FixedClock) -> None:
    with open_session(turning.settings) as session:
        script = headers(token_for(session, person(session, "reviewer")))
    turn(clock, days=30, seconds=-1)
    assert ask(turning, script, "GET", "session").status_code == 200
    turn(clock, seconds=1)
    assert code_of(ask(turning, script, "GET", "session")) == (401, "sign_in_needed")


@pytest.mark.parametrize(
    "until", ["2025-05-21T00:00:00+00:00", "2027-01-01T00:00:00+08:00", "2025-12-01T00:00:00", "莽山"]
)
def test_an_end_that_is_none_is_refused(live: Live, until: str) -> None:
    console, _ = console_of(live, "li.si")
    assert code_of(console.call("POST", "tokens", {"name": "脚本", "expires_at": until})) == (422, "invalid")
    assert (
        console.call("POST", "tokens", {"name": "脚本", "expires_at": "2026-05-01T00:00:00+08:00"}).status_code == 201
    )
    console.browser.close()


def test_somebody_else_s_token_is_like_none(live: Live) -> None:
    console, _ = console_of(live, "li.si", "province_admin")
    with open_session(live.settings) as session:
        other = tokens.issue(session, CLOCK, person(session).id, "别人的")[0].id
    answers = {console.call("DELETE", f"tokens/{one}").text for one in (other, uuid4())}
    assert len(answers) == 1
    with open_session(live.settings) as session:
        assert session.get_one(PersonalToken, other).revoked_at is None
    console.browser.close()


def test_who_is_disabled_holds_no_token(live: Live) -> None:
    with open_session(live.settings) as session:
        one = person(session, "reviewer")
        script = headers(token_for(session, one))
    assert ask(live, script, "GET", "session").status_code == 200
    with open_session(live.settings) as session:
        session.get_one(Person, one.id).disabled_at = CLOCK.now()
    assert code_of(ask(live, script, "GET", "session")) == (401, "sign_in_needed")


def test_t26_a_tablet_s_credential_is_refused_on_every_viewer_route(live: Live) -> None:
    """Whatever the route and whatever is sent: a tablet sends and pulls its own, and reads nothing."""
    rows = [row for row in policy.table().values() if not row.is_open and not row.is_for_devices]
    assert len(rows) > 20
    for row in rows:
        path = row.route
        for hole in ("<uuid:", "<int:", "<string:", "<path:", "<"):
            while hole in path:
                start = path.index(hole)
                filling = "1" if hole == "<int:" else str(uuid4())
                path = path[:start] + filling + path[path.index(">", start) + 1 :]
        answer = ask(live, live.headers, row.method, path.removeprefix("/v1/"), {})
        assert answer.status_code == 401, (row.method, row.route, answer.text)
        if row.method != "HEAD":
            assert answer.json()["code"] == "sign_in_needed"


def test_t26_a_token_and_a_session_are_refused_where_tablets_call(live: Live) -> None:
    console, _ = console_of(live, "li.si", "province_admin")
    script = subject(live.settings, "province_admin")
    for row in policy.table().values():
        if row.is_for_devices and not row.is_open and row.method == "GET":
            path = row.route.removeprefix("/v1/")
            assert code_of(ask(live, script, "GET", path)) == (401, "credential_unknown"), path
            assert code_of(console.call("GET", path)) == (401, "credential_missing"), path
    console.browser.close()


def test_a_credential_s_last_use_is_kept_to_the_minute(turning: Live, clock: FixedClock) -> None:
    script = subject(turning.settings, "reviewer")

    def seen() -> object:
        with open_session(turning.settings) as session:
            return session.scalars(select(PersonalToken.seen_at)).one()

    assert seen() is None
    ask(turning, script, "GET", "session")
    first = seen()
    assert first == clock.now()
    turn(clock, seconds=59)
    ask(turning, script, "GET", "session")
    assert seen() == first
    turn(clock, seconds=1)
    ask(turning, script, "GET", "session")
    assert seen() == clock.now() == CLOCK.now() + timedelta(seconds=60)
