"""T15, P1: a store that was copied or put back is named each time; whatever two twins record and send, in any order, nothing is lost."""

import itertools
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


ORDERS = sorted(set(itertools.permutations("aabb")))
"""Each twin records and then syncs."""


@pytest.mark.parametrize("order", ORDERS, ids="".join)
def test_twins_lose_nothing_and_are_named(tmp_path: Path, order: tuple[str, ...]) -> None:
    with station(epoch="e1") as server, tablet(tmp_path / "a", server_url=server.url) as first:
        first.sighting()
        assert first.app.sync.sync() is True and first.app.store.twins.words() == ""
        first.app.close()
        shutil.copytree(tmp_path / "a", tmp_path / "b")
        first.app = build(tmp_path / "a", first.device)
        with tablet(tmp_path / "b", server_url=server.url) as second:
            done = {"a": 0, "b": 0}
            twins = {"a": first, "b": second}
            for name in order:
                twins[name].sighting() if done[name] == 0 else twins[name].app.sync.sync()
                done[name] += 1
            for held in (first, second):
                held.app.sync.sync()
            named = [name for name, held in twins.items() if held.app.store.twins.words()]
            assert named, "one at least was told of its twin"
            assert set(server.records) == recorded(first) | recorded(second), "the union, each once"
            assert len(server.records) == 3
            found = twins[named[0]]
            assert found.app.store.twins.words() in found.app.sync.lines
            assert found.app.sync.report is not None and found.app.store.twins.words() in found.app.sync.report.warnings
            before = found.app.store.identity.device_id()
            assert found.app.sync.enrol("GOOD-CODE") is True
            assert found.app.store.identity.device_id() != before and found.app.store.twins.words() == ""
            found.sighting()
            assert found.app.sync.sync() is True and found.app.store.twins.words() == ""
            assert len(server.records) == 4


def test_a_store_put_back_from_its_copy_gives_no_number_twice(tmp_path: Path) -> None:
    with station(epoch="e1") as server, tablet(tmp_path / "a", server_url=server.url) as held:
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


def test_what_waits_keeps_the_old_id_and_is_sent_before_a_new_one_is_taken(tmp_path: Path) -> None:
    with station(epoch="e1") as server, tablet(tmp_path / "a", server_url=server.url) as held:
        held.sighting()
        held.app.store.twins.compare(7, "0" * 64)
        before = held.app.store.identity.device_id()
        assert held.app.sync.enrol("GOOD-CODE") is True
        assert held.app.store.identity.device_id() == before and held.app.store.twins.words()
        assert held.app.sync.sync() is True
        (sent,) = server.records.values()
        assert sent["device"] == before
        assert held.app.sync.enrol("GOOD-CODE") is True and held.app.store.identity.device_id() != before
