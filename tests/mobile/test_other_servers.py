"""What a session may tell that is not as it was: of a server that was put back, that counts otherwise, or whose answer is garbled."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mobile.station import SURVEY, Station
from tests.mobile.tablets import Tablet, tablet
from tests.mobile.test_sync import tablet_set


@pytest.fixture
def held(tmp_path: Path, server: Station) -> Iterator[Tablet]:
    with tablet(tmp_path / "data", tmp_path / "photos", server.url) as one:
        yield one


def test_a_server_that_was_put_back_without_a_word_is_sent_all_again(held: Tablet, server: Station) -> None:
    """P1, P8: its epoch is the same, as when a whole disk was put back; that it knows a lower number than it confirmed tells."""
    held.sighting()
    assert held.app.sync.sync() is True
    backup = dict(server.records)
    held.sighting()
    held.app.transect.start("样线", [])
    held.app.transect.end()
    for _ in range(2):  # also a second time to the same day
        assert held.app.sync.sync() is True and set(server.records) == tablet_set(held)
        server.records = dict(backup)
        held.wait(86400)
    assert held.app.sync.sync() is True and set(server.records) == tablet_set(held)
    posted = len(server.posted)
    assert held.app.sync.sync() is True and len(server.posted) == posted, "then all is as before"


def test_a_server_that_will_not_count_is_asked_once_more_and_not_for_ever(held: Tablet, server: Station) -> None:
    server.known = {"known_seq": 0, "known_digest": ""}
    held.sighting()
    for _ in range(4):
        assert held.app.sync.sync() is True
    assert len(server.posted) == 2


@pytest.mark.parametrize(
    "told",
    [
        {"packs": [1]},
        {"surveys": [{"survey_id": [1], "title": "x", "kind": "y"}]},
        {"surveys": [{"survey_id": SURVEY, "title": "x", "kind": 2**70}]},
        {"surveys": 5},
        {"places": 7, "notices": 7, "news": [], "team_news": True, "device_key": 9},
    ],
    ids=["packs", "survey-id", "kind", "surveys", "others"],
)
def test_a_garbled_session_is_told_in_words_and_ends_no_thread(
    held: Tablet, server: Station, told: dict[str, Any]
) -> None:
    held.sighting()
    server.known = told
    assert held.app.sync.sync() is False
    assert held.app.sync.problems and not held.app.sync.running and held.app.sync.progress == ""
    assert held.app.store.outbox.total() == 1
    server.known = {}
    assert held.app.sync.sync() is True
