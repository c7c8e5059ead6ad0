"""Time comes from a clock that is handed in, never from a module, so that a day can be replayed."""

import calendar
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Protocol

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has had one zone without summer time since 1991; survey dates are read in it."""


class Clock(Protocol):
    def now(self) -> datetime: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    def __init__(self, at: datetime) -> None:
        self.at = require_aware(at)

    def now(self) -> datetime:
        return self.at


def require_aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"time without a zone: {value.isoformat()}")
    return value


def parse_aware(text: str) -> datetime:
    """An ISO 8601 instant with its offset; ValueError otherwise."""
    return require_aware(datetime.fromisoformat(text.replace("Z", "+00:00")))


def today_in_china(clock: Clock) -> date:
    """Lists and layers come into force by the calendar of China."""
    return clock.now().astimezone(CHINA).date()


def end_of_day_in_china(iso_date: str) -> datetime:
    """24:00 Asia/Shanghai of a date: what `--as-of` means."""
    return datetime.fromisoformat(iso_date).replace(tzinfo=CHINA) + timedelta(days=1)


def observed_interval(body: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """First and last instant that the record can mean; a date is read in China's zone. None where it has no date."""
    start = _bound(body.get("observed_from"), last=False)
    end = _bound(body.get("observed_to") or body.get("observed_from"), last=True)
    if start is not None and end is not None and end < start:
        return start, start
    return start, end


def observed_year(body: Mapping[str, Any]) -> int:
    """The year in China of the first instant; 0 for undated."""
    start, _ = observed_interval(body)
    return start.astimezone(CHINA).year if start else 0


def _bound(text: str | None, last: bool) -> datetime | None:
    if not text:
        return None
    if len(text) > 10:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)
    year, month, day = ([int(part) for part in text.split("-")] + [0, 0])[:3]
    if not last:
        return datetime(year, month or 1, day or 1, tzinfo=CHINA)
    month = month or 12
    return datetime(year, month, day or calendar.monthrange(year, month)[1], 23, 59, 59, tzinfo=CHINA)
