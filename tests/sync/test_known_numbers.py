"""T15: the server tells a device how far it has counted, so that a copy of its store sees that it is one."""

import json
from typing import Any
from uuid import UUID

import requests

from server.accounts.service import enrol, issue_code
from server.db import open_session
from shared.canonical import digest
from shared.ids import uuid7
from tests import records
from tests.admitting import CLOCK
from tests.commands import xiangye
from tests.faults.server_process import environment_of
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


def test_an_administrator_is_told_which_devices_count_twice(live: Live) -> None:
    """Both records are kept: what is told is that two stores bear one device's name."""
    env = environment_of(live.settings)
    assert "没有发现" in xiangye(env, "sync", "twins").out
    first, second, apart = (occurrence() for _ in range(3))
    first["seq"] = second["seq"] = 5
    apart["seq"] = 6
    live.post_batch(first, apart)
    assert [one["outcome"] for one in live.post_batch(second).json()["receipts"]] == ["accepted"]
    (told,) = json.loads(xiangye(env, "sync", "twins", "--json").out)
    assert (told["device_id"], told["numbers"], told["forks"]) == (records.DEVICE, 1, [])
    asked = {"device_id": str(uuid7()), "device_name": "平板", "app_version": "0.1.0"}
    assert requests.post(f"{live.url}/v1/devices/fork", json=asked, headers=live.headers, timeout=20).ok
    said = xiangye(env, "sync", "twins").out
    assert records.DEVICE in said and "1 个编号用过两次" in said and "重新登记" in said
    assert f"已换用新编号 {asked['device_id']}" in said
