"""Whose word frees anything on the tablet, when, and where its credential goes."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.mobile.station import Station, station
from tests.mobile.tablets import Tablet, tablet
from tests.mobile.test_sync import big_photo, photographed, waiting


@pytest.fixture
def server() -> Any:
    with station(epoch="e1") as one:
        yield one


@pytest.fixture
def held(tmp_path: Path, server: Station) -> Any:
    with tablet(tmp_path / "data", tmp_path / "photos", server.url) as one:
        yield one


def test_a_relay_frees_nothing(tmp_path: Path) -> None:
    with station(epoch="e1", relay=True) as server, tablet(tmp_path, server_url=server.url) as held:
        held.sighting()
        assert held.app.sync.sync() is False
        assert waiting(held) == 1 and "中转站" in " ".join(held.app.sync.lines)


def test_originals_go_only_thirty_days_after_custody(held: Tablet, server: Station, tmp_path: Path) -> None:
    big_photo(tmp_path)
    photographed(held, "big.jpg")
    media = held.app.store.media
    path = media.due(held.clock.now(), True)[0].path
    held.storage.free = 1
    assert media.free(held.clock.now() + timedelta(days=90), 1) == 0 and path.exists(), "never without custody"
    held.storage.free = 10_000_000_000
    held.app.sync.sync()
    for days in (400, -800, 3650):  # T11: the tablet's clock says nothing of how long that was
        held.wait(days * 86400)
        held.app.sync.sync()
        assert path.exists()
    server.skew += timedelta(days=29)
    held.app.sync.sync()
    assert path.exists()
    server.skew += timedelta(days=2)
    held.restart()
    assert held.app.store.media.free(held.app.store.server_time.now(0), 10_000_000_000) == 0, "no server told the time"
    held.app.sync.sync()
    assert not path.exists() and held.app.store.media.held_count() == 1


def test_neither_clock_alone_says_that_thirty_days_are_over(held: Tablet, server: Station, tmp_path: Path) -> None:
    """T20, P4: a server that is a year ahead for one meeting; what is scarce is freed, with no line at all."""
    big_photo(tmp_path)
    photographed(held, "big.jpg")
    held.app.sync.sync()
    media = held.app.store.media
    server.skew += timedelta(days=365)
    held.app.sync.sync()
    server.skew -= timedelta(days=365)
    held.app.sync.sync()
    assert held.app.store.database.rows("select state from media_file")[0]["state"] == "held"
    path = media.path(held.app.store.database.rows("select sha256 from media_file")[0]["sha256"])
    held.device = replace(held.device, storage=AlmostFull(path))
    held.restart()
    server.portal = True
    big_photo(tmp_path, "other.jpg", 300_000)
    held.app.record.open(fresh=True)
    assert held.app.record.take_photo("other.jpg"), held.app.record.message
    assert not path.exists(), "the province has it"


class AlmostFull:
    """Until one photo is gone."""

    def __init__(self, photo: Path) -> None:
        self._photo = photo

    def free_bytes(self) -> int:
        return 250_000_000 if self._photo.exists() else 350_000_000


def test_custody_from_before_the_servers_time_was_kept_begins_its_thirty_days_anew(
    held: Tablet, server: Station, tmp_path: Path
) -> None:
    big_photo(tmp_path)
    photographed(held, "big.jpg")
    held.app.sync.sync()
    database = held.app.store.database
    database.connection().execute("update media_file set held_at = '2020-01-01T00:00:00+08:00', held_server_at = null")
    held.app.sync.sync()
    assert database.rows("select state, held_server_at from media_file")[0]["state"] == "held"
    server.skew += timedelta(days=31)
    held.app.sync.sync()
    (row,) = database.rows("select state, sha256 from media_file")
    assert row["state"] == "freed"
    path = held.app.store.media.path(row["sha256"])
    path.write_bytes(b"left by a crash between the commit and the removal")
    held.restart()
    assert not path.exists()


def test_a_photo_taken_again_after_it_was_freed_is_there_to_be_seen(
    held: Tablet, server: Station, tmp_path: Path
) -> None:
    big_photo(tmp_path)
    photographed(held, "big.jpg")
    held.app.sync.sync()
    server.skew += timedelta(days=31)
    held.wait(31 * 86400)
    held.app.sync.sync()
    photographed(held, "big.jpg")
    (row,) = held.restart().store.database.rows("select state, sha256 from media_file")
    assert row["state"] == "held" and held.app.store.media.intact(row["sha256"])


def test_who_calls_itself_otherwise_than_at_the_enrolment_is_not_the_province(held: Tablet, server: Station) -> None:
    """A false server must not make itself the one whose receipts count."""
    held.sighting()
    server.holder = "mallory"
    assert held.app.sync.sync() is False and "mallory" in held.app.sync.message
    assert (waiting(held), server.posted, held.app.store.identity.current().holder) == (1, [], "hunan")
    server.holder = "hunan"
    assert held.app.sync.sync() is True


def test_receipts_of_another_epoch_than_the_sessions_are_no_custody(
    held: Tablet, server: Station, tmp_path: Path
) -> None:
    """T17: a server restored in the midst of a sync."""
    big_photo(tmp_path)
    photographed(held, "big.jpg")
    server.epoch_of_answers = "e2"
    assert held.app.sync.sync() is False
    assert (waiting(held), held.app.store.media.waiting_count()) == (2, 1)
    assert held.app.store.database.count("select count(*) from receipt") == 0
    server.epoch_of_answers, server.epoch = "", "e2"
    assert held.app.sync.sync() is True and held.app.store.identity.current().server_epoch == "e2"


def test_a_new_address_never_gets_the_old_credential(held: Tablet, server: Station) -> None:
    held.sighting()
    assert held.app.sync.sync() is True
    with station(epoch="e9") as other:
        held.app.sync.set_server(other.url.replace("127.0.0.1", "localhost"))
        held.sighting()
        assert held.app.sync.sync() is False and "登记码" in held.app.sync.message
        assert other.credentials == [] and held.app.sync.refused and "登记码" in held.app.sync.refused_text
        held.app.sync.set_server(server.url)
        assert held.app.sync.sync() is True and not held.app.sync.refused, "back again it is good"
        held.app.sync.set_server(other.url.replace("127.0.0.1", "localhost"))
        assert held.app.sync.enrol("GOOD-CODE") is True and held.app.sync.sync() is True
        assert len(other.records) == 2, "the new server has none of it, so all is offered"


def test_this_machine_s_own_server_may_take_another_port(held: Tablet, server: Station) -> None:
    """The demo's does, from one run to the next; what goes to it leaves the machine under no port."""
    held.sighting()
    held.app.sync.set_server("http://127.0.0.1:9")
    assert held.app.sync.sync() is False and not held.app.sync.refused
    held.app.sync.set_server(server.url)
    assert held.app.sync.sync() is True
