"""How much of time, recorder, height and words may stand beside a place that is kept at a level; pure.

One way for rows, answers and exports. Each function may be asked again with what it told before: a level that grew stricter is
reached from what a milder one told.
"""

import calendar
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from server.sensitivity.words import WITHHELD_ZH, tells_place, tells_position
from shared.clock import CHINA
from shared.vocabulary import (
    BASIS_OF_RECORD,
    COUNT_METHODS,
    EVIDENCE_CLASSES,
    LIFE_STAGES,
    MEASUREMENT_CODES,
    OCCURRENCE_STATUS,
    SEXES,
)

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
    return precision if precision in _COARSER[: _COARSER.index(finest)] else finest


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


_CODES = frozenset(word for codes in (SEXES, LIFE_STAGES, COUNT_METHODS) for pair in codes.items() for word in pair)
_CODE = re.compile(r"[A-Za-z][A-Za-z_. ]{0,39}")


def code(level: int, value: str | None) -> str | None:
    """A field meant for a code, in which people write what they like."""
    return value if level == 0 or value is None or value in _CODES or _CODE.fullmatch(value) else None


def known_code(level: int, codes: Mapping[str, str], value: str) -> str:
    """Of something guarded, of a code that we do not know no more than that: it could say anything."""
    return value if level == 0 or value in codes or not value else "unknown"


Spoken = Callable[[str | None], bool]
"""Whether words say that something guarded was there (words.GuardedNames.spoken_of)."""
TELLING = ("event_id", "occurrence_remarks", "behavior", "pathway", "verbatim_event_date")
"""The event has a place, and free words may name one."""
CODED = (
    "count_method",
    "organism_quantity_type",
    "sex",
    "life_stage",
    "establishment_means",
    "degree_of_establishment",
)
OCCURRENCE_WORDS = (*TELLING[1:], *CODED)
EVENT_TELLING = ("location_name", "event_remarks", "verbatim_event_date")
VOCABULARIES: Mapping[str, Mapping[str, str]] = {
    "occurrence_status": OCCURRENCE_STATUS,
    "evidence_class": EVIDENCE_CLASSES,
    "basis_of_record": BASIS_OF_RECORD,
}
_EVENT_CODED = ("weather", "habitat_code", "disturbance_code")
EVENT_WORDS = (*EVENT_TELLING, *_EVENT_CODED)
_REMARKS = frozenset({"occurrence_remarks", "event_remarks"})


def occurrence(level: int, row: Mapping[str, Any], spoken: Spoken) -> dict[str, Any]:
    """The readable row of an occurrence, as much of it as may be told."""
    if level == 0:
        return {**row, **open_words(row, OCCURRENCE_WORDS, spoken)}
    start, end, precision = time(level, row["observed_from"], row["observed_to"], row["date_precision"])
    return {
        **row,
        **dict.fromkeys(TELLING),
        **{name: code(level, row[name]) for name in CODED},
        **{name: known_code(level, codes, row[name]) for name, codes in VOCABULARIES.items()},
        "access_class": "restricted",
        "observed_from": start,
        "observed_to": end,
        "date_precision": precision,
    }


def event_words(guarded: bool, told: Mapping[str, Any], spoken: Spoken) -> dict[str, str | None]:
    """The words of an event; `guarded`: it is a patrol, or something guarded was found on it."""
    if not guarded:
        return open_words(told, EVENT_WORDS, spoken)
    return {**dict.fromkeys(EVENT_TELLING), **{name: _without_place(told[name], spoken) for name in _EVENT_CODED}}


def open_words(told: Mapping[str, Any], names: Iterable[str], spoken: Spoken) -> dict[str, str | None]:
    """Words beside a place that is open, without those that say what guarded thing is there."""
    return {name: _withheld(name) if spoken(told[name]) else told[name] for name in names}


def taxon_name(name: str | None, is_listed: bool) -> str | None:
    """Of something guarded: a name that somebody wrote a position into is no name to show, nor one that no list has and that may name
    the place besides (what lists have is often called after a mountain)."""
    return None if name and (tells_position(name) or (not is_listed and tells_place(name))) else name


def naming_words(text: str | None) -> str | None:
    """Of something guarded: how sure the name is and by what, in a few words of the observer's own."""
    return None if text and tells_place(text) else text


def _without_place(text: str | None, spoken: Spoken) -> str | None:
    return None if text and (spoken(text) or tells_place(text)) else text


def _withheld(name: str) -> str | None:
    return WITHHELD_ZH if name in _REMARKS else None


_PLAIN = re.compile(r"[a-z_]{1,40}|-?\d{1,9}(\.\d{1,2})?", re.ASCII)
"""A coded value, or a number as fine as a survey measures and too coarse for a coordinate."""
_UNIT = re.compile(r"[A-Za-z%°℃]{1,4}[2²³]?|平方米|公顷|亩|米")


def measurement(guarded: bool, told: Mapping[str, Any], spoken: Spoken) -> bool:
    """Whether it may be read: of a guarded subject only what cannot be words about its place."""
    if not guarded:
        return not (spoken(told["value"]) or spoken(told.get("method")))
    unit, method = told.get("unit"), told.get("method")
    known = told["code"] in MEASUREMENT_CODES and (not unit or bool(_UNIT.fullmatch(unit)))
    return known and bool(_PLAIN.fullmatch(told["value"])) and code(1, method) == method


def _first(at: datetime, precision: str) -> datetime:
    day = at.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    return day if precision == "day" else day.replace(day=1, month=1 if precision == "year" else day.month)


def _last(at: datetime, precision: str) -> datetime:
    day = at.astimezone(CHINA).replace(hour=23, minute=59, second=59, microsecond=0)
    if precision == "day":
        return day
    month = 12 if precision == "year" else day.month
    return day.replace(day=calendar.monthrange(day.year, month)[1], month=month)
