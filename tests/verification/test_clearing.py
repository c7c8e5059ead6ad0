"""Shown over real HTTP: 200 records of a real tablet are cleared county → prefecture → province, and the tablet sees it at its next pull."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from server.accounts.service import issue_code
from server.db import open_session
from shared.clock import CHINA
from tests import records
from tests.admitting import CLOCK
from tests.mobile.tablets import Tablet, tablet
from tests.serving import Live
from tests.verification.reviewing import Caller, three_levels

NAMES = ("白鹭", "苍鹭", "夜鹭", "小䴙䴘", "穿山甲", "蛇𬶋", "空心莲子草", "普通鵟")
SENT = 200


@pytest.fixture
def held(live: Live, tmp_path: Path) -> Iterator[Tablet]:
    with open_session(live.settings) as session:
        code = issue_code(session, CLOCK, UUID(records.PERSON))
    with tablet(tmp_path / "tablet", server_url=live.url, enrolled=False) as one:
        one.clock.set(datetime(2025, 5, 20, 7, 30, tzinfo=CHINA))
        assert one.app.sync.enrol(code, "审核测试平板"), one.app.sync.message
        yield one


def walk_and_record(held: Tablet) -> list[str]:
    saved = []
    for n in range(SENT):
        held.wait(120)
        held.stand(112.92 + n * 1e-4, 24.95 + n * 5e-5, 5 + n % 4)
        saved.append(held.sighting(NAMES[n % len(NAMES)], 1 + n % 7))
    held.clock.set(CLOCK.now())
    assert held.app.sync.sync(), held.app.sync.message
    return saved


def in_groups(items: list[dict[str, object]]) -> list[list[str]]:
    """As a reviewer would take them: together what has the same held against it."""
    groups: defaultdict[tuple[object, ...], list[str]] = defaultdict(list)
    for one in items:
        groups[tuple(sorted(found["rule_id"] for found in one["findings"]))].append(one["record_id"])  # type: ignore[index,attr-defined]
    return list(groups.values())


def settle(who: Caller, wanted: dict[str, tuple[str, dict[str, object]]]) -> None:
    """`wanted`: (action, what goes with it) by record, of everything that waits for this reviewer."""
    items = who.queue(limit=100)
    for group in in_groups(items):
        acts: defaultdict[str, list[str]] = defaultdict(list)
        for id_ in group:
            acts[wanted[id_][0]].append(id_)
        for action, ids in acts.items():
            answer = who.decide(action, ids, **wanted[ids[0]][1])
            assert answer.status_code == 201, answer.text


def test_two_hundred_records_are_cleared_and_the_tablet_sees_it(live: Live, held: Tablet) -> None:
    saved = walk_and_record(held)
    with open_session(live.settings) as session:
        names = {
            str(row[0]): str(row[1])
            for row in session.execute(text("SELECT id, shown_id FROM xiangye.shown_record WHERE kind = 'occurrence'"))
        }
    county, prefecture, province = three_levels(live)
    first = county.get("/verification/queue", count=True, limit=1).json()
    assert first["count"] == {"county": SENT, "prefecture": 0, "province": 0}
    assert {names[id_] for id_ in saved} == {one["record_id"] for one in county.queue(limit=100)}

    up = ("escalate", {"message": "请上级鉴定"})
    known = ("confirm", {})
    asked, rejected, renamed = saved[5:10], saved[10:20], saved[190:195]
    plan = dict.fromkeys(saved, known)
    plan |= dict.fromkeys(asked, ("ask", {"message": "请补一张侧面照片"}))
    plan |= dict.fromkeys(rejected, ("reject", {"message": "人工饲养"}))
    plan |= dict.fromkeys(saved[140:], up)
    settle(county, {names[id_]: act for id_, act in plan.items()})
    assert county.queue() == []
    assert Counter(one["queue"] for one in prefecture.queue(limit=100)) == {"prefecture": 60}
    settle(prefecture, {names[id_]: (up if id_ in saved[180:] else known) for id_ in saved[140:]})
    assert Counter(one["queue"] for one in province.queue(limit=100)) == {"province": 20}
    genus = ("reidentify", {"taxon": {"name_zh": "中白鹭"}, "method": "photo", "confidence": "较确定"})
    settle(province, {names[id_]: (genus if id_ in renamed else known) for id_ in saved[180:]})
    assert [who.queue() for who in (county, prefecture, province)] == [[], [], []]

    held.clock.set(held.clock.now() + timedelta(minutes=1))
    assert held.app.sync.sync(), held.app.sync.message
    states = {id_: held.app.store.reviews.of(id_)[-1] for id_ in saved}
    assert Counter(one.state for one in states.values()) == {
        "confirmed": 180,
        "asked": 5,
        "rejected": 10,
        "reidentified": 5,
    }
    assert {states[id_].name_zh for id_ in renamed} == {"中白鹭"}
    assert {states[id_].message for id_ in asked} == {"请补一张侧面照片"}
    assert {one.decided_by for one in states.values()} == {"审核员"}
    assert [one.state for one in held.app.store.reviews.of(saved[199])] == ["escalated", "escalated", "confirmed"]


def test_an_answer_comes_back_to_the_queue_and_the_end_to_the_tablet(live: Live, held: Tablet) -> None:
    held.stand(112.925, 24.955)
    saved = held.sighting("白鹭")
    held.clock.set(CLOCK.now())
    assert held.app.sync.sync()
    county, *_ = three_levels(live)
    assert county.decide("ask", [saved], message="嘴是黄色还是黑色？").status_code == 201
    assert held.app.sync.sync()

    detail = held.app.record_detail
    detail.open(saved)
    assert detail.question == "嘴是黄色还是黑色？"
    assert detail.set_answer("黄色，更像中白鹭")
    assert detail.send(), detail.message
    assert county.queue() == []
    assert held.app.sync.sync(), held.app.sync.message
    assert [one["state"] for one in county.queue()] == ["pending"]
    told = county.get(f"/verification/records/{saved}").json()["decisions"]
    assert [(one["action"], one["message"]) for one in told] == [
        ("ask", "嘴是黄色还是黑色？"),
        ("answer", "黄色，更像中白鹭"),
    ]
    assert county.decide("reidentify", [saved], taxon={"name_zh": "中白鹭"}).status_code == 201
    assert held.app.sync.sync()
    assert [one.state for one in held.app.store.reviews.of(saved)] == ["asked", "pending", "reidentified"]
