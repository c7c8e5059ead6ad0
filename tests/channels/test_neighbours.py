"""L9: time, recorder and what else the same person recorded that day."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.geodesy import distance_m
from tests.channels.planted import Find, World
from tests.scopes.ground import Caller

NEAR_M = 500
_ROWS = """
    SELECT o.id::text, o.observed_from, o.observed_to, o.date_precision, i.identified_by, i.identified_at, o.event_id, m.captured_at
    FROM occurrence o JOIN identification i ON i.occurrence_id = o.id
    LEFT JOIN media_subject s ON s.subject_id = o.id LEFT JOIN media_item m ON m.id = s.media_id
"""


def interpolated(world: World, start: datetime, end: datetime) -> tuple[float, float]:
    """Where somebody was at the middle of the time that is told, between their nearest ordinary records before and after."""
    middle = start + (end - start) / 2
    before = max((bird for bird in world.birds if bird[0] <= middle), default=world.birds[0])
    after = min((bird for bird in world.birds if bird[0] >= middle), default=world.birds[-1])
    span = (after[0] - before[0]).total_seconds() or 1
    share = (middle - before[0]).total_seconds() / span
    lat, lon = (before[n] + share * (after[n] - before[n]) for n in (1, 2))
    return lat / 1e7, lon / 1e7


def placed(finds: Sequence[Find], world: World, told: Callable[[Find], tuple[datetime, datetime]]) -> int:
    """How many finds the attacker places nearer than anybody could by chance."""
    found = 0
    for find in finds:
        lat, lon = interpolated(world, *told(find))
        found += distance_m(lon, lat, find.longitude_e7 / 1e7, find.latitude_e7 / 1e7) < NEAR_M
    return found


def closest(world: World) -> list[Find]:
    """Those of levels 1 and 2."""
    return [find for number, find in enumerate(world.finds) if number % 3 < 2]


def test_the_interpolating_attacker_finds_nothing(rows: Session, world: World) -> None:
    """L9: with all that the web process's role can read of times, the same person's ordinary records place no find."""
    told, finds = {row.id: row for row in rows.execute(text(_ROWS))}, closest(world)
    few = len(finds) // 20  # the middle of the month is right for some
    assert placed(finds, world, lambda find: (told[find.id].observed_from, told[find.id].observed_to)) <= few
    assert placed(finds, world, lambda find: (told[find.id].identified_at,) * 2) <= few


def test_the_control_finds_them_all(world: World) -> None:
    """L9: with the hour told on purpose the same attacker places nearly every find, so the test above can fail."""
    finds = closest(world)
    assert placed(finds, world, lambda find: (find.at, find.at)) >= len(finds) * 9 // 10


def test_time_and_recorder_follow_the_level(rows: Session, world: World) -> None:
    """L9: month for levels 1 and 2, day for 3; nobody named, no event, no hour of the photo."""
    told = {row.id: row for row in rows.execute(text(_ROWS))}
    for number, find in enumerate(world.finds):
        row, precision = told[find.id], ("month", "month", "day")[number % 3]
        assert (row.date_precision, row.identified_by, row.event_id) == (precision, None, None)
        assert row.observed_from.second == row.observed_from.minute == 0 and row.observed_to > row.observed_from
        assert row.captured_at == f"{find.at:%Y-%m}" if precision == "month" else len(row.captured_at) == 10
    assert {row.identified_by is None for row in told.values() if row.date_precision == "minute"} == {False}


@pytest.mark.parametrize("who", ["county", "province"])
def test_no_answer_tells_more_of_time_or_recorder(callers: Mapping[str, Caller], who: str) -> None:
    """L9: lists, one record, its history and its namings over HTTP."""
    guarded = [one for level in (1, 2, 3) for one in callers[who].items("occurrences", level=level, limit=10)]
    assert len(guarded) >= 5
    for one in guarded[:15]:
        precise = ("month",) if one["level"] < 3 else ("day",)
        assert one["date_precision"] in precise
        answers = [
            callers[who].get(f"occurrences/{one['id']}{path}").json() for path in ("", "/history", "/identifications")
        ]
        assert not list(_named(answers, ("identified_by", "recorded_by", "author", "device", "event_id")))
        hours = [
            at
            for at in _named(answers, ("observed_from", "identified_at", "received_at", "at", "listed_on"))
            if len(at) > 10
        ]
        assert all(at[11:16] in ("00:00", "16:00") for at in hours), hours


def _named(told: Any, names: Sequence[str]) -> list[str]:
    """Every value under one of these names, however deep; None is nothing."""
    if isinstance(told, list):
        return [value for one in told for value in _named(one, names)]
    if not isinstance(told, dict):
        return []
    own = [str(told[name]) for name in names if told.get(name) not in (None, [], "")]
    return own + [value for one in told.values() for value in _named(one, names)]
