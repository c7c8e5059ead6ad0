"""Colleagues' records on a tablet: told by a real server, shown, and gone when they are no longer for its person."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from mobile.sync.failures import BrokenAnswer
from mobile.sync.report import SyncReport
from mobile.sync.team import pull_team
from server.accounts.service import grant, issue_code
from server.accounts.viewer import LOCAL_OPERATOR
from server.db import open_session
from server.ledger.service import number_changes
from server.settings import Settings
from server.surveys.model import Dataset
from server.surveys.service import add_survey
from shared.wire.team import mark
from tests import people, records
from tests.admitting import CLOCK, outcomes
from tests.mobile.tablets import Tablet, tablet
from tests.scopes.ground import FROG, IN_YIZHANG
from tests.serving import Live


def _do(settings: Settings, act: Callable[[Session], Any]) -> Any:
    with open_session(settings) as session:
        return act(session)


def _send(settings: Settings, *sent: Any) -> None:
    def write(session: Session) -> None:
        assert set(outcomes(session, *sent)) == {"accepted"}
        number_changes(session)

    _do(settings, write)


def _sync(held: Tablet) -> int:
    assert held.app.sync.sync() is True, held.app.sync.message
    assert held.app.sync.report is not None
    held.app.home.refresh()
    return held.app.sync.report.team


def test_colleagues_records_come_and_go(live: Live, tmp_path: Path) -> None:
    dataset = _do(live.settings, lambda session: session.get_one(Dataset, UUID(records.DATASET)))
    _do(
        live.settings,
        lambda session: add_survey(session, CLOCK, "林业调查", "county_baseline", dataset, ["431022", "431025"]),
    )
    frog, egret = (records.occurrence(taxon=FROG, place=IN_YIZHANG), records.occurrence())
    _send(live.settings, frog, egret, records.occurrence(taxon=records.PANGOLIN))
    person = _do(live.settings, lambda session: people.person(session, "surveyor").id)
    with tablet(tmp_path / "tablet", server_url=live.url, enrolled=False) as held:
        held.clock.set(CLOCK.now())
        code = _do(live.settings, lambda session: issue_code(session, CLOCK, person))
        assert held.app.sync.enrol(code, "平板") is True, held.app.sync.message
        team, home = held.app.store.team, held.app.home
        home.refresh()
        assert home.place_lines == ("林业调查：宜章县、临武县",)
        held.sighting("白鹭")
        assert _sync(held) == 2, "neither one's own nor what is guarded"
        assert {one.record_id for one in team.latest(9)} == {frog["id"], egret["id"]}
        assert home.team_lines[0].startswith("同队记录 2 条")
        assert "05月20日 · 泽陆蛙 · 宜章县 · 测试员" in home.team_lines
        assert held.app.store.outbox.waiting_count() == 0 and _sync(held) == 0

        _send(live.settings, records.tombstone(frog))
        _sync(held)
        assert [one.record_id for one in team.latest(9)] == [egret["id"]]

        revoke = text("UPDATE xiangye.role_grant SET revoked_at = :now WHERE person_id = :id")
        _do(live.settings, lambda session: session.execute(revoke, {"now": CLOCK.now(), "id": person}))
        _sync(held)
        assert (team.count(), home.team_lines) == (0, ()), "taken off the survey"

        _do(live.settings, lambda session: grant(session, CLOCK, LOCAL_OPERATOR, person, "ranger", "county", "431022"))
        assert _sync(held) == 1
        stop = text("UPDATE xiangye.device SET revoked_at = :now WHERE person_id = :id")
        _do(live.settings, lambda session: session.execute(stop, {"now": CLOCK.now(), "id": person}))
        assert held.app.sync.sync() is False
        assert team.count() == 0, "a tablet that was taken out of use"


class _Told:
    """Pages that a transport gives one after another."""

    def __init__(self, *pages: dict[str, Any]) -> None:
        self._pages = list(pages)

    def get_json(self, *_: Any, **__: Any) -> dict[str, Any]:
        return self._pages.pop(0)


def _page(*told: Any, gone: tuple[str, ...] = (), cursor: int = 5, **more: Any) -> dict[str, Any]:
    return {"records": list(told), "gone": list(gone), "cursor": cursor, "more": False, "of": "k", **more}


def _record(number: int, **more: Any) -> dict[str, Any]:
    told = {"change_no": number, "record_id": f"r{number}", "kind": "occurrence", "survey_id": "s", "state": "pending"}
    return {**told, "observed_from": "2025-05-20T08:00:00+08:00", "name_zh": "白鹭", **more}


def test_a_page_that_cannot_be_is_not_kept(tmp_path: Path) -> None:
    with tablet(tmp_path / "tablet") as held:
        store = held.app.store
        first = _page(_record(1), _record(2, state=None), 7, cursor=3, more=True, reset=True)
        later = _page(_record(4), gone=(mark("r1"), mark("never told"), 5))  # type: ignore[arg-type]
        report = SyncReport()
        pull_team(store, _Told(first, later), report)  # type: ignore[arg-type]
        assert [one.record_id for one in store.team.latest(9)] == ["r4"] and report.team == 2
        for broken in (
            _page(_record(6), cursor=4),
            _page(_record(6), cursor=5),
            _page(cursor=5, more=True),
            _page(_record(6), cursor=9, of="another"),
            _page(cursor=2**64),
            {**_page(cursor=9), "gone": None},
        ):
            with pytest.raises(BrokenAnswer):
                pull_team(store, _Told(broken), report)  # type: ignore[arg-type]
        with pytest.raises(BrokenAnswer):
            pull_team(store, _Told(*[_page(cursor=1, more=True, reset=True)] * 4), report)  # type: ignore[arg-type]


def test_what_is_told_of_places_in_no_shape_is_left_alone(tmp_path: Path) -> None:
    with tablet(tmp_path / "tablet") as held:
        places = held.app.store.survey_places
        places.take(
            {"digest": "d", "surveys": {"s": [{"code": "431022", "name": "宜章县"}, {"code": "1", "name": ""}]}}
        )
        for odd in (None, [], {"digest": "e"}, {"digest": "e", "surveys": {"s": [{"code": 1, "name": "x"}]}}):
            places.take(odd)
        assert (places.digest(), places.of("s"), places.of("t")) == ("d", ["宜章县", "1"], [])
