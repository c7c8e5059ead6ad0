"""P2, P10: what waits goes by itself as soon as it can, without a hand, and the screen tells the truth about when."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mobile.device.desktop_clock import ScriptedClock
from mobile.device.desktop_folder import WiredNetwork
from mobile.sync.by_itself import AFTER_START_S, BETWEEN_S, NEWS_S
from mobile.sync.report import SyncReport
from mobile.wiring import build
from tests.mobile.station import Station, closed_port, station
from tests.mobile.tablets import DAWN, Tablet, tablet
from tests.mobile.test_photos import jpeg


class PacedClock(ScriptedClock):
    """Both of its times go as the test says."""

    def monotonic_ms(self) -> int:
        return int((self.now() - DAWN) / timedelta(milliseconds=1))


@pytest.fixture
def server() -> Iterator[Station]:
    with station() as made:
        yield made


@pytest.fixture
def held(server: Station, tmp_path: Path) -> Iterator[Tablet]:
    with tablet(tmp_path / "tablet", photos=tmp_path, server_url=server.url) as made:
        made.clock = PacedClock()
        made.clock.set(DAWN)
        made.device = replace(made.device, clock=made.clock)
        made.restart()
        yield made


def look(held: Tablet, after_s: float) -> int:
    """How many times it began to meet the server, looking every five seconds."""
    begun: list[None] = []
    run = held.app.session.run

    def counted(*given: Any, **told: Any) -> SyncReport:
        assert told["by_hand"] is False
        begun.append(None)
        return run(*given, **told)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(held.app.session, "run", counted)
        for _ in range(int(after_s // 5)):
            held.wait(5)
            held.app.look()
    return len(begun)


def test_a_saved_record_goes_without_a_hand(server: Station, held: Tablet) -> None:
    held.sighting()
    held.app.look()
    assert not server.records, "the app has just been started"
    assert look(held, AFTER_START_S) == 1 and len(server.records) == 1
    assert held.app.sync.waiting_records == 0 and held.app.sync.message == ""
    held.sighting()
    assert look(held, BETWEEN_S - 5) == 0 and look(held, 5) == 1 and len(server.records) == 2


def test_with_nothing_to_send_it_asks_for_news_now_and_then(server: Station, held: Tablet) -> None:
    assert look(held, AFTER_START_S) == 1
    assert look(held, NEWS_S - 5) == 0 and look(held, 5) == 1


def test_a_bad_line_is_tried_less_and_less_often_and_says_nothing_on_other_screens(
    server: Station, held: Tablet
) -> None:
    held.app.sync.set_server(closed_port())
    held.sighting()
    sync = held.app.sync
    assert look(held, AFTER_START_S) == 1 and sync.problems and sync.message == ""
    (told,) = [line for line in sync.lines if "下次自动尝试" in line]
    assert any(f"{held.clock.now() + timedelta(seconds=pause):%H:%M}" in told for pause in (22, 30)), told
    tries = [look(held, 60) for _ in range(60)]
    assert 5 < sum(tries) < 15, tries
    assert sum(tries[:10]) > sum(tries[-10:])


def test_a_hand_is_faster_than_any_pause_and_begins_the_pauses_anew(server: Station, held: Tablet) -> None:
    server.cut_batches = 100
    held.sighting()
    look(held, 600)
    assert not server.records
    server.cut_batches = 0
    assert held.app.sync.sync() is True and len(server.records) == 1
    held.sighting()
    assert look(held, BETWEEN_S) == 1 and len(server.records) == 2


def test_a_refused_credential_is_not_tried_again_and_no_hour_is_promised(server: Station, held: Tablet) -> None:
    server.revoked = True
    held.sighting()
    assert look(held, 3_600) == 1
    assert held.app.sync.refused and "下次自动尝试" not in "".join(held.app.sync.lines)


def test_it_can_be_turned_off_for_good(server: Station, held: Tablet) -> None:
    held.app.sync.sync_by_itself(False)
    held.sighting()
    assert look(held, 3_600) == 0
    held.restart()
    assert look(held, 3_600) == 0 and "下次自动尝试" not in "".join(held.app.sync.lines)
    held.app.sync.sync_by_itself(True)
    assert look(held, 5) == 1 and len(server.records) == 1


def test_photos_that_wait_for_wifi_are_no_reason_to_pay(server: Station, held: Tablet, tmp_path: Path) -> None:
    (tmp_path / "IMG_001.jpg").write_bytes(jpeg("green"))
    held.device = replace(held.device, network=WiredNetwork(metered=True))
    held.app.close()
    held.app = build(held.app.store.database.path.parent, held.device)
    held.settle()
    record = held.app.record
    record.open(fresh=True)
    assert record.choose_name("白鹭") and held.app.photo.take("IMG_001.jpg") is not False
    assert record.confirm(), record.message
    assert look(held, AFTER_START_S) == 1 and len(server.records) == 2 and not server.photos
    assert look(held, NEWS_S - 5) == 0, "only the original is left"


def test_nothing_begins_while_a_station_is_visited(server: Station, held: Tablet) -> None:
    held.sighting()
    held.app.carrying.running = True
    assert look(held, 3_600) == 0
    held.app.carrying.running = False
    assert look(held, 5) == 1
