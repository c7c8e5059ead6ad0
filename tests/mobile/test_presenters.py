"""Presenters: state that a window can show, bells that ring, words that are true."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mobile.device.ports import Fix
from mobile.presenters.position import PositionPresenter
from mobile.wiring import build
from shared.coordinates import to_e7
from tests.mobile.station import make_pack, station
from tests.mobile.tablets import DAWN, Tablet, tablet
from tests.mobile.test_photos import jpeg


@pytest.fixture
def held(tmp_path: Path) -> Any:
    with tablet(tmp_path / "data", tmp_path) as one:
        one.app.store.packs.install("taxa", make_pack(tmp_path / "taxa.sqlite3"), DAWN)
        yield one


def test_bells_ring_after_each_change_until_unsubscribed(held: Tablet) -> None:
    rung: list[Any] = []
    stop = held.app.record.subscribe(rung.append)
    held.app.record.open()
    held.app.record.set_count(3)
    assert rung and all(one is held.app.record for one in rung)
    assert held.app.record.count == 3
    stop()
    stop()
    before = len(rung)
    held.app.record.set_count(4)
    assert len(rung) == before


def test_the_shortest_way_is_three_touches(held: Tablet) -> None:
    held.sighting("苍鹭")
    held.sighting("穿山甲")
    record = held.app.record
    record.open()  # 1: the tile
    assert [species.name_zh for species in record.picker.results] == ["穿山甲", "苍鹭"]
    record.choose(record.picker.results[0].key)  # 2: the row
    assert (record.count, record.chosen_text, record.can_confirm) == (1, "穿山甲 国家一级", True)
    assert record.confirm()  # 3: save
    assert not record.is_open


def test_the_keypad_narrows_and_widens(held: Tablet) -> None:
    picker = held.app.record.picker
    held.app.record.open()
    assert picker.pack_text == "名录 2025-05-01.1，7 种"
    for letter in "BL":
        picker.type_letter(letter)
    assert [species.name_zh for species in picker.results] == ["白鹭"] and picker.query == "bl"
    picker.backspace()
    assert [species.name_zh for species in picker.results] == ["白鹭", "棒花鱼"]
    picker.clear()
    assert picker.query == "" and picker.results == picker.recent


def test_photo_first_name_later(held: Tablet, tmp_path: Path) -> None:
    (tmp_path / "IMG_1.jpg").write_bytes(jpeg())
    photo = held.app.photo
    photo.open()
    assert photo.choices == ("IMG_1.jpg",) and photo.latest is None
    assert photo.take() and photo.latest is not None and photo.latest.file_name == "IMG_1.jpg"
    assert photo.confirm_unidentified() and photo.message == "已保存"
    held.app.my_records.refresh()
    row = held.app.my_records.rows[0]
    assert row.title == "待鉴定 × 1" and row.photo_path is not None and Path(row.photo_path).read_bytes() == jpeg()
    assert held.app.store.media.waiting_count() == 1


def test_a_photo_can_be_taken_off_again(held: Tablet, tmp_path: Path) -> None:
    (tmp_path / "IMG_1.jpg").write_bytes(jpeg())
    held.app.photo.open()
    held.app.photo.take("IMG_1.jpg")
    held.app.photo.remove(held.app.photo.photos[0].sha256)
    assert held.app.photo.photos == ()
    held.app.record.choose_name("白鹭")
    held.app.record.confirm()
    assert held.app.store.media.waiting_count() == 0


def test_home_says_how_things_stand(held: Tablet) -> None:
    home = held.app.home
    home.refresh()
    assert home.enrolled and home.person_name == "测试员" and home.survey_title == "测试调查"
    assert {tile.screen for tile in home.tiles} == {
        "record",
        "photo",
        "patrol",
        "transect",
        "invasive",
        "my_records",
        "sync",
    }
    assert home.waiting_text == "全部已送达"
    held.sighting()
    held.storage.free = 200_000_000
    home.refresh()
    assert (home.waiting_text, home.storage_low) == ("待发送 1 条，照片 0 张", True)
    home.choose_survey("nothing")
    assert home.message_level == "error"


def test_time_goes_on_while_no_position_comes_in(held: Tablet) -> None:
    held.app.patrol.start("线路")
    held.app.transect.start("样线")
    held.wait(3725)
    held.app.tick()
    assert (held.app.patrol.elapsed_text, held.app.transect.elapsed_text) == ("1:02", "62 分钟")


def test_my_records_filter_and_page(held: Tablet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mobile.presenters.my_records.PAGE", 2)
    for name in ("白鹭", "苍鹭", "穿山甲"):
        held.sighting(name)
    mine = held.app.my_records
    held.app.record.open()
    held.app.record.choose_name("棒花鱼")
    mine.set_filter("all")
    assert [row.title for row in mine.rows] == ["棒花鱼", "穿山甲 × 1", "苍鹭 × 1"] and mine.has_more
    mine.more()
    assert len(mine.rows) == 4 and not mine.has_more
    mine.set_filter("draft")
    assert [row.state_name for row in mine.rows] == ["草稿"]
    mine.set_filter("waiting")
    assert [row.state_name for row in mine.rows] == ["待发送", "待发送"] and mine.counts == {"waiting": 3}
    held.app.record_detail.open(mine.rows[0].record_id)
    assert held.app.record_detail.withdraw() and held.app.record_detail.state == "withdrawn"
    mine.set_filter("withdrawn")
    assert [row.title for row in mine.rows] == ["穿山甲 × 1"]


def fix(held: Tablet, lat: float, accuracy_m: float | None, age_s: float = 0) -> Fix:
    return Fix(to_e7(lat), to_e7(112.9), accuracy_m, held.clock.now() - timedelta(seconds=age_s))


def test_the_best_recent_position_wins_only_where_nobody_moved(held: Tablet) -> None:
    position = PositionPresenter(held.clock)
    assert (position.fix, position.quality, position.text) == (None, "none", "正在定位…")
    position.receive([fix(held, 25.0, 4, 5), fix(held, 25.00001, 30)])
    assert position.accuracy_m == 4 and position.text == "定位 ±4 米" and position.quality == "good"
    position.receive([fix(held, 25.01, 40)])
    assert position.latitude == 25.01 and position.quality == "poor"
    held.wait(600)
    position.receive([])
    assert position.fix is None and position.text == "定位中断，最后一次在 10 分钟前"
    position.receive([fix(held, 25.0, None)])
    assert position.text == "已定位（精度未知）"


def test_a_sync_in_the_background_rings_on_the_windows_thread(tmp_path: Path) -> None:
    later: list[Any] = []
    posted: list[Any] = []
    with station() as server, tablet(tmp_path, server_url=server.url, enrolled=False) as held:
        app = build(tmp_path, held.device, runner=later.append, post=posted.append)
        app.session._sleep = lambda _: None
        assert app.sync.enrol("GOOD-CODE", "平板") is None and app.sync.running
        assert app.sync.sync() is None, "one at a time"
        later.pop()()
        assert not app.sync.running and app.sync.enrolled
        assert posted, "bells go through post"
        rung: list[Any] = []
        app.sync.subscribe(rung.append)
        posted.pop()()
        assert rung == [app.sync]
        app.close()


def test_the_sync_screen_speaks(held: Tablet) -> None:
    sync = held.app.sync
    held.sighting()
    sync.refresh()
    assert sync.lines[:2] == (
        "平板上共 1 条记录，服务器已收到 0 条，照片已送达 0 张",
        f"还有 1 条记录、0 张照片等待发送；下次自动尝试 {held.clock.now():%m月%d日 %H:%M}",
    )
    assert sync.sync() is False and sync.message == "尚未设置服务器地址"
    sync.set_server("http://127.0.0.1:9/ ")
    assert sync.server_url == "http://127.0.0.1:9"
    offline = replace(held.device, network=Offline())
    app = build(held.app.store.database.path.parent, offline)
    assert app.sync.sync() is False and app.sync.message.startswith("没有网络")
    app.close()


class Offline:
    def online(self) -> bool:
        return False

    def metered(self) -> bool:
        return False
