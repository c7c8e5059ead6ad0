"""Against the real server: a scanned code, a question and its answer, a tablet that is revoked and one that changes hands."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from server.accounts.enrolment_qr import payload, png
from server.accounts.service import issue_code, revoke
from server.db import open_session
from tests import records
from tests.admitting import CLOCK
from tests.mobile.tablets import Tablet, tablet
from tests.people import person
from tests.serving import Live
from tests.verification.reviewing import caller


def invited(live: Live, person_id: str = records.PERSON) -> str:
    with open_session(live.settings) as session:
        return payload(live.url, issue_code(session, CLOCK, UUID(person_id)))


@pytest.fixture
def held(live: Live, tmp_path: Path) -> Iterator[Tablet]:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "code.png").write_bytes(png(invited(live)))
    with tablet(tmp_path / "tablet", photos=tmp_path / "images", enrolled=False) as one:
        one.clock.set(CLOCK.now())
        assert one.app.sync.enrol(one.app.sync.scan(), "扫码平板"), one.app.sync.message
        one.app.notice.open()
        yield one


def synced(held: Tablet) -> None:
    assert held.app.sync.sync(), held.app.sync.message


def state(held: Tablet, record_id: str) -> str:
    held.app.record_detail.open(record_id)
    return held.app.record_detail.state_name


def test_question_answer_and_confirmation_go_round(live: Live, held: Tablet) -> None:
    held.stand(112.93, 24.955)
    saved = [held.sighting(name) for name in ("白鹭", "穿山甲")]
    synced(held)
    reviewer = caller(live)
    shown = [one["record_id"] for one in reviewer.queue()]
    assert len(shown) == len(saved)
    asked = reviewer.decide("ask", shown, message="几只？有照片吗？（𬶋 鵟 䴙䴘）")
    assert asked.status_code == 201, asked.text
    synced(held)
    held.app.home.refresh()
    assert held.app.home.asked_count == 2, "a guarded record's question finds its tablet too"
    for record_id in saved:
        assert state(held, record_id) == "待补充"
        assert held.app.record_detail.question == "几只？有照片吗？（𬶋 鵟 䴙䴘）"
        assert held.app.record_detail.set_answer("三只，没有照片") and held.app.record_detail.send()
        assert held.app.record_detail.state_name == "已答复，待审核"
    synced(held)
    synced(held)
    assert {state(held, record_id) for record_id in saved} == {"待审核"}
    for id_ in shown:
        done = reviewer.decide("confirm", [id_], message="可信")
        assert done.status_code == 201, done.text
    synced(held)
    assert {state(held, record_id) for record_id in saved} == {"已确认"}
    history = [(row.who == "我", row.what) for row in held.app.record_detail.history]
    assert history == [(True, "保存记录"), (False, "提问"), (True, "答复（已送达）"), (False, "已确认")]


def test_a_revoked_tablet_sends_what_waited_once_it_is_enrolled_again(live: Live, held: Tablet) -> None:
    held.sighting()
    with open_session(live.settings) as session:
        revoke(session, CLOCK, UUID(held.app.store.identity.device_id()))
    assert held.app.sync.sync() is False and held.app.sync.refused
    held.sighting("苍鹭")
    assert held.app.sync.enrol(invited(live), "扫码平板") is True
    synced(held)
    assert not held.app.sync.refused and counts(live) == {"occurrence": 2}


def test_a_tablet_changes_hands_only_when_nothing_waits(live: Live, held: Tablet) -> None:
    held.sighting()
    with open_session(live.settings) as session:
        other = str(person(session, "surveyor").id)
    code = invited(live, other)
    assert held.app.sync.enrol(code) is False and "1 条记录和照片未送达" in held.app.sync.message
    synced(held)
    before = held.app.store.identity.device_id()
    assert held.app.sync.enrol(code) is True, held.app.sync.message
    assert held.app.store.identity.device_id() != before
    assert held.app.notice.needed or not held.app.recorder.notices.accepted("track")
    held.sighting("苍鹭")
    synced(held)
    assert counts(live) == {"occurrence": 2}


def counts(live: Live) -> dict[str, Any]:
    with open_session(live.settings) as session:
        return dict(map(tuple, session.execute(text("select kind, count(*) from xiangye.ledger group by kind"))))
