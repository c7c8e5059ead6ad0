"""Signing in at the console: the cookie, the token against forgery, and every way in which a session ends."""

import json
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import requests
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from server.accounts import passwords, signing_in, tries
from server.accounts.model import ConsoleSession, RecentTry
from server.accounts.service import load_viewer
from server.audit.model import AuditEntry
from server.db import open_session, session_factory
from server.settings import Settings
from shared.clock import FixedClock
from shared.problems import Problem
from tests.accounts.console import PASSWORD, Console, ask, code_of, console_of, turn, turnable, with_password
from tests.admitting import CLOCK
from tests.serving import Live, serving


@pytest.fixture
def clock() -> FixedClock:
    return turnable()


@pytest.fixture
def turning(reference_settings: Settings, clock: FixedClock) -> Iterator[Live]:
    with serving(reference_settings, clock) as served:
        yield served


def test_the_cookie_is_for_the_browser_alone(live: Live) -> None:
    console, person_id = console_of(live, "li.si", "county_admin")
    (cookie,) = console.browser.cookies
    assert cookie.name == "xiangye_session"
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "Strict"
    assert not cookie.secure  # this server listens to its own machine alone
    told = console.call("GET", "session").json()
    assert told["person_id"] == str(person_id)
    assert told["roles"] == [
        {
            "role": "county_admin",
            "role_zh": "县级管理员",
            "area_kind": "county",
            "area_code": "431022",
            "taxon_group": None,
        }
    ]
    assert told["csrf_token"] == console.csrf
    assert cookie.value not in str(told)
    console.browser.close()


def test_behind_tls_the_cookie_is_secure(reference_settings: Settings) -> None:
    public = replace(reference_settings, public_url="https://xiangye.example", trusted_proxies=1)
    with serving(public) as live, Console(live) as console:
        with open_session(public) as session:
            with_password(session, "li.si")
        answer = console.sign_in("li.si")
        assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("csrf", [None, "", "wrong", "0" * 64, "湘野"])
def test_csrf_missing_or_wrong_is_refused(live: Live, csrf: str | None) -> None:
    console, person_id = console_of(live, "li.si", "county_admin")
    right, console.csrf = console.csrf, ""
    sent = {} if csrf is None else {"X-CSRF-Token": csrf.encode().decode("latin-1")}
    for method, path, body in (
        ("DELETE", "session", None),
        ("POST", "tokens", {"name": "脚本"}),
        ("PATCH", f"people/{person_id}", {"name": "别人"}),
        ("POST", "session/password", {"current_password": PASSWORD, "password": PASSWORD + "新"}),
    ):
        assert code_of(console.call(method, path, body, **sent)) == (403, "csrf_failed"), path
    assert console.call("GET", "session", **sent).status_code == 200
    assert console.call("POST", "tokens", {"name": "脚本"}, **{"X-CSRF-Token": right}).status_code == 201
    console.browser.close()


def test_another_session_s_token_against_forgery_does_not_do(live: Live) -> None:
    one, _ = console_of(live, "li.si")
    other, _ = console_of(live, "wang.wu")
    assert code_of(one.call("POST", "tokens", {"name": "脚本"}, **{"X-CSRF-Token": other.csrf}))[1] == "csrf_failed"
    one.browser.close()
    other.browser.close()


def test_a_session_ends_when_idle_and_after_a_day_s_work(turning: Live, clock: FixedClock) -> None:
    console, _ = console_of(turning, "li.si")
    for _ in range(23):  # half an hour short of the longest
        turn(clock, minutes=29, seconds=59)
        assert console.call("GET", "session").status_code == 200
    turn(clock, minutes=31)
    assert code_of(console.call("GET", "session")) == (401, "sign_in_needed")
    assert console.sign_in("li.si").status_code == 201
    turn(clock, minutes=30)
    assert code_of(console.call("GET", "session")) == (401, "sign_in_needed")
    console.browser.close()


def test_signing_out_ends_the_session_on_the_server(live: Live) -> None:
    console, _ = console_of(live, "li.si")
    cookie = console.browser.cookies["xiangye_session"]
    assert console.call("DELETE", "session").status_code == 204
    assert not console.browser.cookies
    assert code_of(console.call("GET", "session", Cookie=f"xiangye_session={cookie}")) == (401, "sign_in_needed")
    console.browser.close()


def test_a_new_password_ends_every_session(live: Live) -> None:
    here, _ = console_of(live, "li.si")
    with Console(live) as there:
        assert there.sign_in("li.si").ok
        new = "新密码：三十二条鹛类"
        asked = {"current_password": "不对不对不对不对不对", "password": new}
        assert code_of(here.call("POST", "session/password", asked)) == (401, "sign_in_failed")
        assert here.call("POST", "session/password", {**asked, "current_password": PASSWORD}).status_code == 204
        assert code_of(there.call("GET", "session")) == (401, "sign_in_needed")
        assert there.sign_in("li.si").status_code == 401
        assert there.sign_in("li.si", new).status_code == 201
    here.browser.close()


def test_only_hashes_are_kept(live: Live) -> None:
    console, person_id = console_of(live, "li.si")
    secret = console.browser.cookies["xiangye_session"]
    token = console.call("POST", "tokens", {"name": "脚本"}).json()["token"]
    with open_session(live.settings) as session:
        for table in ("console_session", "personal_token", "person", "recent_try", "audit_entry"):
            rows = session.execute(text(f"SELECT to_jsonb(t)::text FROM xiangye.{table} t")).scalars().all()
            assert rows
            for row in rows:
                assert not any(word in row for word in (secret, token, PASSWORD, console.csrf)), table
        kept = session.scalars(select(AuditEntry).where(AuditEntry.action == "sign_in")).one()
        assert (kept.actor, kept.detail) == (str(person_id), {"by": "password"})
        assert session.scalars(select(ConsoleSession)).one().token_hash not in secret
    console.browser.close()


def test_t26_ten_tries_a_minute_whether_the_account_exists_or_not(turning: Live, clock: FixedClock) -> None:
    with open_session(turning.settings) as session:
        with_password(session, "li.si")
    answers: dict[str, list[tuple[int, str]]] = {}
    with Console(turning) as console:
        for account in ("li.si", "nobody", " LI.SI "):
            told = [console.sign_in(account, "wrong wrong wrong") for _ in range(11)]
            answers[account] = [(one.status_code, one.text) for one in told]
        assert answers["li.si"] == answers["nobody"]
        assert [status for status, _ in answers["li.si"]] == [401] * 10 + [429]
        assert {status for status, _ in answers[" LI.SI "]} == {429}  # the same account
        refused = console.sign_in("li.si")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
        turn(clock, seconds=60)
        assert console.sign_in("li.si").status_code == 201


def test_t26_the_right_password_is_no_failed_try(turning: Live) -> None:
    with open_session(turning.settings) as session:
        with_password(session, "li.si")
    with Console(turning) as console:
        for _ in range(9):
            assert console.sign_in("li.si", "wrong wrong wrong").status_code == 401
        for _ in range(3):
            assert console.sign_in("li.si").status_code == 201
        assert console.sign_in("li.si", "wrong wrong wrong").status_code == 401
        assert console.sign_in("li.si").status_code == 429


def test_t26_tries_at_the_same_moment_are_counted_one_by_one(settings: Settings) -> None:
    def attempt(_: int) -> bool:
        try:
            with session_factory(settings).begin() as session:
                tries.count(session, CLOCK, "account:li.si")
        except Problem:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(40))) == tries.ALLOWED


def test_t26_tries_are_forgotten(session: Session) -> None:
    clock = turnable()
    for account in ("one", "two", "three"):
        signing_in.count_try(session, clock, account)
    turn(clock, hours=2)
    signing_in.count_try(session, clock, "four")
    assert len(session.scalars(select(RecentTry)).all()) == 1


def _spread_of_medians(session: Session) -> float:
    spent: dict[str, list[float]] = {name: [] for name in ("li.si", "wang.wu", "no.password", "nobody")}
    for _ in range(9):
        for account, times in spent.items():
            began = time.process_time()
            with pytest.raises(Problem) as caught:
                signing_in.sign_in(session, CLOCK, account, "wrong wrong wrong")
            times.append(time.process_time() - began)
            assert (caught.value.kind.code, caught.value.detail) == ("sign_in_failed", "")
    medians = [statistics.median(times) for times in spent.values()]
    return max(medians) - min(medians)


@pytest.mark.usefixtures("true_costs")
def test_t26_an_unknown_account_costs_the_same_work(session: Session) -> None:
    """± 5 ms at the median, in time of the processor, so that a busy machine does not decide."""
    person = with_password(session, "li.si")
    disabled = with_password(session, "wang.wu")
    disabled.disabled_at = CLOCK.now()
    with_password(session, "no.password").password_hash = None
    session.flush()
    # Neighbours on the same core cost some milliseconds now and then; a real difference is there each time.
    spreads = []
    while not spreads or (len(spreads) < 4 and spreads[-1] >= 0.005):
        spreads.append(_spread_of_medians(session))
    assert spreads[-1] < 0.005, spreads
    with pytest.raises(Problem):
        signing_in.sign_in(session, CLOCK, "wang.wu", PASSWORD)
    assert signing_in.sign_in(session, CLOCK, "li.si", PASSWORD)
    assert person.password_hash


@pytest.mark.parametrize("password", ["短", "123456789", "x" * 201, "aaaaaaaaaaaa", "li.si.li.si"[:5] + "12345"])
def test_a_poor_password_is_refused(password: str) -> None:
    with pytest.raises(Problem) as caught:
        passwords.hashed(password, "li.si.12345"[:5])
    assert caught.value.extra["field"] == "password"


@pytest.mark.usefixtures("true_costs")
@pytest.mark.parametrize("password", ["穿山甲在莽山过夜了吗", "correct horse battery", "𬶋鵟䴙䴘 0123456"])
def test_any_characters_will_do(password: str) -> None:
    kept = passwords.hashed(password)
    assert kept.startswith("$argon2id$")
    assert passwords.matches(password, kept)
    assert not passwords.matches(password + " ", kept)
    assert not passwords.is_dated(kept)


@pytest.mark.usefixtures("true_costs")
def test_a_password_hashed_with_other_costs_is_hashed_anew(session: Session) -> None:
    from argon2 import PasswordHasher

    person = with_password(session, "li.si")
    person.password_hash = PasswordHasher(time_cost=1, memory_cost=1024).hash(PASSWORD)
    session.flush()
    signing_in.sign_in(session, CLOCK, "li.si", PASSWORD)
    assert not passwords.is_dated(person.password_hash)
    assert passwords.matches(PASSWORD, person.password_hash)


def test_nothing_that_is_no_credential_opens_anything(live: Live, session: Session) -> None:
    for sent in (
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer x"},
        {"Authorization": "Basic bGk6c2k="},
        {"Cookie": "xiangye_session=xys_nothing"},
        {"Cookie": "xiangye_session="},
        {"Authorization": "Bearer " + "𬶋".encode().decode("latin-1")},
    ):
        assert code_of(ask(live, sent, "GET", "session")) == (401, "sign_in_needed"), sent
    for borne in (("", None, None), (None, "", ""), (None, None, None)):
        with pytest.raises(Problem):
            load_viewer(session, CLOCK, *borne)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"])
def test_no_form_of_another_site_can_sign_anybody_in(live: Live, kind: str) -> None:
    """A browser sends these across sites without asking; JSON it does not."""
    with open_session(live.settings) as session:
        with_password(session, "li.si")
    body = json.dumps({"account": "li.si", "password": PASSWORD})
    answer = requests.post(f"{live.url}/v1/session", data=body.encode(), headers={"Content-Type": kind}, timeout=30)
    assert answer.status_code == 422
    assert "Set-Cookie" not in answer.headers
