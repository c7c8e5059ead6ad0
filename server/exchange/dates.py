"""Dates as people write them, with the precision that they have; what is not understood stays verbatim and says so."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

EARLIEST_YEAR, LATEST_YEAR = 1600, 2200
_DATE = re.compile(
    r"(\d{4})(?:([-/.])(\d{1,2})(?:\2(\d{1,2}))?)?|(\d{4})年(?:(\d{1,2})月(?:(\d{1,2})[日号])?)?|(\d{4})(\d{2})(\d{2})",
    re.ASCII,
)
_TIME = re.compile(r"(\d{1,2})(?::(\d{2})(?::(\d{2})(?:[.,]\d+)?)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?", re.ASCII)
_MIDNIGHT = (0, 0, 0)


@dataclass(frozen=True)
class Observed:
    """`observed_from`, `observed_to` as the wire has them; `observed_to` None where it says no more than `observed_from`."""

    observed_from: str
    observed_to: str | None
    precision: str


@dataclass(frozen=True)
class _Point:
    text: str
    precision: str
    order: tuple[int, ...]


def read_date(text: str, zone: tzinfo | None) -> Observed | None:
    """A date, a time or a range of either; None for what is not understood.

    A time without an offset is read in `zone`; where that is None only its date is believed. Midnight to the second without a zone, or in
    UTC, is how programs write a date, so it is one.
    """
    text = text.strip()
    single = _point(text, zone)
    if single is not None:
        return Observed(single.text, None, single.precision)
    for cut in (n for n, character in enumerate(text) if character == "/"):
        start = _point(text[:cut], zone)
        end = _point(_completed(text[cut + 1 :].strip(), text[:cut].strip()), zone)
        if start is not None and end is not None:
            return _range(start, end)
    return None


def _range(start: _Point, end: _Point) -> Observed | None:
    length = min(len(start.order), len(end.order))
    if end.order[:length] < start.order[:length]:
        return None
    coarser = min((start, end), key=lambda point: len(point.order))
    if start.precision != end.precision:
        cut = {"year": 4, "month": 7, "day": 10}.get(coarser.precision)
        return Observed(start.text[:cut], end.text[:cut], coarser.precision)
    return Observed(start.text, None if end.text == start.text else end.text, start.precision)


def _completed(end: str, start: str) -> str:
    """`2007-11-13/15` and `2007-03-01T13:00Z/15:30Z` leave out what start and end share."""
    if re.fullmatch(r"\d{1,2}", end) and re.fullmatch(r"\d{4}(-\d{2}){1,2}", start):
        return f"{start.rpartition('-')[0]}-{end.zfill(2)}"
    if re.match(r"\d{1,2}:", end) and "T" in start:
        return f"{start.partition('T')[0]}T{end}"
    return end


def _point(text: str, zone: tzinfo | None) -> _Point | None:
    day, clock = _divided(text.strip())
    found = _DATE.fullmatch(day)
    if found is None:
        return None
    parts = tuple(int(part) for n, part in enumerate(found.groups(), 1) if part is not None and n != 2)
    if not _on_the_calendar(parts):
        return None
    if clock is not None:
        return _moment(parts, clock, zone)
    precision = ("year", "month", "day")[len(parts) - 1]
    return _Point("-".join(f"{part:0{4 if n == 0 else 2}d}" for n, part in enumerate(parts)), precision, parts)


def _divided(text: str) -> tuple[str, str | None]:
    day, divider, clock = text.partition("T") if "T" in text else text.partition(" ")
    return day, clock.strip() if divider else None


def _on_the_calendar(parts: tuple[int, ...]) -> bool:
    try:
        date(*(*parts, 1, 1)[:3])
    except ValueError:
        return False
    return EARLIEST_YEAR <= parts[0] <= LATEST_YEAR


def _moment(parts: tuple[int, ...], clock: str, zone: tzinfo | None) -> _Point | None:
    found = _TIME.fullmatch(clock)
    if found is None or len(parts) != 3:
        return None
    given = [int(part) for part in found.groups()[:3] if part is not None]
    hour, minute, second = (*given, 0, 0)[:3]
    try:
        offset = _offset(found.group(4))
        moment = datetime(parts[0], parts[1], parts[2], hour, minute, second, tzinfo=offset or zone)
    except ValueError:
        return None
    is_a_date = (
        len(given) == 3 and (hour, minute, second) == _MIDNIGHT and (offset is None or not offset.utcoffset(None))
    )
    if is_a_date or (offset is None and zone is None):
        return _Point(moment.date().isoformat(), "day", parts)
    precision = ("hour", "minute", "second")[len(given) - 1]
    order = tuple(moment.astimezone(UTC).timetuple()[:6])
    return _Point(moment.isoformat(timespec="seconds" if precision == "second" else "minutes"), precision, order)


def _offset(text: str | None) -> timezone | None:
    """ValueError for an offset that no place on earth has."""
    if text is None:
        return None
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if hours > 14 or minutes > 59:
        raise ValueError(text)
    return timezone((1 if text[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))


def read_columns(terms: Mapping[str, str]) -> tuple[Observed | None, str | None]:
    """(date, odd field) from the columns year, month and day; as much of it as stands without a gap."""
    parts: list[int] = []
    for field, width in (("year", 4), ("month", 2), ("day", 2)):
        text = terms.get(field, "").strip()
        if not text:
            later = {"year": ("month", "day"), "month": ("day",), "day": ()}[field]
            odd = next((name for name in later if terms.get(name, "").strip()), None)
            return _joined(parts), odd
        if not re.fullmatch(rf"\d{{1,{width}}}(\.0)?", text, re.ASCII) or not _on_the_calendar(
            (*parts, int(float(text)))
        ):
            return _joined(parts), field
        parts.append(int(float(text)))
    return _joined(parts), None


def _joined(parts: list[int]) -> Observed | None:
    if not parts:
        return None
    text = "-".join(f"{part:0{4 if n == 0 else 2}d}" for n, part in enumerate(parts))
    return Observed(text, None, ("year", "month", "day")[len(parts) - 1])
