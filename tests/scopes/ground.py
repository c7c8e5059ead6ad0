"""Records in two counties of one prefecture and in a third elsewhere, and people who may see some of them."""

from dataclasses import dataclass
from typing import Any

import requests
from sqlalchemy.orm import Session

from server.db import open_session
from server.settings import Settings
from tests import people, records
from tests.admitting import CLOCK, outcomes
from tests.serving import Live

YIZHANG, LINWU, YUELU = "431022", "431025", "430104"
"""宜章、临武 of 郴州, and 岳麓 of 长沙."""
IN_YIZHANG = records.MANGSHAN
IN_LINWU = {**records.MANGSHAN, "latitude_e7": 252800000, "longitude_e7": 1125600000}
IN_YUELU = {**records.MANGSHAN, "latitude_e7": 281900000, "longitude_e7": 1129300000}
PLACES = {YIZHANG: IN_YIZHANG, LINWU: IN_LINWU, YUELU: IN_YUELU}
FROG = {"name_zh": "泽陆蛙", "scientific_name": "Fejervarya multistriata"}


def sent(session: Session, *of: dict[str, Any]) -> list[dict[str, Any]]:
    assert outcomes(session, *of) == ["accepted"] * len(of)
    return list(of)


@dataclass(frozen=True)
class Caller:
    """Somebody with a personal token, at the server's door."""

    live: Live
    token: str

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> requests.Response:
        sent = {**people.headers(self.token), **(headers or {})}
        return requests.get(f"{self.live.url}/v1/{path}", params=query, headers=sent, timeout=60)

    def items(self, path: str, **query: Any) -> list[dict[str, Any]]:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def ids(self, path: str = "occurrences", **query: Any) -> set[str]:
        return {one["id"] for one in self.items(path, **query)}


def caller(live: Live, role: str = "reviewer", *area: str, **more: Any) -> Caller:
    with open_session(live.settings) as session:
        token = people.token_for(session, people.person(session, role, *area, **more))
    return Caller(live, token)


def brought(settings: Settings, *of: dict[str, Any]) -> list[dict[str, Any]]:
    with open_session(settings) as session:
        return sent(session, *of)


__all__ = ["CLOCK", "Caller", "brought", "caller", "sent"]
