"""A browser at the console, and a clock that tests may turn."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import requests
from sqlalchemy.orm import Session

from server.accounts.model import Person
from server.accounts.passwords import hashed
from server.db import open_session
from shared.clock import FixedClock
from tests.admitting import CLOCK
from tests.people import person
from tests.serving import Live

PASSWORD = "莽山烙铁头与鵟 7 条"


def turnable() -> FixedClock:
    return FixedClock(CLOCK.now())


def turn(clock: FixedClock, **by: float) -> None:
    clock.at += timedelta(**by)


def with_password(session: Session, account: str, role: str | None = None, **more: str) -> Person:
    made = person(session, role, account=account, **more)
    made.password_hash = hashed(PASSWORD, account)
    session.flush()
    return made


@dataclass
class Console:
    live: Live
    csrf: str = ""
    browser: requests.Session = field(default_factory=requests.Session)

    def __enter__(self) -> "Console":
        return self

    def __exit__(self, *_: object) -> None:
        self.browser.close()

    def sign_in(self, account: str, password: str = PASSWORD) -> requests.Response:
        answer = self.call("POST", "session", {"account": account, "password": password})
        if answer.ok:
            self.csrf = answer.json()["csrf_token"]
        return answer

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        if self.csrf:
            headers.setdefault("X-CSRF-Token", self.csrf)
        return self.browser.request(
            method, f"{self.live.url}/v1/{path}", json=body, headers=headers, timeout=30, allow_redirects=False
        )


def console_of(live: Live, account: str, role: str | None = None, **more: str) -> tuple[Console, UUID]:
    """Somebody new, signed in."""
    with open_session(live.settings) as session:
        made = with_password(session, account, role, **more).id
    console = Console(live)
    answer = console.sign_in(account)
    assert answer.status_code == 201, answer.text
    return console, made


def ask(live: Live, headers: dict[str, str], method: str, path: str, body: Any = None) -> requests.Response:
    """As a script with a token, or as a tablet."""
    return requests.request(
        method, f"{live.url}/v1/{path}", json=body, headers=headers, timeout=30, allow_redirects=False
    )


def code_of(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "") if answer.content else ""
