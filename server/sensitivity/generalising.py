"""How much of time, recorder, height and words may stand beside a place that is kept at a level; pure.

One way for rows, answers and exports. Each function may be asked again with what it told before: a level that grew stricter is
reached from what a milder one told.
"""

import calendar
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.clock import CHINA
from shared.vocabulary import LIFE_STAGES, SEXES

SMALLEST_COUNT = 5
"""A count of guarded records below it is told as fewer than it."""
_ALTITUDE_STEP_M, _GUARDED_ALTITUDE_STEP_M = 20, 100
_COARSER = ("year", "month", "day", "hour", "minute", "second")
_BY_LEVEL: Mapping[int, str] = {1: "month", 2: "month", 3: "day", 4: "day"}

Time = tuple[datetime | None, datetime | None, str | None]


def time(level: int, observed_from: datetime | None, observed_to: datetime | None, precision: str | None) -> Time:
    """(from, to, precision): the whole month or day in China that the time lies in, or the year where no more was said."""
    if level == 0 or observed_from is None:
        return observed_from, observed_to, precision
    told = precision_of(level, precision)
    return _first(observed_from, told), _last(observed_to or observed_from, told), told


def precision_of(level: int, precision: str | None) -> str:
    finest = _BY_LEVEL[level]
    return finest if precision is None or _COARSER.index(precision) > _COARSER.index(finest) else precision


def moment(level: int, at: datetime) -> datetime:
    """The first instant of the month or day."""
    return at if level == 0 else _first(at, _BY_LEVEL[level])


def time_text(level: int, text: str | None) -> str | None:
    """Of a date or time in ISO 8601 as somebody wrote it, as much as may be told; what is no such date is not told at all."""
    if level == 0 or text is None:
        return text
    found = re.match(r"(\d{4})(?:[-:](\d\d)(?:[-:](\d\d))?)?", text)
    parts = [part for part in found.groups() if part] if found else []
    return "-".join(parts[: 2 if level < 3 else 3]) or None


def altitude_m(level: int, own: float | None, of_cell: float | None = None) -> float | None:
    """In steps: a record's own, or of a guarded one what its disclosed cell's centre has; its own would cut a contour out of the cell."""
    told, step = (own, _ALTITUDE_STEP_M) if level == 0 else (of_cell, _GUARDED_ALTITUDE_STEP_M)
    return None if told is None else float(round(told / step) * step)


def tells_recorder(level: int) -> bool:
    """Who was there: their other records of the day would tell where."""
    return level == 0


def tells_words(level: int) -> bool:
    return level == 0


def tells_counts(level: int) -> bool:
    """Whether counts below SMALLEST_COUNT are told."""
    return level == 0


_CODES = frozenset({*SEXES, *SEXES.values(), *LIFE_STAGES, *LIFE_STAGES.values()})
_CODE = re.compile(r"[A-Za-z][A-Za-z_. ]{0,39}")


def code(level: int, value: str | None) -> str | None:
    """A field meant for a code, in which people write what they like."""
    return value if level == 0 or value is None or value in _CODES or _CODE.fullmatch(value) else None


TELLING = ("event_id", "occurrence_remarks", "behavior", "pathway", "verbatim_event_date")
"""The event has a place, and free words may name one."""
_CODED = (
    "count_method",
    "organism_quantity_type",
    "sex",
    "life_stage",
    "establishment_means",
    "degree_of_establishment",
)


def occurrence(level: int, row: Mapping[str, Any]) -> dict[str, Any]:
    """The readable row of an occurrence, as much of it as may be told."""
    if level == 0:
        return dict(row)
    start, end, precision = time(level, row["observed_from"], row["observed_to"], row["date_precision"])
    return {
        **row,
        **dict.fromkeys(TELLING),
        **{name: code(level, row[name]) for name in _CODED},
        "access_class": "restricted",
        "observed_from": start,
        "observed_to": end,
        "date_precision": precision,
    }


def _first(at: datetime, precision: str) -> datetime:
    day = at.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    return day if precision == "day" else day.replace(day=1, month=1 if precision == "year" else day.month)


def _last(at: datetime, precision: str) -> datetime:
    day = at.astimezone(CHINA).replace(hour=23, minute=59, second=59, microsecond=0)
    if precision == "day":
        return day
    month = 12 if precision == "year" else day.month
    return day.replace(day=calendar.monthrange(day.year, month)[1], month=month)
