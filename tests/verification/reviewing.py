"""A reviewer at each level, talking to a live server."""

from dataclasses import dataclass
from typing import Any

import requests

from server.db import open_session
from tests.people import PREFECTURE, PROVINCE, headers, person, token_for
from tests.serving import Live


@dataclass(frozen=True)
class Caller:
    url: str
    token: str

    def get(self, path: str, **query: Any) -> requests.Response:
        return requests.get(f"{self.url}/v1{path}", params=query, headers=headers(self.token), timeout=30)

    def post(self, path: str, **body: Any) -> requests.Response:
        return requests.post(f"{self.url}/v1{path}", json=body, headers=headers(self.token), timeout=30)

    def queue(self, **query: Any) -> list[dict[str, Any]]:
        """Every page of it."""
        items: list[dict[str, Any]] = []
        after: dict[str, str] = {}
        while True:
            answer = self.get("/verification/queue", **query, **after)
            assert answer.status_code == 200, answer.text
            items += answer.json()["items"]
            if answer.json()["next"] is None:
                return items
            after = {"after": answer.json()["next"]}

    def decide(self, action: str, ids: list[str], **more: Any) -> requests.Response:
        return self.post("/verification/decisions", action=action, record_ids=ids, **more)


def caller(live: Live, role: str = "reviewer", area_kind: str = "county", area_code: str = "431022") -> Caller:
    with open_session(live.settings) as session:
        token = token_for(session, person(session, role, area_kind, area_code))
    return Caller(live.url, token)


def three_levels(live: Live) -> tuple[Caller, Caller, Caller]:
    return (
        caller(live),
        caller(live, area_kind="prefecture", area_code=PREFECTURE),
        caller(live, area_kind="province", area_code=PROVINCE),
    )
