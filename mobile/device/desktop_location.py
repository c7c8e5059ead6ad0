"""Positions on a computer: a GPX track replayed in step with the clock, or those that a script puts."""

from datetime import datetime, timedelta

from mobile.device.ports import Fix, TabletClock, Use


class GpxReplay:
    """Walks the track again, beginning when the first fix is asked for. Its fixes are marked as simulated."""

    def __init__(self, track: list[Fix], clock: TabletClock, speed: float = 1.0) -> None:
        self._track = track
        self._clock = clock
        self._speed = speed
        self._began: datetime | None = None
        self._next = 0

    def want(self, use: Use) -> None:
        """The track goes on whether anybody looks or not, as the walker would."""

    def poll(self) -> list[Fix]:
        now = self._clock.now()
        self._began = self._began or now
        due: list[Fix] = []
        while self._next < len(self._track):
            fix = self._track[self._next]
            at = self._began + (fix.at - self._track[0].at) / self._speed
            if at > now:
                break
            due.append(_again(fix, at))
            self._next += 1
        if not due and self._track and self._next == len(self._track):
            due = [_again(self._track[-1], now)]  # at the end of the track the tablet lies still
        return due


class ScriptedLocation:
    """Hands out what was put, once; `use` is what it was last wanted for."""

    def __init__(self) -> None:
        self._waiting: list[Fix] = []
        self.use: Use = ""

    def want(self, use: Use) -> None:
        self.use = use

    def put(self, fix: Fix) -> None:
        self._waiting.append(fix)

    def poll(self) -> list[Fix]:
        waiting, self._waiting = self._waiting, []
        return waiting


def _again(fix: Fix, at: datetime) -> Fix:
    return Fix(fix.latitude_e7, fix.longitude_e7, fix.accuracy_m, at, fix.altitude_m, fix.vertical_datum, mock=True)


def shifted(track: list[Fix], first_at: datetime) -> list[Fix]:
    """The same track, begun at another time."""
    shift: timedelta = first_at - track[0].at
    return [
        Fix(f.latitude_e7, f.longitude_e7, f.accuracy_m, f.at + shift, f.altitude_m, f.vertical_datum, f.mock)
        for f in track
    ]
