"""P1, P3: a record whose bytes changed on the tablet is never sent as another, holds up nothing, is named, and comes back from a copy."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from mobile.device.desktop_key import FileKey
from mobile.device.desktop_sealing import LibrarySealing
from mobile.rescue.writing import Tools, rescue
from shared.rescue_file import SCRAP, Reader
from tests.mobile.station import Station
from tests.mobile.tablets import Tablet


def bytes_of(held: Tablet, record_id: str) -> bytes:
    rows = held.app.store.database.rows("select canonical from record where record_id = ?", (record_id,))
    return bytes(rows[0]["canonical"])


def damage(held: Tablet, record_id: str, before: bytes, after: bytes) -> bytes:
    """One place of the card, below SQLite, which sees no difference. Returns what lies there now."""
    found = bytes_of(held, record_id)
    assert before in found and len(before) == len(after)
    held.app.close()
    path = held.app.store.database.path
    with sqlite3.connect(path) as settled:
        settled.execute("pragma wal_checkpoint(truncate)")
    settled.close()
    data = path.read_bytes()
    assert data.count(found) == 1
    path.write_bytes(data.replace(found, found.replace(before, after)))
    held.open()
    return found.replace(before, after)


@pytest.mark.parametrize("after", [b'"individual_count":9', b'"individual_count":}'], ids=["another", "no-json"])
def test_what_no_copy_has_is_named_kept_and_not_sent(held: Tablet, server: Station, after: bytes) -> None:
    before, ids = (
        b'"individual_count":7',
        [held.sighting("白鹭", 6), held.sighting("苍鹭", 7), held.sighting("白鹭", 8)],
    )
    scrap = damage(held, ids[1], before, after)
    assert held.app.sync.sync() is False, "not all is at the province"
    assert {one["id"] for one in server.records.values()} == {ids[0], ids[2]}, "neither it, nor nothing"
    said = "内容与保存时不一致（平板存储可能损坏），未发送"
    assert any(line.startswith("1 条：" + said) for line in held.app.sync.lines)
    assert any(words.startswith("平板上 1 条记录" + said) for words in held.app.sync.warnings)
    held.app.home.refresh()
    assert held.app.home.waiting_text == "待发送 1 条，照片 0 张"
    held.app.my_records.refresh()
    assert [row.title for row in held.app.my_records.rows] == ["白鹭 × 8", "记录已损坏", "白鹭 × 6"]
    held.app.record_detail.open(ids[1])
    assert held.app.record_detail.title == "记录已损坏" and not held.app.record_detail.can_amend
    assert held.app.sync.sync() is False and len(server.posted) == 1
    assert bytes_of(held, ids[1]) == scrap


def test_the_rescue_file_brings_its_bytes_marked(held: Tablet, tmp_path: Path) -> None:
    good, bad = held.sighting(), held.sighting("苍鹭", 7)
    scrap = damage(held, bad, b'"individual_count":7', b'"individual_count":9')
    key = FileKey(tmp_path / "data" / "device_key.pem", make=True)
    done = rescue(tmp_path / "data", tmp_path, Tools(key, LibrarySealing(), held.clock.now), in_clear=True)
    assert (done.records, done.scraps) == (1, 1) and done.path is not None
    assert done.unread == [f"记录 {bad} 的内容与其摘要不符：原样另存"]
    with done.path.open("rb") as file:
        pieces = [piece for piece in Reader(file).pieces(lambda _bound, frame: frame) if piece.about]
    told = {piece.about["name"]: piece.data for piece in pieces if piece.about and piece.about["kind"] == SCRAP}
    assert [data for name, data in told.items() if bad in name] == [scrap]
    assert good in str(pieces[0].data)


def test_it_comes_back_by_itself_from_a_copy(held: Tablet, server: Station) -> None:
    ids = [held.sighting("白鹭", 6), held.sighting("苍鹭", 7)]
    held.app.store.copies.daily(held.clock.now())
    whole = bytes_of(held, ids[1])
    damage(held, ids[1], b'"individual_count":7', b'"individual_count":9')
    assert bytes_of(held, ids[1]) != whole
    assert held.app.sync.sync() is True
    assert bytes_of(held, ids[1]) == whole
    assert {one["body"]["individual_count"] for one in server.records.values()} == {6, 7}
    with pytest.raises(sqlite3.IntegrityError, match="final"):
        held.app.store.database.connection().execute("update record set kind = 'event'")


def test_no_copy_is_made_of_damage_that_an_older_copy_can_mend(held: Tablet) -> None:
    bad = held.sighting("苍鹭", 7)
    held.app.store.copies.daily(held.clock.now())
    whole = bytes_of(held, bad)
    damage(held, bad, b'"individual_count":7', b'"individual_count":9')
    for day in range(1, 5):
        held.app.store.copies.daily(held.clock.now() + timedelta(days=2 * day))
    assert bytes_of(held, bad) == whole
