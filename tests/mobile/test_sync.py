"""Sync over real HTTP with a server that misbehaves: nothing lost, nothing believed without a matching receipt."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.mobile.station import Station, closed_port, make_pack, station
from tests.mobile.tablets import Tablet, tablet
from tests.mobile.test_photos import jpeg


@pytest.fixture
def server() -> Any:
    with station(epoch="e1") as one:
        yield one


@pytest.fixture
def held(tmp_path: Path, server: Station) -> Any:
    with tablet(tmp_path / "data", tmp_path / "photos", server.url) as one:
        yield one


def tablet_set(held: Tablet) -> set[tuple[str, str]]:
    return {
        (row["record_id"], row["digest"])
        for row in held.app.store.database.rows("select record_id, digest from record")
    }


def waiting(held: Tablet) -> int:
    return held.app.store.outbox.waiting_count()


def big_photo(tmp_path: Path, name: str = "big.jpg", size: int = 700_000) -> bytes:
    (tmp_path / "photos").mkdir(exist_ok=True)
    data = jpeg()[:-2] + bytes(range(256)) * (size // 256) + b"\xff\xd9"
    (tmp_path / "photos" / name).write_bytes(data)
    return data


def photographed(held: Tablet, name: str) -> None:
    record = held.app.record
    record.open(fresh=True)
    assert record.take_photo(name), record.message
    record.choose_unknown()
    assert record.confirm()


def test_enrolment_brings_person_surveys_and_species(tmp_path: Path) -> None:
    pack = make_pack(tmp_path / "taxa.sqlite3")
    with station(pack=pack) as server, tablet(tmp_path / "data", server_url=server.url, enrolled=False) as held:
        sync = held.app.sync
        assert sync.enrol("") is False and sync.message == "请输入登记码"
        assert sync.enrol("WRONG") is False and "登记码已经用过、已过期" in sync.message
        assert not sync.enrolled
        assert sync.enrol(" GOOD-CODE ", "一号平板") is True and sync.message == "登记成功"
        assert (sync.person_name, sync.device_name) == ("测试员", "一号平板")
        assert held.app.home.survey_title != "测试调查"
        held.app.home.refresh()
        assert held.app.home.survey_title == "测试调查"
        held.app.record.open()
        held.app.record.picker.search("csj")
        assert held.app.record.picker.results[0].name_zh == "穿山甲"
        assert held.app.store.packs.digest("taxa") == hashlib.sha256(pack).hexdigest()
        held.sighting("穿山甲")
        assert sync.sync() is True
        assert server.pack_asked == 1, "an unchanged pack is not fetched again"


def test_250_records_go_in_three_batches_parents_first(held: Tablet, server: Station) -> None:
    for number in range(248):
        held.sighting(count=number + 1)
    held.app.transect.start("样线", [])
    held.app.transect.add_species(held.app.transect.picker.by_name("白鹭"), 2)
    held.app.transect.end()
    assert held.app.sync.sync() is True
    assert [len(batch) for batch in server.posted] == [100, 100, 50]
    assert server.records[next(iter(server.records))]["kind"] == "event"
    assert set(server.records) == tablet_set(held)
    assert held.app.sync.report is not None and held.app.sync.report.receipts["accepted"] == 250
    assert held.app.sync.sync() is True and len(server.posted) == 3, "nothing is sent twice"


def test_the_servers_bytes_are_the_tablets_bytes(held: Tablet, server: Station) -> None:
    held.sighting("蛇𬶋 é")
    held.app.sync.sync()
    (received,) = server.records.values()
    kept = held.app.store.outbox.newest_version(received["id"])
    assert kept is not None and received == kept.record


def test_a_captive_portal_is_no_receipt(held: Tablet, server: Station, tmp_path: Path) -> None:
    big_photo(tmp_path)
    photographed(held, "big.jpg")
    server.portal = True
    assert held.app.sync.sync() is False
    assert "可能需要先登录无线网络" in held.app.sync.message
    assert (waiting(held), held.app.store.media.waiting_count()) == (2, 1)
    server.portal = False
    server.without_header = True
    assert held.app.sync.sync() is False and waiting(held) == 2
    server.without_header = False
    assert held.app.sync.sync() is True and waiting(held) == 0


@pytest.mark.parametrize("fails", [False, True], ids=["gateway", "server"])
def test_a_record_that_nobody_lets_through_holds_up_no_other(
    held: Tablet, server: Station, tmp_path: Path, fails: bool
) -> None:
    """P6: it is named and waits; the other records, photos and news go on, and it goes too once it is let through."""
    ids = [held.sighting(count=number) for number in range(60, 70)]
    big_photo(tmp_path)
    photographed(held, "big.jpg")
    server.filtered, server.fails = b'"individual_count":66', fails
    assert held.app.sync.sync() is False
    assert {one["id"] for one in server.records.values()} == {one for one, _ in tablet_set(held)} - {ids[6]}
    assert (waiting(held), held.app.store.media.waiting_count()) == (1, 0)
    [problem] = held.app.sync.problems
    assert ids[6] in problem and "其余照常发送" in problem
    server.filtered = b'"records"'
    held.sighting()
    assert held.app.sync.sync() is False and waiting(held) == 2
    assert ("服务器未接受（500）" if fails else "可能需要先登录无线网络") in held.app.sync.message, (
        "where nothing gets through it is no record"
    )
    server.filtered = b""
    assert held.app.sync.sync() is True and set(server.records) == tablet_set(held)


def test_a_connection_cut_in_a_batch_loses_and_doubles_nothing(held: Tablet, server: Station) -> None:
    for _ in range(150):
        held.sighting()
    server.cut_after_keeping = 1
    assert held.app.sync.sync() is True
    assert held.app.sync.report is not None
    assert held.app.sync.report.receipts["already_have"] == 100 and held.app.sync.report.receipts["accepted"] == 50
    assert set(server.records) == tablet_set(held)


def test_a_server_that_stays_away_is_named_and_everything_waits(held: Tablet, server: Station) -> None:
    held.sighting()
    server.cut_batches = 99
    assert held.app.sync.sync() is False
    assert "连接不上服务器" in held.app.sync.message
    assert waiting(held) == 1
    row = held.app.store.database.rows("select attempts, next_try_at, last_reason from outbox")[0]
    assert row["attempts"] == 3 and row["next_try_at"] > "2025-05-20T07:30" and "连接不上" in row["last_reason"]
    assert "连接不上" in " ".join(held.app.sync.lines)
    server.cut_batches = 0
    held.app.session.run(by_hand=False)
    assert waiting(held) == 1, "without a hand, the pause is kept"
    held.wait(3600)
    held.app.session.run(by_hand=False)
    assert waiting(held) == 0


def test_nobody_answers(held: Tablet) -> None:
    held.app.store.identity.keep(server_url=(nobody := closed_port()), credential_for=nobody)
    held.sighting()
    assert held.app.sync.sync() is False and "连接不上服务器" in held.app.sync.message and waiting(held) == 1
    before = held.app.sync.server_url
    held.app.sync.set_server("not an address")
    assert "服务器地址无效" in held.app.sync.message and held.app.sync.server_url == before


def test_a_receipt_with_another_digest_frees_nothing(held: Tablet, server: Station) -> None:
    held.sighting()
    server.wrong_digest = True
    assert held.app.sync.sync() is False
    assert waiting(held) == 1 and "相符的收据" in held.app.sync.message
    assert held.app.store.database.count("select count(*) from receipt") == 0


def test_a_quarantined_record_is_kept_shown_and_not_sent_for_ever(held: Tablet, server: Station) -> None:
    """P10: in words that say what to do; a sync by hand offers it once more, as it may have been mended at the province."""
    held.sighting()
    server.quarantine = True
    words = "服务器未接受（位置）：内容不符合要求，请核对后撤回重填"
    assert held.app.sync.sync() is False and f"1 条记录{words}" in held.app.sync.message
    held.app.my_records.set_filter("quarantined")
    assert len(held.app.my_records.rows) == 1 and words in held.app.my_records.rows[0].reason
    held.app.session.run(by_hand=False)
    assert len(server.posted) == 1, "not without a hand"
    assert held.app.sync.sync() is False and held.app.sync.message != "同步完成", "it is not at the province"
    assert (held.app.sync.on_tablet, held.app.sync.at_server, held.app.sync.standing.quarantined) == (1, 0, 1)
    assert any(line.startswith("1 条记录服务器未收下") for line in held.app.sync.lines)
    assert "1 条：" + held.app.my_records.rows[0].reason in held.app.sync.lines
    home = held.app.home
    home.refresh()
    assert (home.waiting_text, home.all_delivered) == ("服务器未收下 1 条", False), (
        "home says no more than the sync does"
    )
    held.sighting()
    home.refresh()
    assert home.waiting_text == "待发送 1 条，照片 0 张；服务器未收下 1 条"
    assert len(server.posted) == 2
    assert held.app.store.database.count("select count(*) from receipt where frees") == 0
    server.quarantine = False
    assert held.app.sync.sync() is True and held.app.sync.at_server == 2


def test_receipts_for_half_of_a_batch(held: Tablet, server: Station) -> None:
    for _ in range(10):
        held.sighting()
    server.lose_half = True
    assert held.app.sync.sync() is False and waiting(held) == 5
    server.lose_half = False
    assert held.app.sync.sync() is True and set(server.records) == tablet_set(held)


def test_a_revoked_tablet_is_told_so(held: Tablet, server: Station) -> None:
    held.sighting()
    server.revoked = server.without_header = True
    assert held.app.sync.sync() is False and not held.app.sync.refused, "what a gateway says of a credential is nothing"
    server.without_header = False
    assert held.app.sync.sync() is False and "401" in held.app.sync.message and waiting(held) == 1
    assert held.app.sync.refused


def test_a_restored_server_is_offered_everything_again(held: Tablet, server: Station, tmp_path: Path) -> None:
    data = big_photo(tmp_path)
    photographed(held, "big.jpg")
    held.sighting()
    held.app.sync.sync()
    server.epoch, server.records, server.photos, server.uploads = "e2", {}, {}, {}
    assert held.app.sync.sync() is True
    assert set(server.records) == tablet_set(held) and list(server.photos.values()) == [data]
    assert held.app.store.identity.current().server_epoch == "e2"
    posted = len(server.posted)
    held.app.sync.sync()
    assert len(server.posted) == posted


def test_a_clock_a_year_off_is_told_and_nothing_is_redated(held: Tablet, server: Station) -> None:
    held.clock.set(held.clock.now() - timedelta(days=400))
    record_id = held.sighting()
    before = held.app.store.outbox.newest_version(record_id)
    assert held.app.sync.sync() is True
    assert held.app.sync.report is not None and "平板时钟比服务器慢" in held.app.sync.report.warnings[0]
    assert "天" in held.app.sync.clock_text and "不会改动" in held.app.sync.clock_text
    after = held.app.store.outbox.newest_version(record_id)
    assert before is not None and after is not None and before.record == after.record
    assert before.record["saved_at"]["wall"].startswith("2024-04-15")
    held.clock.release()
    held.app.sync.sync()
    assert held.app.sync.clock_text == ""


def test_a_photo_arrives_in_pieces_and_resumes_where_it_broke(held: Tablet, server: Station, tmp_path: Path) -> None:
    data = big_photo(tmp_path)
    photographed(held, "big.jpg")
    server.cut_patches = 1
    assert held.app.sync.sync() is True
    assert list(server.photos) == [hashlib.sha256(data).hexdigest()] and list(server.photos.values()) == [data]
    half = 256 * 1024 // 2
    assert server.patches == [
        (0, 262144),
        (half, 262144),
        (half + 262144, 262144),
        (half + 524288, len(data) - half - 524288),
    ]
    assert len(server.uploads) == 1, "resumed, not begun anew"
    assert held.app.store.media.held_count() == 1
    sent = sum(size for _, size in server.patches)
    assert sent <= len(data) + 262144


def test_a_photo_spoiled_on_the_way_is_sent_anew(held: Tablet, server: Station, tmp_path: Path) -> None:
    data = big_photo(tmp_path)
    photographed(held, "big.jpg")
    server.spoil_photos = 1
    assert held.app.sync.sync() is True and list(server.photos.values()) == [data]
    server.spoil_photos = 99
    big_photo(tmp_path, "second.jpg", 3000)
    photographed(held, "second.jpg")
    assert held.app.sync.sync() is False and "second.jpg" in held.app.sync.message
    assert held.app.store.media.waiting_count() == 1


def test_the_same_photo_of_two_sightings_travels_once(held: Tablet, server: Station, tmp_path: Path) -> None:
    big_photo(tmp_path)
    photographed(held, "big.jpg")
    photographed(held, "big.jpg")
    assert held.app.sync.sync() is True
    assert len(server.uploads) == 1 and sum(r["kind"] == "media" for r in server.records.values()) == 2


def test_a_photo_damaged_on_the_tablet_is_not_sent_and_does_not_block(
    held: Tablet, server: Station, tmp_path: Path
) -> None:
    for name in ("a.jpg", "b.jpg"):
        big_photo(tmp_path, name, 3000 if name == "a.jpg" else 5000)
        photographed(held, name)
    damaged = held.app.store.media.due(held.clock.now(), True)[0]
    damaged.path.write_bytes(b"rotten")
    assert held.app.sync.sync() is False and "与保存时不一致" in held.app.sync.message
    assert len(server.photos) == 1 and damaged.sha256 not in server.photos


def test_changes_are_pulled_behind_a_cursor(held: Tablet, server: Station) -> None:
    record_id = held.sighting()
    server.changes = [
        {"change_no": 7, "record_id": record_id, "kind": "occurrence", "state": "conflict", "head_digest": "0" * 64}
    ]
    assert held.app.sync.sync() is True
    assert held.app.store.pulled.cursor() == 7
    held.app.my_records.set_filter("conflict")
    assert [row.record_id for row in held.app.my_records.rows] == [record_id]


def test_the_credential_goes_to_our_server_only(
    held: Tablet, server: Station, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", closed_port())
    monkeypatch.setenv("http_proxy", closed_port())
    held.sighting()
    assert held.app.sync.sync() is True, "no proxy of the machine stands between"
    big_photo(tmp_path)
    photographed(held, "big.jpg")
    with station() as stranger:
        held.app.store.media.uploading(
            held.app.store.media.due(held.clock.now(), True)[0].sha256, f"{stranger.url}/v1/uploads/x"
        )
        assert held.app.sync.sync() is True
        assert (stranger.posted, stranger.patches, stranger.heads) == ([], [], 0)
    assert len(server.photos) == 1


def test_a_pack_that_does_not_match_is_not_installed(tmp_path: Path) -> None:
    with station(pack=b"rubbish") as server, tablet(tmp_path, server_url=server.url) as held:
        held.sighting()
        assert held.app.sync.sync() is False and "名录包无法读取" in held.app.sync.message
        assert held.app.store.packs.digest("taxa") is None
        assert waiting(held) == 0, "records do not wait for a list"


def test_the_report_is_json(held: Tablet) -> None:
    held.sighting()
    held.app.sync.sync()
    assert held.app.sync.report is not None
    told = json.loads(json.dumps(held.app.sync.report.as_json()))
    assert told["sent"] == 1 and told["receipts"] == {"accepted": 1, "already_have": 0, "conflict": 0, "quarantined": 0}


def test_batches_grow_smaller_on_a_line_that_breaks_and_larger_once_it_holds(tmp_path: Path) -> None:
    """P10: what is cut is sent again, so the less at once the better; nothing is lost or sent twice for it."""
    with station() as server, tablet(tmp_path, server_url=server.url) as held:
        for _ in range(160):
            held.sighting()
        server.cut_batches = 2
        assert held.app.sync.sync(), held.app.sync.message
        assert [len(ids) for ids in server.posted] == [25, 50, 85]
        assert len(server.records) == 160


def test_a_line_that_drops_after_each_batch_still_brings_everything_over_in_one_sync(
    held: Tablet, server: Station
) -> None:
    """T8: tries are counted since the last thing that came through; a line that gives nothing is given up as before."""
    for _ in range(130):
        held.sighting()
    server.cut_every_other, pauses = True, []
    held.app.session._sleep = pauses.append
    assert held.app.sync.sync() is True, held.app.sync.message
    assert len(server.records) == 130 and len(pauses) > 2 and set(pauses) == {0.5}
    held.sighting()
    server.cut_every_other, server.cut_batches, pauses[:] = False, 99, []
    assert held.app.sync.sync() is False and pauses == [0.5, 1.5]


def test_records_are_counted_once_whatever_their_versions(held: Tablet, server: Station) -> None:
    """The screen counts what a person recorded, neither versions nor withdrawals; one is at the province with all of them only."""
    held.sighting()
    assert held.app.sync.sync() is True
    held.sighting()
    assert held.app.record.undo(), held.app.record.message
    held.app.sync.refresh()
    sync, store = held.app.sync, held.app.store
    assert store.outbox.total() == 3
    assert (sync.on_tablet, sync.at_server, sync.waiting_records) == (2, 1, 1)
    server.cut_batches = 99
    assert sync.sync() is False
    assert any("下次自动尝试" in line for line in sync.lines), sync.lines
    server.cut_batches = 0
    assert sync.sync() is True and (sync.on_tablet, sync.at_server, sync.waiting_records) == (2, 2, 0)
