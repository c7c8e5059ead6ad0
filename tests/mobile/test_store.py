"""What is saved cannot be lost, and nothing goes without a receipt for exactly its bytes."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from mobile.device.desktop_folder import FileKeystore
from mobile.store import durable
from mobile.store.database import Database, StoreFailure, upgrade
from mobile.store.delivery import LONGEST_PAUSE, Receipt, next_try, pauses
from mobile.store.store import Store
from shared.canonical import digest
from tests.mobile.tablets import DAWN, tablet

SAVER = """
import sys
from pathlib import Path
from tests.mobile.tablets import tablet
with tablet(Path(sys.argv[1]), durable=True) as held:
    for number in range(100000):
        print(held.sighting(count=number % 9 + 1), flush=True)
"""
KILLS = 8


def test_a_killed_app_loses_nothing_that_it_called_saved(tmp_path: Path) -> None:
    chance = random.Random(7)
    acknowledged: list[str] = []
    for _ in range(KILLS):
        saver = subprocess.Popen([sys.executable, "-c", SAVER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert saver.stdout is not None
        acknowledged.append(saver.stdout.readline().strip())
        time.sleep(chance.uniform(0.02, 0.15))
        os.kill(saver.pid, signal.SIGKILL)
        lines = saver.stdout.read().split("\n")
        acknowledged += [line for line in lines[:-1] if line]  # the last line may be half written
        saver.wait()
        saver.stdout.close()
    with tablet(tmp_path, enrolled=False) as held:
        rows = held.app.store.database.rows("select record_id, seq from record order by seq")
        kept = {row["record_id"] for row in rows}
        assert len(acknowledged) >= KILLS
        assert set(acknowledged) - kept == set()
        assert len(set(acknowledged)) == len(acknowledged)
        assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
        assert held.app.store.database.rows("pragma integrity_check")[0][0] == "ok"
        assert held.app.store.outbox.waiting_count() == len(rows)


def test_synchronous_is_full_and_the_log_is_ahead(tmp_path: Path) -> None:
    database = Database(tmp_path / "field.sqlite3")
    assert database.count("pragma synchronous") == 2
    assert database.rows("pragma journal_mode")[0][0] == "wal"
    database.close()


def test_a_record_is_final_and_stays_until_a_receipt_frees_it(tmp_path: Path) -> None:
    with tablet(tmp_path) as held:
        record_id = held.sighting()
        store = held.app.store
        kept = store.outbox.newest_version(record_id)
        assert kept is not None and digest(kept.record) == kept.digest
        connection = store.database.connection()
        with pytest.raises(sqlite3.IntegrityError, match="final"):
            connection.execute("update record set kind = 'event'")
        for outcome, mark, holder in (
            ("accepted", "0" * 64, "hunan"),
            ("quarantined", kept.digest, "hunan"),
            ("accepted", kept.digest, "a relay"),
        ):
            store.deliveries.answered([Receipt(record_id, mark, outcome, holder, "e1", "")], "hunan", DAWN)
            connection.execute("pragma foreign_keys = off")
            with pytest.raises(sqlite3.IntegrityError, match="no receipt"):
                connection.execute("delete from record")
        store.deliveries.answered([Receipt(record_id, kept.digest, "accepted", "hunan", "e1", "")], "hunan", DAWN)
        connection.execute("delete from record")


def test_receipts_cannot_be_rewritten(tmp_path: Path) -> None:
    with tablet(tmp_path) as held:
        record_id = held.sighting()
        held.app.store.deliveries.answered([Receipt(record_id, "0" * 64, "accepted", "hunan", "e1", "")], "hunan", DAWN)
        for sql in ("update receipt set outcome = 'accepted'", "delete from receipt"):
            with pytest.raises(sqlite3.IntegrityError, match="final"):
                held.app.store.database.connection().execute(sql)


def test_a_draft_is_kept_field_by_field(tmp_path: Path) -> None:
    with tablet(tmp_path) as held:
        record = held.app.record
        record.open()
        record.choose_name("白鹭")
        record.set_count(7)
        record.set_remarks("岸边")
        record = held.restart().record
        record.open()
        assert (record.chosen_text, record.count, record.remarks) == ("白鹭", 7, "岸边")
        assert record.confirm()
        assert held.app.store.drafts.all() == []


def test_one_act_is_one_transaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tablet(tmp_path) as held:
        transect = held.app.transect
        assert transect.start("样线", [transect.picker.by_name("白鹭")])
        monkeypatch.setattr(held.app.store.drafts, "close", _break)
        assert not transect.end() and "power" in transect.message
        assert held.app.store.outbox.total() == 0
        monkeypatch.undo()
        assert transect.end()
        assert held.app.store.outbox.total() == 2


def _break(*_: object) -> None:
    raise OSError("power")


def test_pauses_grow_but_a_jumped_clock_holds_nothing_back() -> None:
    for attempts in range(20):
        assert pauses(next_try(attempts, DAWN), DAWN)
        assert not pauses(next_try(attempts, DAWN), DAWN + LONGEST_PAUSE)
    assert not pauses(next_try(9, DAWN + timedelta(days=365)), DAWN)


def test_a_newer_database_is_refused_politely_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "field.sqlite3"
    Database(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("pragma user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreFailure, match="更新版本"):
        Database(path)
    assert path.read_bytes() == before


def test_an_upgrade_keeps_a_copy_and_all_rows(tmp_path: Path) -> None:
    folder = tmp_path / "upgrades"
    folder.mkdir()
    (folder / "0001_first.sql").write_text("create table a (x);")
    path = tmp_path / "old.sqlite3"
    connection = sqlite3.connect(path, isolation_level=None)
    upgrade(connection, path, folder)
    connection.execute("insert into a values (42)")
    (folder / "0002_more.sql").write_text("alter table a add column y default 'new';")
    upgrade(connection, path, folder)
    upgrade(connection, path, folder)
    assert connection.execute("select * from a").fetchall() == [(42, "new")]
    copy = sqlite3.connect(tmp_path / "old.before2.sqlite3")
    assert copy.execute("select * from a").fetchall() == [(42,)]
    copy.close()
    assert sorted(file.name for file in tmp_path.glob("*.part")) == []
    (folder / "0003_bad.sql").write_text("create table b (x); create table a (x);")
    with pytest.raises(sqlite3.OperationalError):
        upgrade(connection, path, folder)
    connection.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("insert into a values (43, 'later')")
    (folder / "0003_bad.sql").write_text("create table b (x); insert into b values ('a;b'); -- one; more")
    upgrade(connection, path, folder)
    before = sqlite3.connect(tmp_path / "old.before3.sqlite3")
    assert before.execute("select x from a").fetchall() == [(42,)], "the copy of the start that was cut stays"
    before.close()
    connection.execute("pragma user_version = 2")
    connection.execute("drop table b")
    (folder / "0003_bad.sql").write_text("create table b (x); create table a (x);")
    with pytest.raises(sqlite3.OperationalError):
        upgrade(connection, path, folder)
    connection.close()
    connection = sqlite3.connect(path)
    assert connection.execute("pragma user_version").fetchone() == (2,)
    assert connection.execute("select name from sqlite_master where name = 'b'").fetchall() == []
    connection.close()


def test_no_upgrade_without_room_for_the_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """T12: refused in words, and nothing is changed."""
    folder = tmp_path / "upgrades"
    folder.mkdir()
    (folder / "0001_first.sql").write_text("create table a (x);")
    path = tmp_path / "old.sqlite3"
    connection = sqlite3.connect(path, isolation_level=None)
    upgrade(connection, path, folder)
    (folder / "0002_more.sql").write_text("create table b (x);")
    monkeypatch.setattr(durable, "SPARE_BYTES", 10**18)
    with pytest.raises(StoreFailure, match="存储空间不足"):
        upgrade(connection, path, folder)
    assert connection.execute("pragma user_version").fetchone() == (1,)
    monkeypatch.undo()
    upgrade(connection, path, folder)
    connection.close()


def test_the_store_is_copied_once_a_day_and_three_copies_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P1: a store that rots has a sound copy beside it, at most a day old; why there is none is said."""
    with tablet(tmp_path) as held:
        assert held.restart().store.copies.listed() == [], "nothing to copy yet"
        for number in range(1, 6):
            held.sighting()
            for _ in range(2):
                held.restart()
            held.wait(86400 if number % 2 else -2 * 86400)  # whatever the clock says, the last copy is the last
        copies = held.app.store.copies.listed()
        assert [copy.name for copy in copies] == [f"field.daily{number:06}.sqlite3" for number in (3, 4, 5)]
        newest = sqlite3.connect(copies[-1])
        assert newest.execute("select count(*) from record").fetchone() == (5,)
        newest.close()
        monkeypatch.setattr(durable, "SPARE_BYTES", 10**18)
        held.restart().sync.refresh()
        assert "存储空间不足" in "".join(held.app.sync.lines)
        monkeypatch.undo()
        held.restart().sync.refresh()
        assert "存储空间不足" not in "".join(held.app.sync.lines) and len(held.app.store.copies.listed()) == 3


def test_a_data_folder_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    (tmp_path / "field.sqlite3").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreFailure, match="无法使用数据文件夹"):
        Store(tmp_path, FileKeystore(tmp_path / "keys.json"))
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFailure, match="无法使用数据文件夹"):
        Store(tmp_path / "file" / "data", FileKeystore(tmp_path / "keys.json"))


def test_saving_is_refused_in_words_when_storage_ends(tmp_path: Path) -> None:
    with tablet(tmp_path) as held:
        record = held.app.record
        record.open()
        record.choose_name("白鹭")
        held.storage.free = 10_000_000
        assert not record.confirm()
        assert "存储空间不足" in record.message and record.message_level == "error"
        held.storage.free = 10_000_000_000
        assert record.confirm()


def test_a_full_database_refuses_in_words_and_harms_nothing(tmp_path: Path) -> None:
    with tablet(tmp_path) as held:
        first = held.sighting()
        record = held.app.record
        record.open()
        record.choose_name("白鹭")
        connection = held.app.store.database.connection()
        connection.execute("pragma wal_checkpoint(truncate)")
        connection.execute(f"pragma max_page_count = {connection.execute('pragma page_count').fetchone()[0]}")
        for _ in range(200):
            refused = not (record.set_remarks("字" * 900) and record.confirm())
            if refused:
                break
            record.open()
            record.choose_name("白鹭")
        assert refused and "未能写入平板存储" in record.message
        record.open(fresh=True)
        saved = held.app.store.outbox.total()
        connection.execute("pragma max_page_count = 1000000")
        assert record.choose_name("白鹭") and record.confirm()
        assert held.app.store.outbox.total() == saved + 1 and held.app.store.outbox.newest_version(first) is not None
        assert connection.execute("pragma integrity_check").fetchone()[0] == "ok"


def test_the_credential_lies_outside_the_database_for_its_owner_only(tmp_path: Path) -> None:
    with tablet(tmp_path) as held:
        held.app.store.identity.enrol("canary-credential", person_name="甲")
        held.app.store.database.connection().execute("pragma wal_checkpoint(truncate)")
        assert held.app.store.identity.credential() == "canary-credential"
        assert (tmp_path / "keys.json").stat().st_mode & 0o077 == 0
        assert all(b"canary-credential" not in file.read_bytes() for file in tmp_path.glob("field.sqlite3*"))


def test_the_person_of_another_survey_list_keeps_the_choice(tmp_path: Path) -> None:
    with tablet(tmp_path) as held:
        surveys = held.app.store.surveys
        two = [{"survey_id": name, "title": name, "kind": "k", "dataset_id": None} for name in ("a", "b")]
        surveys.replace(two)
        assert surveys.choose("b") and not surveys.choose("unknown")
        surveys.replace([*two, {"survey_id": "c", "title": "c", "kind": "k", "dataset_id": "d"}])
        chosen = surveys.chosen()
        assert chosen is not None and chosen.survey_id == "b"
