"""A pack over a line that is cut: what came stays, the rest is asked for, and what is no part of it is dropped (P3)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import requests

from mobile.sync.transport import Transport
from server.accounts.service import issue_code
from server.db import open_session
from tests import records
from tests.admitting import CLOCK
from tests.faults.relay import Cut, Relay, relay
from tests.mobile.station import closed_port
from tests.mobile.tablets import Tablet, tablet
from tests.mobile.test_pack_sync import publish_again
from tests.serving import Live

ASKS = b"GET /v1/packs/taxa"
Asked = list[tuple[str | None, int]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Range and status of what was asked of packs."""
    seen: Asked = []
    send = Transport._send

    def listen(self: Transport, method: str, path: str, **options: Any) -> requests.Response:
        answer = send(self, method, path, **options)
        if path == "/v1/packs/taxa":
            seen.append((options["headers"].get("Range"), answer.status_code))
        return answer

    monkeypatch.setattr(Transport, "_send", listen)
    return seen


@contextmanager
def over(live: Live, folder: Path, cuts: list[int], then_away: bool = False) -> Iterator[tuple[Tablet, Relay]]:
    """A tablet that enrols over a line that is cut after so many bytes of each answer with a pack."""
    port = int(urlsplit(live.url).port or 0)
    with relay(port, lambda: None) as line, tablet(folder, server_url=line.url, enrolled=False) as held:

        def cut_again() -> None:
            line.arm(Cut(ASKS, side="response", after=cuts.pop(0)) if cuts else None)
            line.upstream = int(urlsplit(closed_port()).port or 0) if then_away and not cuts else port

        line.kill = cut_again
        line.arm(Cut(ASKS, side="response", after=cuts.pop(0)))
        held.clock.set(CLOCK.now())
        with open_session(live.settings) as session:
            code = issue_code(session, CLOCK, UUID(records.PERSON))
        held.app.sync.enrol(code, "平板")
        yield held, line


def mend(line: Relay, live: Live) -> None:
    line.arm(None)
    line.upstream = int(urlsplit(live.url).port or 0)


def test_each_cut_is_gone_on_from(live: Live, tmp_path: Path, asked: Asked) -> None:
    with over(live, tmp_path, [6000, 6000, 6000, 6000]) as (held, _):
        for _ in range(3):
            held.app.sync.sync()
        assert held.app.store.packs.species().exact("穿山甲") is not None, held.app.sync.message
        assert held.app.sync.sync() is True
        assert not list(held.app.store.packs.fetching("taxa").parent.glob("*.fetched*")), "nothing is left of it"
    begins = [int(told[6:-1]) if told else 0 for told, _ in asked]
    assert begins == sorted(set(begins)) and len(begins) == 5, "each goes on behind the one before"
    assert [status for _, status in asked] == [200, 206, 206, 206, 206]


def test_a_part_survives_the_end_of_the_app_but_not_a_newer_version(live: Live, tmp_path: Path, asked: Asked) -> None:
    with over(live, tmp_path, [6000, 6000], then_away=True) as (held, line):
        assert held.app.sync.sync() is False
        part = held.app.store.packs.fetching("taxa")
        size = part.stat().st_size
        assert size > 0 and held.app.store.packs.digest("taxa") is None, "a part is no pack"
        held.restart()
        mend(line, live)
        version = publish_again(live)
        asked.clear()
        held.app.sync.sync()
        assert held.app.sync.sync() is True, held.app.sync.message
        assert asked[0] == (None, 200), "what came was of another version"
        meta = held.app.store.packs.meta("taxa")
        assert meta is not None and meta.version == version


def test_a_spoilt_part_is_found_out_and_fetched_anew(live: Live, tmp_path: Path, asked: Asked) -> None:
    with over(live, tmp_path, [6000, 6000], then_away=True) as (held, line):
        held.app.sync.sync()
        part = held.app.store.packs.fetching("taxa")
        content = bytearray(part.read_bytes())
        content[len(content) // 2] ^= 4
        part.write_bytes(content)
        held.restart()
        mend(line, live)
        asked.clear()
        held.app.sync.sync()
        assert [status for _, status in asked] == [206, 200], "all of it, once more"
        assert held.app.sync.sync() is True and held.app.store.packs.species().exact("穿山甲") is not None
