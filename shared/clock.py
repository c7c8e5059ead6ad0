"""Time comes from a clock that is handed in, never from a module, so that a day can be replayed."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

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


def end_of_day_in_china(iso_date: str) -> datetime:
    """24:00 Asia/Shanghai of a date: what `--as-of` means."""
    return datetime.fromisoformat(iso_date).replace(tzinfo=CHINA) + timedelta(days=1)
