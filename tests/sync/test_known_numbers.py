"""T15: the server tells a device how far it has counted, so that a copy of its store sees that it is one."""

from typing import Any
from uuid import UUID

import requests

from server.accounts.service import enrol, issue_code
from server.db import open_session
from shared.canonical import digest
from shared.ids import uuid7
from tests import records
from tests.admitting import CLOCK
from tests.records import occurrence
from tests.serving import Live


def known(live: Live, credential: str) -> tuple[Any, Any]:
    bearing = {"Authorization": f"Bearer {credential}"}
    told = requests.get(f"{live.url}/v1/sync/session", headers=bearing, timeout=20).json()
    return told["known_seq"], told["known_digest"]


def test_a_device_is_told_its_own_highest_number_and_nobody_elses(live: Live) -> None:
    assert known(live, live.credential) == (0, "")
    first, highest = occurrence(), occurrence()
    first["seq"], highest["seq"] = 3, 7
    assert [one["outcome"] for one in live.post_batch(highest, first).json()["receipts"]] == ["accepted", "accepted"]
    assert known(live, live.credential) == (7, digest(highest))
    with open_session(live.settings) as session:
        code = issue_code(session, CLOCK, UUID(records.PERSON))
        _, credential = enrol(session, CLOCK, code, uuid7(), "second", "1")
        session.commit()
    assert known(live, credential) == (0, ""), "another tablet of the same person counts for itself"
