"""The computer's clock, and one that a script sets."""

import time
from datetime import datetime

from shared.clock import CHINA, require_aware


class WallClock:
    def now(self) -> datetime:
        return datetime.now(CHINA)

    def monotonic_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000


class ScriptedClock:
    """Stands where the script set it; before the first `set`, and after `release`, it is the computer's clock."""

    def __init__(self) -> None:
        self._wall = WallClock()
        self._at: datetime | None = None

    def set(self, at: datetime) -> None:
        self._at = require_aware(at).astimezone(CHINA)

    def release(self) -> None:
        self._at = None

    def now(self) -> datetime:
        return self._at or self._wall.now()

    def monotonic_ms(self) -> int:
        return self._wall.monotonic_ms()
