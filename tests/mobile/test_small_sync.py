"""A sync with nothing new costs next to nothing: on a line that is paid by the megabyte it may be tried every quarter of an hour."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from server.accounts.service import issue_code
from server.db import open_session
from tests import records
from tests.admitting import CLOCK
from tests.faults.relay import _Talk, relay
from tests.mobile.tablets import tablet
from tests.serving import Live

MOST_BYTES = 2000


def test_an_unchanged_sync_costs_less_than_two_kilobytes(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte of requests and answers, heads too, as they pass a socket; TLS would come on top."""
    passed: list[tuple[str, bytes]] = []
    carry = _Talk._pass

    def count(self: _Talk, side: str, data: bytes, to: Any) -> bool:
        passed.append((side, data))
        return carry(self, side, data, to)

    monkeypatch.setattr(_Talk, "_pass", count)
    with (
        relay(int(urlsplit(live.url).port or 0), lambda: None) as line,
        tablet(tmp_path / "tablet", server_url=line.url, enrolled=False) as held,
    ):
        held.clock.set(CLOCK.now())
        with open_session(live.settings) as session:
            code = issue_code(session, CLOCK, UUID(records.PERSON))
        assert held.app.sync.enrol(code, "平板") is True, held.app.sync.message
        held.sighting("穿山甲")
        assert held.app.sync.sync() is True, held.app.sync.message
        passed.clear()
        assert held.app.sync.sync() is True
        talk = b"".join(data for _, data in passed)
        assert talk.count(b" HTTP/1.1\r\n") == 1, "the session says that there is nothing to ask for"
        assert sum(len(data) for _, data in passed) < MOST_BYTES, talk.decode("utf-8", "replace")
