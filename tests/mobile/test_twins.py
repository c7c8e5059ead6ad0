"""T15, P1: a store that was copied or put back is named each time and gets an id of its own; whatever two twins record and send, in any
order, nothing is lost."""

import shutil
from pathlib import Path

import pytest

from mobile.wiring import build
from tests.mobile.station import station
from tests.mobile.tablets import Tablet, tablet


def recorded(held: Tablet) -> set[tuple[str, str]]:
    rows = held.app.store.database.rows("select record_id, digest from record")
    return {(row["record_id"], row["digest"]) for row in rows}


def numbers(held: Tablet) -> list[int]:
    return [row["seq"] for row in held.app.store.database.rows("select seq from record order by seq")]


def _is_told(held: Tablet) -> bool:
    """On the screen and in the report, once it has a number of its own."""
    words, sync = held.app.store.twins.words(), held.app.sync
    assert not words or (words in sync.lines and sync.report is not None and words in sync.report.warnings)
    return "已自动换用新的编号" in words and "没有记录被覆盖" in words


@pytest.mark.parametrize("order", ["aabb", "abab", "abba"])
def test_twins_lose_nothing_are_named_and_part(tmp_path: Path, order: str) -> None:
    """Each records and then syncs; tests/sync/test_forks.py draws orders of everything that twins may do."""
    with station(epoch="e1") as server, tablet(tmp_path / "a", server_url=server.url) as first:
        server.device = first.app.store.identity.device_id()
        first.sighting()
        assert first.app.sync.sync() is True and first.app.store.twins.words() == ""
        first.app.close()
        shutil.copytree(tmp_path / "a", tmp_path / "b")
        first.app = build(tmp_path / "a", first.device)
        with tablet(tmp_path / "b", server_url=server.url, enrolled=False) as second:
            twins, named, done = {"a": first, "b": second}, "", ""
            for name in (*order, "a", "b"):
                if name not in done:
                    twins[name].sighting()
                else:
                    twins[name].app.sync.sync()
                    named += name if _is_told(twins[name]) else ""
                done += name
            assert set(server.records) == recorded(first) | recorded(second), "the union, each once"
            assert len(server.records) == 3
            assert named, "one at least was told of its twin"
            assert first.app.store.identity.device_id() != second.app.store.identity.device_id()
            found = twins[named[0]]
            before = found.app.store.identity.device_id()
            found.sighting()
            assert found.app.sync.sync() is True and found.app.store.twins.words() == ""
            assert found.app.store.identity.device_id() == before != server.device
            assert len(server.records) == 4


def test_a_store_put_back_from_its_copy_gives_no_number_twice(tmp_path: Path) -> None:
    with station(epoch="e1") as server, tablet(tmp_path / "a", server_url=server.url) as held:
        server.device = held.app.store.identity.device_id()
        held.sighting()
        held.app.close()
        shutil.copy(tmp_path / "a" / "field.sqlite3", tmp_path / "backup")
        held.app = build(tmp_path / "a", held.device)
        held.sighting()
        held.sighting()
        assert held.app.sync.sync() is True
        held.app.close()
        shutil.copy(tmp_path / "backup", tmp_path / "a" / "field.sqlite3")
        held.app = build(tmp_path / "a", held.device)
        assert "从较早的备份恢复" in held.app.store.twins.words(), "the keystore tells it without a line"
        held.sighting()
        assert numbers(held) == [1, 4]
        assert held.app.sync.sync() is True
        assert sorted(record["seq"] for record in server.records.values()) == [1, 2, 3, 4]
        assert {record["device"] for record in server.records.values()} == {server.device}
        assert held.app.store.identity.device_id() != server.device


def test_what_waits_keeps_the_old_id_and_is_sent_before_a_new_one_is_taken(tmp_path: Path) -> None:
    with station(epoch="e1") as server, tablet(tmp_path / "a", server_url=server.url) as held:
        server.fork_refusal = (404, {"code": "not_found"})
        held.sighting()
        held.app.store.twins.compare(7, "0" * 64)
        before = held.app.store.identity.device_id()
        assert held.app.sync.enrol("GOOD-CODE") is True
        assert held.app.store.identity.device_id() == before and held.app.store.twins.found()
        assert held.app.sync.sync() is True
        (sent,) = server.records.values()
        assert sent["device"] == before
        assert held.app.sync.enrol("GOOD-CODE") is True and held.app.store.identity.device_id() != before
        assert held.app.store.twins.words() == ""


def test_a_code_that_is_no_good_changes_no_id(tmp_path: Path) -> None:
    """Else what is recorded next would bear an id that the credential does not speak for."""
    with station(epoch="e1") as server, tablet(tmp_path / "a", server_url=server.url) as held:
        held.app.store.twins.compare(7, "0" * 64)
        before = held.app.store.identity.device_id()
        assert held.app.sync.enrol("USED-CODE") is False
        assert held.app.store.identity.device_id() == before
        assert held.app.store.twins.found()


@pytest.mark.parametrize("known", [2**53 - 1, 2**63, 10**30])
def test_a_number_out_of_reach_leaves_numbers_to_be_given(tmp_path: Path, known: int) -> None:
    """P5, P6: one record with the highest number that the protocol allows, or a garbled session, stops no tablet; nor does a floor
    that an older app took from it."""
    with station(epoch="e1") as server, tablet(tmp_path / "a", server_url=server.url) as held:
        server.known = {"known_seq": known, "known_digest": "0" * 64}
        held.sighting()
        held.app.sync.sync()
        held.sighting()
        held.app.store.identity.keep(seq_floor=str(2**53 - 1))
        held.sighting()
        assert numbers(held) == [1, 2, 3]
        held.app.sync.sync()
        assert len(server.records) == 3
