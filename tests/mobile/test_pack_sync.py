"""Tablet and server over real HTTP: the key at enrolment, the first pack whole, the next by what changed, and every refusal told."""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from mobile.sync.parts import Part
from mobile.sync.transport import Transport
from server.accounts.service import issue_code
from server.db import open_session
from server.packs import service
from server.packs.signing import pack_key
from shared.clock import FixedClock
from shared.taxon_pack import DIFFERENCE_TYPE
from tests import records
from tests.admitting import CLOCK
from tests.mobile.station import Station, make_pack, station
from tests.mobile.tablets import Tablet, tablet
from tests.packs.building import SMALL, key_of, make
from tests.serving import Live


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Media types of what was fetched of packs."""
    seen: list[str] = []
    get_file = Transport.get_file

    def listen(self: Transport, path: str, part: Part, **query: str) -> str | None:
        answer = get_file(self, path, part, **query)
        seen.append(answer or "unchanged")
        return answer

    monkeypatch.setattr(Transport, "get_file", listen)
    return seen


@pytest.fixture
def enrolled(live: Live, tmp_path: Path) -> Iterator[Tablet]:
    with open_session(live.settings) as session:
        code = issue_code(session, CLOCK, UUID(records.PERSON))
    with tablet(tmp_path / "tablet", server_url=live.url, enrolled=False) as held:
        held.clock.set(CLOCK.now())
        assert held.app.sync.enrol(code, "平板") is True, held.app.sync.message
        yield held


def publish_again(live: Live) -> str:
    """A record more, counted some minutes later."""
    assert live.post_batch(records.occurrence()).status_code == 200
    later = FixedClock(CLOCK.now() + timedelta(minutes=5))
    with open_session(live.settings) as session:
        return service.ensure(live.settings, session, later, anew=True).version


def test_the_first_pack_whole_and_the_next_by_what_changed(live: Live, enrolled: Tablet, fetched: list[str]) -> None:
    store = enrolled.app.store
    assert store.identity.setting("pack_key") == pack_key(live.settings).public()
    first = store.packs.meta("taxa")
    assert first is not None and store.packs.species().exact("穿山甲") is not None
    assert enrolled.app.sync.sync() is True and fetched == [], "an unchanged pack is not asked for"
    version = publish_again(live)
    assert enrolled.app.sync.sync() is True, enrolled.app.sync.message
    second = store.packs.meta("taxa")
    assert second is not None and second.version == version != first.version
    assert fetched == [DIFFERENCE_TYPE]
    assert enrolled.app.sync.sync() is True and fetched == [DIFFERENCE_TYPE]


def test_a_difference_that_cannot_be_applied_is_followed_by_the_whole(
    live: Live, enrolled: Tablet, fetched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = publish_again(live)
    with open_session(live.settings) as session:
        newest = service.ensure(live.settings, session, CLOCK)
    installed = enrolled.app.store.packs.meta("taxa")
    assert installed is not None
    cached = service.difference_from(live.settings, installed.version, newest)
    assert cached is not None
    cached.write_bytes(cached.read_bytes()[:-20])
    assert enrolled.app.sync.sync() is True
    assert len(fetched) == 2 and fetched[0] == DIFFERENCE_TYPE != fetched[1]
    report = enrolled.app.sync.report
    assert report is not None and any("改为下载整个名录包" in words for words in report.warnings)
    now = enrolled.app.store.packs.meta("taxa")
    assert now is not None and now.version == version


def test_a_tablet_from_before_signing_pins_the_key_at_its_next_sync(live: Live, enrolled: Tablet) -> None:
    store = enrolled.app.store
    store.identity.keep(pack_key="")
    assert enrolled.app.sync.sync() is True
    assert store.identity.setting("pack_key") == pack_key(live.settings).public()


def test_another_key_of_the_server_is_not_believed(live: Live, enrolled: Tablet) -> None:
    before = enrolled.app.store.packs.meta("taxa")
    (live.settings.store_dir / "keys" / "pack_signing.pem").unlink()
    publish_again(live)
    assert enrolled.app.sync.sync() is False
    assert "签名不是登记时那台服务器的" in enrolled.app.sync.message and "重新登记" in enrolled.app.sync.message
    assert enrolled.app.store.packs.meta("taxa") == before


@pytest.fixture
def held(tmp_path: Path, server: Station) -> Iterator[Tablet]:
    with tablet(tmp_path / "data", server_url=server.url) as one:
        one.app.store.identity.keep(pack_key=key_of(tmp_path).public())
        yield one


@pytest.fixture
def server() -> Iterator[Station]:
    with station() as running:
        yield running


def test_refusals_are_told_in_the_report_and_the_installed_pack_stays(
    held: Tablet, server: Station, tmp_path: Path
) -> None:
    key, path = key_of(tmp_path), tmp_path / "pack"
    server.pack = make_pack(path, "2025-05-02.1", key.sign)
    assert held.app.sync.sync() is True
    spoilt = bytearray(make_pack(path, "2025-05-03.1", key.sign))
    spoilt[spoilt.index("穿山甲".encode())] ^= 4
    for offered, words in (
        (make_pack(path, "2025-05-03.1"), "签名不是"),
        (make_pack(path, "2025-05-03.1", key_of(tmp_path / "other").sign), "签名不是"),
        (make_pack(path, "2025-05-01.1", key.sign), "2025-05-01.1 比平板上的 2025-05-02.1 旧"),
        (bytes(spoilt), "名录包"),
        (b"SQLite format 3\x00" + bytes(5000), "无法读取"),
    ):
        server.pack = offered
        held.sighting()
        assert held.app.sync.sync() is False
        assert held.app.sync.report is not None and words in held.app.sync.report.problems[0]
        assert held.app.store.packs.species().version == "2025-05-02.1"
        assert held.app.store.outbox.waiting_count() == 0, "records do not wait for a list"


def test_a_server_that_signs_nothing_is_still_understood(tmp_path: Path) -> None:
    with station(pack=make_pack(tmp_path / "pack")) as old, tablet(tmp_path / "data", server_url=old.url) as one:
        assert one.app.sync.sync() is True
        assert one.app.store.packs.species().version == "2025-05-01.1"


def test_a_packed_file_that_is_spoilt_at_the_server_is_called_damaged(live: Live, enrolled: Tablet) -> None:
    path = enrolled.app.store.packs.path("taxa")
    assert path is not None
    path.write_bytes(b"spoilt")  # so that the whole file is asked for
    (packed,) = (live.settings.store_dir / "packs").glob("*.sqlite3.gz")
    content = bytearray(packed.read_bytes())
    content[len(content) // 2] ^= 4
    packed.write_bytes(content)
    assert enrolled.app.sync.sync() is False
    assert "服务器的回答不完整或已损坏" in enrolled.app.sync.message and "连接不上" not in enrolled.app.sync.message


def test_a_pack_that_was_spoilt_on_the_tablet_is_fetched_again(live: Live, enrolled: Tablet) -> None:
    path = enrolled.app.store.packs.path("taxa")
    assert path is not None
    path.write_bytes(b"spoilt")
    assert enrolled.app.sync.sync() is True
    assert enrolled.app.store.packs.species().exact("穿山甲") is not None


def test_a_pack_of_which_only_the_names_are_spoilt_is_fetched_again(live: Live, enrolled: Tablet) -> None:
    packs = enrolled.app.store.packs
    path = packs.path("taxa")
    assert path is not None
    with contextlib.closing(sqlite3.connect(path)) as pack:
        pack.execute("UPDATE name SET readings = 1 WHERE readings = ''")
        pack.commit()
    packs._index = None  # as after a restart
    assert len(packs.species()) == 0
    assert enrolled.app.sync.sync() is True
    assert packs.species().exact("穿山甲") is not None


def test_a_pack_of_the_same_version_with_other_content_is_replaced(
    live: Live, enrolled: Tablet, tmp_path: Path
) -> None:
    packs = enrolled.app.store.packs
    right = packs.meta("taxa")
    assert right is not None
    made = make(tmp_path / "other", SMALL, right.version, pack_key(live.settings))
    packs.install("taxa", (tmp_path / "other").read_bytes(), CLOCK.now())
    assert made.content_digest != right.content_digest
    assert enrolled.app.sync.sync() is True
    assert packs.meta("taxa") == right
