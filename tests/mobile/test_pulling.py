"""The pull page by page: what cannot be read is kept aside and named, what cannot be a page is refused, and a death loses nothing (P3, P6)."""

from pathlib import Path
from typing import Any

import pytest

from shared.ids import uuid7
from tests.commands import environment, xiangye
from tests.mobile.station import Station, station
from tests.mobile.tablets import Tablet, tablet


def change(number: int, **other: Any) -> dict[str, Any]:
    told = {"record_id": str(uuid7()), "kind": "occurrence", "state": "current", "head_digest": "0" * 64}
    return {"change_no": number, **told, **other}


def page(*changes: Any, cursor: Any = 0, more: Any = False, **other: Any) -> dict[str, Any]:
    return {"changes": list(changes), "cursor": cursor, "more": more, **other}


def known(held: Tablet) -> set[int]:
    return {row["change_no"] for row in held.app.store.database.rows("select change_no from server_state")}


MALFORMED: tuple[Any, ...] = (
    "nonsense",
    None,
    [],
    {},
    {"change_no": 3},
    change(3, record_id=7),
    change(3, record_id=""),
    change(3, kind=None),
    change(3, state={}),
    change(3, head_digest=[1]),
    change(True),
    change(-1),
    change(2**63),
    {**change(3), "change_no": "3"},
)


def test_a_malformed_change_is_kept_aside_and_named_and_the_rest_goes_on(held: Tablet, server: Station) -> None:
    named = change(5, state=None)
    server.pages = [page(change(1), *MALFORMED, change(4), cursor=4, more=True), page(named, change(6), cursor=6)]
    assert held.app.sync.sync() is True, held.app.sync.message
    report = held.app.sync.report
    assert report is not None and (report.pulled, report.aside) == (3, len(MALFORMED) + 1)
    assert known(held) == {1, 4, 6} and held.app.store.pulled.cursor() == 6
    assert any(f"{len(MALFORMED)} 条变化无法读懂" in words for words in report.warnings)
    assert any(named["record_id"] in words and "state" in words for words in report.warnings)
    assert len(held.app.store.pulled.aside()) == len(MALFORMED) + 1
    assert f"{len(MALFORMED) + 1} 条变化无法读懂" in "".join(held.app.sync.lines), "told on the screen, too"


def test_a_server_of_nonsense_does_not_fill_the_tablet(held: Tablet) -> None:
    for cursor in range(1, 5):
        held.app.store.pulled.take(["x" * 100_000] * 60, cursor)
    aside = held.app.store.pulled.aside()
    assert len(aside) == 100 and max(map(len, aside)) == 4000


@pytest.mark.parametrize(
    "broken",
    [
        page(change(8), cursor=8, more=True) | {"cursor": 7},
        page(cursor=7, more=True),
        page(cursor=6),
        page(change(8), cursor="8"),
        page(change(8), cursor=True),
        page(change(8), cursor=2**63),
        page(change(8), cursor=8, more="yes"),
        {"changes": {}, "cursor": 8},
    ],
)
def test_what_cannot_be_the_page_asked_for_is_a_broken_answer(
    held: Tablet, server: Station, broken: dict[str, Any]
) -> None:
    server.pages = [page(change(7), cursor=7), *[broken] * 3]
    assert held.app.sync.sync() is True
    assert held.app.sync.sync() is False and "不完整或已损坏" in held.app.sync.message
    assert (known(held), held.app.store.pulled.cursor()) == ({7}, 7), "nothing of it is kept"
    server.pages = [page(change(9), cursor=9)]
    assert held.app.sync.sync() is True and known(held) == {7, 9}


def test_a_cursor_of_another_person_or_epoch_begins_anew_where_the_server_says_so(
    held: Tablet, server: Station
) -> None:
    server.pages = [page(change(7), cursor=7), page(change(2), cursor=2, more=True, reset=True), page(cursor=2)]
    assert held.app.sync.sync() is True and known(held) == {7}
    assert "of=" not in server.changes_asked[0], "an app from before noted nothing"
    assert held.app.sync.sync() is True and known(held) == {2}, "what was known of the other is gone"
    assert server.changes_asked[1].endswith(".e1") and "cursor=7" in server.changes_asked[1]
    server.pages = [page(change(1), cursor=1, more=True, reset=True)] * 8
    assert held.app.sync.sync() is False, "a server that says it for ever is broken"


@pytest.mark.parametrize("place", ["page_without_cursor", "page_written", "page_taken"])
def test_a_kill_between_pages_resumes_where_the_store_stands(tmp_path: Path, place: str) -> None:
    pages = [page(change(1), change(2), cursor=2, more=True), page(change(3), cursor=3)]
    script = tmp_path / "sync.json"
    script.write_text('[{"do": "sync"}]')
    with station(epoch="e1", pages=list(pages)) as server:
        with tablet(tmp_path / "data", server_url=server.url) as made:
            assert made.app.store.identity.current().enrolled
        words = ["field", "--headless", str(script), "--data", str(tmp_path / "data")]
        assert xiangye(environment(XIANGYE_FAILPOINTS=f"{place}=kill"), *words).code == -9
        asked = len(server.changes_asked)
        whole = place == "page_taken"
        server.pages = pages[1:] if whole else pages
        with tablet(tmp_path / "data", server_url=server.url) as after:
            assert after.app.store.pulled.cursor() == (2 if whole else 0)
            assert known(after) == ({1, 2} if whole else set())
            assert after.app.sync.sync() is True
            assert f"cursor={2 if whole else 0}&" in server.changes_asked[asked]
            assert (known(after), after.app.store.pulled.cursor()) == ({1, 2, 3}, 3)


def test_a_chosen_survey_that_was_taken_back_is_named_and_no_longer_offered(held: Tablet, server: Station) -> None:
    server.device = held.app.store.identity.device_id()
    surveys = held.app.store.surveys
    surveys.replace([{"survey_id": str(uuid7()), "title": "旧调查"}])
    assert held.app.sync.sync() is True
    assert [survey.title for survey in surveys.all()] == ["测试调查"]
    report = held.app.sync.report
    assert report is not None and any("旧调查" in words and "不再分配" in words for words in report.warnings)
    assert [*held.app.sync.warnings, held.app.sync.clock_text] == report.warnings, (
        "the screen says what the report says"
    )
    held.app.store.twins.compare(9, "0" * 64)
    assert held.app.sync.sync() is True and held.app.sync.report is not None
    assert "旧调查" not in "".join(held.app.sync.report.warnings), "said once"
    assert held.app.store.twins.words() in {*held.app.sync.report.warnings} & {*held.app.sync.lines}
    assert held.app.sync.warnings == (), "what stands in a line is not said twice"


def test_a_record_that_was_read_after_all_is_offered_again_and_gets_its_receipt(held: Tablet, server: Station) -> None:
    """P4: what the province could not read is not its own before a receipt says so, whatever the pull tells."""
    record_id = held.sighting()
    server.quarantine = True
    held.app.sync.sync()
    assert (held.app.store.outbox.waiting_count(), held.app.sync.standing.quarantined) == (0, 1)
    held.app.session.run(by_hand=False)
    assert len(server.posted) == 1

    server.quarantine = False
    server.pages = [page(change(1, record_id=record_id), cursor=1)]
    held.app.session.run(by_hand=False)
    held.app.sync.refresh()
    assert held.app.store.outbox.waiting_count() == 1 and "重新读入" in " ".join(held.app.sync.lines)
    held.app.sync.sync()
    assert (len(server.posted), held.app.sync.standing.quarantined, held.app.sync.at_server) == (2, 0, 1)
