"""Against the real server: two tablets change the same field, a person settles it on one of them, and both agree (P6)."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from mobile.capture.recorder import Part
from server.db import open_session
from tests.admitting import CLOCK
from tests.mobile.tablets import Tablet, tablet
from tests.mobile.test_real_reviews import invited, synced
from tests.serving import Live


@pytest.fixture
def pair(live: Live, tmp_path: Path) -> Iterator[tuple[Tablet, Tablet]]:
    """Two tablets of one person."""
    with ExitStack() as both:
        made = []
        for name in ("甲", "乙"):
            one = both.enter_context(tablet(tmp_path / name, enrolled=False))
            one.clock.set(CLOCK.now())
            assert one.app.sync.enrol(invited(live), name), one.app.sync.message
            one.stand(112.93, 24.955)
            made.append(one)
        yield made[0], made[1]


def edit(held: Tablet, record_id: str, base: str, body: dict[str, Any], **values: Any) -> str:
    (saved,) = held.app.recorder.commit([Part("occurrence", "edit/1", {**body, **values}, record_id, base)])
    return saved.digest


def head(held: Tablet, record_id: str) -> tuple[str, str]:
    query = "select state, head_digest from server_state where record_id = ?"
    (row,) = held.app.store.database.rows(query, (record_id,))
    return row["state"], row["head_digest"]


def shown(held: Tablet, record_id: str) -> str:
    held.app.record_detail.open(record_id)
    return held.app.record_detail.state


def test_two_tablets_one_choice_and_both_agree(live: Live, pair: tuple[Tablet, Tablet]) -> None:
    first, second = pair
    record_id = first.sighting()
    synced(first)
    made = first.app.store.outbox.newest_version(record_id)
    assert made is not None
    edit(first, record_id, made.digest, made.body, individual_count=3, behavior="觅食")
    edit(second, record_id, made.digest, made.body, individual_count=5, occurrence_remarks="水边")
    for one in (first, second, first):
        synced(one)
    assert {shown(one, record_id) for one in pair} == {"conflict"}
    assert all(one.app.sync.standing.conflicts == 1 for one in pair)

    conflict = second.app.conflict
    conflict.open(record_id)
    (row,) = conflict.rows
    assert (row.label, {option.words for option in row.options}) == ("数量", {"3", "5"})
    assert sum("这台平板" in option.who for option in row.options) == 1 and all(option.who for option in row.options)
    conflict.choose(row.name, next(option.key for option in row.options if option.words == "3"))
    assert conflict.save(), conflict.message
    assert shown(second, record_id) == "settled" and head(second, record_id)[0] == "conflict", "nothing was sent yet"

    late = first.app.store.outbox.newest_version(record_id)
    assert late is not None
    for one in (second, first):
        synced(one)
    assert head(first, record_id) == head(second, record_id) and head(first, record_id)[0] == "current"
    assert {shown(one, record_id) for one in pair} <= {"held", "pending"}
    assert ["别处还有更新" in one.app.record_detail.reason for one in pair] == [True, False]
    assert [body_of(live, record_id, name) for name in ("individual_count", "behavior", "occurrence_remarks")] == [
        3,
        "觅食",
        "水边",
    ]

    # What was written meanwhile on what the settlement stands for is a question of its own, to both.
    edit(first, record_id, late.digest, late.body, individual_count=9)
    for one in (first, second):
        synced(one)
    assert {shown(one, record_id) for one in pair} == {"conflict"}
    second.app.conflict.open(record_id)
    words = {
        option.words for row in second.app.conflict.rows for option in row.options if row.name == "individual_count"
    }
    assert words == {"3", "9"}


def body_of(live: Live, record_id: str, column: str) -> Any:
    with open_session(live.settings) as session:
        return session.execute(
            text(f"select {column} from xiangye.occurrence where id = :id"), {"id": record_id}
        ).scalar_one()
