"""P10, T14: a wrong clock is flagged whichever way and in whichever order a record came, no edit takes that back, and nothing is re-dated."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts.viewer import LOCAL_OPERATOR, Actor
from server.sensitivity.queries import frozen_records
from server.sync.admission import admit
from server.sync.service import accept_batch
from shared.clock import FixedClock, end_of_day_in_china
from shared.ids import uuid7
from tests import records
from tests.admitting import ACTOR, CLOCK, set_up

SLOW = replace(ACTOR, clock_offset=timedelta(days=300))
"""A tablet whose clock is so far behind, as it delivers straight to the server."""


@pytest.fixture
def reading(reference: Session) -> Session:
    set_up(reference)
    return reference


def flags_of(session: Session, record: dict[str, Any]) -> list[str]:
    query = text(f"SELECT flags FROM {record['kind']} WHERE id = :id")
    return list(session.execute(query, {"id": record["id"]}).scalar_one())


def is_flagged(session: Session, record: dict[str, Any]) -> bool:
    return "clock_off" in flags_of(session, record)


def test_no_order_and_no_edit_takes_it_back(reading: Session) -> None:
    for make in (records.occurrence, records.event):
        remarks = "occurrence_remarks" if make is records.occurrence else "event_remarks"
        for order in ((0, 1), (1, 0)):
            first = make()
            sent: list[tuple[Actor, dict[str, Any]]] = [
                (SLOW, first),
                (ACTOR, records.edited(first, **{remarks: "改过"})),
            ]
            for number in order:
                actor, record = sent[number]
                assert admit(reading, actor, CLOCK, [record])[0].outcome == "accepted"
            assert is_flagged(reading, first), order
    right = records.occurrence()
    admit(reading, ACTOR, CLOCK, [right])
    admit(reading, SLOW, CLOCK, [right])
    assert not is_flagged(reading, right), "what is here already was not saved by who brings it again"
    kept = text("SELECT count(DISTINCT observed_from), min(observed_from) FROM occurrence")
    assert tuple(reading.execute(kept).one()) == (1, datetime(2025, 5, 20, 0, 29, tzinfo=UTC)), "nothing is re-dated"


def test_what_a_snapshot_of_an_earlier_day_tells(reading: Session) -> None:
    """The record was edited after that day, so its flags are made anew of the versions of then."""
    first = records.occurrence()
    admit(reading, SLOW, CLOCK, [first])
    admit(reading, ACTOR, FixedClock(datetime(2025, 7, 1, tzinfo=UTC)), [records.edited(first, individual_count=9)])
    (then,) = frozen_records(reading, LOCAL_OPERATOR, CLOCK, "test", end_of_day_in_china("2025-06-01"))
    assert "clock_off" in then.flags and then.body["individual_count"] != 9


def test_a_date_in_the_future_stays_one_until_it_is_corrected(reading: Session) -> None:
    """The day that it tells has come when it is edited; it had not when it was told."""
    later = FixedClock(datetime(2025, 7, 1, tzinfo=UTC))
    first = records.occurrence(observed_from="2025-06-20T08:00:00+08:00")
    admit(reading, ACTOR, CLOCK, [first])
    edit = records.edited(first, individual_count=9)
    admit(reading, ACTOR, later, [edit])
    assert "date_future" in flags_of(reading, first)
    admit(reading, ACTOR, later, [records.edited(edit, observed_from="2025-06-21T08:00:00+08:00")])
    assert "date_future" not in flags_of(reading, first)
    (then,) = frozen_records(reading, LOCAL_OPERATOR, CLOCK, "test", end_of_day_in_china("2025-06-01"))
    assert "date_future" in then.flags


@pytest.mark.parametrize(
    ("sent_at", "gnss", "said", "flagged"),
    [
        ("2025-05-20T10:00:00+08:00", None, {}, False),
        ("2024-07-20T10:00:00+08:00", None, {}, False),
        ("2025-06-20T10:00:00+08:00", None, {}, True),
        (None, "2025-05-20T08:29:30+08:00", {}, False),
        (None, "2024-07-01T08:30:00+08:00", {}, True),
        (None, "2025-06-01T08:30:00+08:00", {}, True),
        (None, "2024-07-01T08:30:00+08:00", {"place": {**records.MANGSHAN, "source": "map"}}, False),
    ],
    ids=["soon", "waited or slow", "fast", "proved right", "before", "after", "an old fix"],
)
def test_by_a_station_or_a_stick(
    reading: Session, sent_at: str | None, gnss: str | None, said: dict[str, Any], flagged: bool
) -> None:
    """How long it lay there is not known, so a late arrival shows nothing; the receiver's time beside the tablet's own does."""
    record = records.occurrence(**said)
    record["saved_at"] = {"wall": "2025-05-20T08:30:00+08:00", "monotonic_ms": 1, "gnss": gnss}
    told = {"protocol": 1, "batch_id": str(uuid7()), "records": [record]} | ({"sent_at": sent_at} if sent_at else {})
    answer = accept_batch(reading, ACTOR, CLOCK, "p", json.dumps(told).encode(), at_once=False)
    assert answer["receipts"][0]["outcome"] == "accepted"
    assert is_flagged(reading, record) == flagged
    edit = records.edited(record, individual_count=9)
    edit["saved_at"] = {"wall": "2025-05-20T20:30:00+08:00", "monotonic_ms": 2, "gnss": "2025-05-15T08:30:00+08:00"}
    admit(reading, ACTOR, CLOCK, [edit])
    assert is_flagged(reading, record) == flagged, "an edit in the office tells the time of a fix of days ago"
