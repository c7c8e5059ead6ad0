"""A tablet as its requests show it, which forks."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import requests

from mobile.device.desktop_key import FileKey
from server.accounts import service
from server.db import open_session
from shared.ids import uuid7
from shared.wire.signature import key_id, key_statement
from tests.accounts.console import ask, code_of
from tests.admitting import CLOCK
from tests.people import headers, person
from tests.serving import Live

GROUP = pytest.mark.xdist_group("forks")  # one server, on one worker


@dataclass(frozen=True)
class Tablet:
    live: Live
    id: str
    credential: str
    key: FileKey | None = None

    def asked(self, new: str, **instead: Any) -> dict[str, Any]:
        told = {"device_id": new, "device_name": "莽山二号", "app_version": "0.2.0"}
        if self.key is not None:
            told |= proof(self.key, new, self.credential)
        return {name: value for name, value in (told | instead).items() if value is not None}

    def fork(self, new: str, **instead: Any) -> requests.Response:
        return ask(self.live, headers(self.credential), "POST", "devices/fork", self.asked(new, **instead))

    def forked(self, new: str | None = None) -> "Tablet":
        answer = self.fork(new or str(uuid7()))
        assert answer.status_code == 200, answer.text
        return Tablet(self.live, answer.json()["device_id"], answer.json()["credential"], self.key)

    def pull(self) -> tuple[int, str]:
        """Any request would do; this one costs the server least."""
        return code_of(ask(self.live, headers(self.credential), "GET", "sync/changes?cursor=0"))


def proof(key: FileKey, new: str, secret: str) -> dict[str, str]:
    public = key.public_key()
    return {
        "device_public_key": public,
        "device_key_proof": key.sign(key_statement(key_id(public), new, secret)),
    }


def enrolled(live: Live, owner: UUID | None = None, device: str | None = None) -> Tablet:
    device = device or str(uuid7())
    with open_session(live.settings) as session:
        owner = owner or person(session, "surveyor").id
        code = service.issue_code(session, CLOCK, owner)
        _, credential = service.enrol(session, CLOCK, code, UUID(device), "莽山一号", "0.1.0")
    return Tablet(live, device, credential)


def keyed(tablet: Tablet, key: FileKey) -> Tablet:
    told = proof(key, tablet.id, tablet.credential)
    assert ask(tablet.live, headers(tablet.credential), "POST", "devices/key", told).status_code == 200
    return Tablet(tablet.live, tablet.id, tablet.credential, key)
