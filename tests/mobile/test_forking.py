"""T15: a tablet with a twin takes another device id by itself; whatever is cut, refused or answered wrongly, it stays whole under one of
the two, and loses nothing (P1)."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mobile.sync.failures import BrokenAnswer
from shared import failpoints
from shared.ids import uuid7
from tests.mobile.station import Station, station
from tests.mobile.tablets import Tablet, tablet
from tests.mobile.test_photos import jpeg

CUTS = ("fork_to_ask", "credential_without_row", "fork_written")


@pytest.fixture(scope="module")
def province() -> Iterator[Station]:
    with station(epoch="e1") as one:
        yield one


@pytest.fixture
def server(province: Station) -> Station:
    """The same for all tests; it knows nothing of those before."""
    fresh = Station(url=province.url, epoch="e1")
    vars(province).update(vars(fresh))
    return province


@pytest.fixture
def twin(tmp_path: Path, server: Station) -> Iterator[Tablet]:
    """A record waits, and the tablet has found that it has a twin."""
    with tablet(tmp_path / "a", server_url=server.url) as held:
        server.device = identity(held)
        held.app.store.twins.compare(7, "0" * 64)
        held.sighting()
        yield held


def identity(held: Tablet) -> str:
    return held.app.store.identity.device_id()


def secrets(folder: Path) -> set[str]:
    return {name for name in json.loads((folder / "keys.json").read_text()) if name.startswith("credential")}


def has_its_own(held: Tablet, server: Station) -> bool:
    """Another id than before, that the server gave with the credential that is in force."""
    known = server.forks.get(held.app.store.identity.credential() or "", {})
    return identity(held) == known.get("device_id") != server.device


def test_it_says_what_comes_and_what_came_and_goes_on_counting(twin: Tablet, server: Station) -> None:
    sync = twin.app.sync
    sync.refresh()
    (line,) = [line for line in sync.lines if "复制" in line]
    assert "未送达的照常发送" in line and "自动换用新的编号，不需要登记码" in line
    assert sync.sync() is True
    assert has_its_own(twin, server)
    assert [record["device"] for record in server.records.values()] == [server.device], "sent under the old id"
    (line,) = [line for line in sync.lines if "复制" in line]
    assert "已自动换用新的编号" in line and identity(twin)[-8:] in line and "登记码" not in line
    assert sync.report is not None and line in sync.report.warnings
    twin.restart()
    assert line in twin.app.sync.lines, "nobody may have looked yet"
    twin.sighting()
    assert twin.app.session.run(by_hand=False).problems == []
    assert line in twin.app.sync.lines, "nor did anybody by then"
    assert twin.app.sync.sync() is True
    (new,) = [record for record in server.records.values() if record["device"] == identity(twin)]
    assert new["seq"] == 9, "above the 7 that the server knew, and the 8 that it had itself"
    assert not [line for line in twin.app.sync.lines if "编号" in line]


def test_it_says_so_each_time(twin: Tablet, server: Station) -> None:
    """One that was copied again right behind the first time."""
    assert twin.app.sync.sync() is True
    first = twin.app.store.twins.words()
    twin.app.store.twins.compare(999, "0" * 64)
    assert twin.app.sync.sync() is True
    second = twin.app.store.twins.words()
    assert second in twin.app.sync.lines and identity(twin)[-8:] in second and first != second
    assert len(server.forks) == 2


def test_a_photo_that_waits_keeps_the_old_id(tmp_path: Path, server: Station) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").write_bytes(jpeg("green"))
    with tablet(tmp_path / "a", photos=tmp_path / "photos", server_url=server.url) as held:
        server.device = identity(held)
        held.app.record.open(fresh=True)
        assert held.app.record.choose_name("白鹭")
        held.app.photo.take("one.jpg")
        assert held.app.record.confirm() and held.app.store.media.waiting_count() == 1
        held.app.store.twins.compare(7, "0" * 64)
        server.cut_patches = 99
        assert held.app.sync.sync() is False
        assert held.app.store.outbox.waiting_count() == 0 and identity(held) == server.device and not server.forks
        server.cut_patches = 0
        assert held.app.sync.sync() is True and has_its_own(held, server)


@pytest.mark.parametrize("cut", CUTS)
def test_whatever_is_cut_it_is_whole_under_one_id_and_takes_the_other_the_next_time(
    twin: Tablet, server: Station, cut: str
) -> None:
    failpoints.arm(f"{cut}=raise")
    assert twin.app.sync.sync() is False
    assert identity(twin) == server.device and twin.app.store.identity.credential() == "secret"
    asked = {fork["device_id"] for fork in server.forks.values()}
    twin.restart()
    assert identity(twin) == server.device and twin.app.store.twins.found()
    twin.sighting()
    assert twin.app.sync.sync() is True
    assert has_its_own(twin, server) and len(server.records) == 2
    assert identity(twin) not in asked, "what was proved before the cut is given to nobody"
    folder = twin.app.store.database.path.parent
    assert "credential" in secrets(folder), "not while the app runs that may be killed"
    twin.restart()
    assert secrets(folder) == {f"credential.{identity(twin)}"}
    twin.sighting()
    assert twin.app.sync.sync() is True and len(server.records) == 3


@pytest.mark.parametrize(("cut", "first"), list(zip((*CUTS, CUTS[0]), "abab", strict=True)))
def test_a_copy_made_in_the_middle_gets_an_id_of_its_own(twin: Tablet, server: Station, cut: str, first: str) -> None:
    """Both have drawn the same id; one of them gets it at the most."""
    failpoints.arm(f"{cut}=raise")
    twin.app.sync.sync()
    twin.app.close()
    here = twin.app.store.database.path.parent
    shutil.copytree(here, here.with_name("b"))
    twin.open()
    with tablet(here.with_name("b"), server_url=server.url, enrolled=False) as other:
        for held in (twin, other) if first == "a" else (other, twin):
            held.sighting()
            assert held.app.sync.sync() is True, held.app.sync.problems
            assert has_its_own(held, server)
        for held in (twin, other):
            held.sighting()
            assert held.app.sync.sync() is True and has_its_own(held, server)
        assert identity(twin) != identity(other) and len(server.records) == 5


@pytest.mark.parametrize("own", [True, False])
def test_an_enrolment_that_is_cut_leaves_the_credential_that_there_was(
    twin: Tablet, server: Station, own: bool
) -> None:
    """T26: whether it brings another id or not, a credential speaks only for whom it was given to."""
    if own:
        twin.app.store.identity.keep(twin="")
    server.credential = "another secret"
    server.fork_refusal = (404, {})
    assert twin.app.sync.sync() is True
    failpoints.arm("credential_without_row=raise")
    assert twin.app.sync.enrol("GOOD-CODE") is False
    assert identity(twin) != server.device or own
    assert twin.app.store.identity.credential() == "secret"
    twin.restart()
    assert twin.app.store.identity.credential() == "secret"
    assert len(secrets(twin.app.store.database.path.parent)) == 1 or not own
    assert twin.app.sync.enrol("GOOD-CODE") is True and identity(twin) == server.device
    assert twin.app.store.identity.credential() == "another secret"
    twin.restart()
    assert len(secrets(twin.app.store.database.path.parent)) == 1
    assert twin.app.sync.sync() is True


def test_a_lost_answer_is_asked_for_again_under_the_same_id(twin: Tablet, server: Station) -> None:
    server.lose_forks = 1
    assert twin.app.sync.sync() is True and has_its_own(twin, server)
    assert len(server.forks) == 1


def test_an_answer_to_another_question_changes_nothing(twin: Tablet, server: Station) -> None:
    elsewhere = str(uuid7())
    wrong = {
        "person_id": [elsewhere],
        "device_id": [elsewhere],
        "forked_from": [elsewhere],
        "device_key": [None, "0" * 64],
        "credential": ["", None, 7, "altered on its way"],
    }
    for name, value in ((name, value) for name, values in wrong.items() for value in values):
        server.fork_answer = {name: value}
        assert twin.app.session.run(by_hand=False).problems == [str(BrokenAnswer())], (name, value)
        assert identity(twin) == server.device and twin.app.store.identity.credential() == "secret"
        assert not twin.app.store.identity.setting("credential_refused")
    assert secrets(twin.app.store.database.path.parent) == {"credential"}
    assert len(server.records) == 1, "all else of the sync is done"
    server.fork_answer = {}
    assert twin.app.sync.sync() is True and has_its_own(twin, server)


def test_where_the_server_gives_no_id_a_code_does(twin: Tablet, server: Station) -> None:
    sync = twin.app.sync
    for status, code in (
        (404, "not_found"),
        (405, ""),
        (409, "too_many_forks"),
        (409, "key_known"),
        (422, "signature_missing"),
    ):
        server.fork_refusal = (status, {"code": code})
        assert sync.sync() is True, "the sync itself is whole"
        assert identity(twin) == server.device
        (line,) = [line for line in sync.lines if "复制" in line]
        assert "索取新的登记码" in line and "自动" not in line
    assert sync.enrol("GOOD-CODE") is True, sync.message
    assert twin.app.store.twins.words() == "" and not server.forks
    twin.sighting()
    assert sync.sync() is True
    first, second = (record["device"] for record in server.records.values())
    assert first != second == identity(twin)


def test_a_server_that_was_upgraded_gives_it_after_all(twin: Tablet, server: Station) -> None:
    server.fork_refusal = (404, {"code": "not_found"})
    assert twin.app.sync.sync() is True and identity(twin) == server.device
    server.fork_refusal = None
    assert twin.app.sync.sync() is True and has_its_own(twin, server)


def test_a_server_that_asks_for_patience_is_asked_again_with_the_next_sync(twin: Tablet, server: Station) -> None:
    server.fork_refusal = (429, {"code": "too_many_requests"})
    assert twin.app.sync.sync() is True and identity(twin) == server.device
    assert "自动换用新的编号" in twin.app.store.twins.words()
    server.fork_refusal = None
    assert twin.app.sync.sync() is True and has_its_own(twin, server)


def test_what_is_saved_meanwhile_bears_the_old_id_and_is_sent_under_it(twin: Tablet, server: Station) -> None:
    """The window goes on while the sync talks to the server."""
    server.during_fork = lambda: setattr(server, "during_fork", lambda: None) or twin.sighting()
    assert twin.app.sync.sync() is False, "a record waits"
    assert identity(twin) == server.device and twin.app.store.twins.found()
    assert twin.app.sync.sync() is True and has_its_own(twin, server)
    assert [record["device"] for record in server.records.values()] == [server.device] * 2


def test_a_store_put_back_from_before_it_had_its_id_is_named(twin: Tablet, server: Station) -> None:
    """Its keystore knows better: the credential of the old id is gone from it, and only a person can give one."""
    folder = twin.app.store.database.path.parent
    twin.app.close()
    shutil.copy(folder / "field.sqlite3", folder.with_name("backup"))
    twin.open()
    assert twin.app.sync.sync() is True and has_its_own(twin, server)
    twin.restart().close()
    shutil.copy(folder.with_name("backup"), folder / "field.sqlite3")
    twin.open()
    assert "平板在那以后已换用新的编号" in twin.app.store.twins.words()
    assert twin.app.sync.sync() is False and "没有这份数据的凭证" in twin.app.sync.message
    assert twin.app.sync.enrol("GOOD-CODE") is True
    assert twin.app.sync.sync() is True, twin.app.sync.problems
    assert has_its_own(twin, server) and len(server.records) == 1
