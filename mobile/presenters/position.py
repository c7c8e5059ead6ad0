"""The position as the screens show it: the best of the latest fixes, and in words when there is none."""

from datetime import datetime, timedelta

from mobile.device.ports import Fix, TabletClock
from mobile.presenters.observable import Presenter
from shared.geodesy import distance_m

FRESH = timedelta(seconds=120)
WINDOW = timedelta(seconds=10)
GOOD_ACCURACY_M = 30


class PositionPresenter(Presenter):
    """`fix` is the best usable Fix or None; `text` e.g. ``定位 ±5 米``; `quality` is good, poor or none;
    `longitude` and `latitude` in degrees (None without a fix); `accuracy_m` in metres."""

    def __init__(self, clock: TabletClock) -> None:
        super().__init__()
        self._clock = clock
        self._recent: list[Fix] = []
        self.fix: Fix | None = None
        self.text = "正在定位…"
        self.quality = "none"
        self.accuracy_m: float | None = None
        self.longitude: float | None = None
        self.latitude: float | None = None

    def receive(self, fixes: list[Fix]) -> None:
        """New fixes, oldest first; call with none to let an old position grow stale."""
        self._recent = [*self._recent, *fixes][-30:]
        before = (self.fix, self.text)
        self._settle(self._clock.now())
        if (self.fix, self.text) != before:
            self.changed()

    def _settle(self, now: datetime) -> None:
        newest = self._recent[-1] if self._recent else None
        usable = newest is not None and abs(now - newest.at) <= FRESH
        self.fix = _best(newest, self._recent) if newest is not None and usable else None
        self.accuracy_m = self.fix.accuracy_m if self.fix else None
        self.longitude, self.latitude = self.fix.degrees if self.fix else (None, None)
        self.quality = _quality(self.fix)
        self.text = _words(self.fix, newest, now)


def _best(newest: Fix, recent: list[Fix]) -> Fix:
    """A slightly older fix wins only if it is more accurate and the newest one agrees that nobody walked away."""

    def agrees(fix: Fix) -> bool:
        within = distance_m(*fix.degrees, *newest.degrees) <= (newest.accuracy_m or 0)
        return within and newest.at - fix.at <= WINDOW

    return min(
        filter(agrees, recent),
        key=lambda fix: (fix.accuracy_m is None, fix.accuracy_m, -fix.at.timestamp()),
        default=newest,
    )


def _quality(fix: Fix | None) -> str:
    if fix is None:
        return "none"
    return "good" if fix.accuracy_m is not None and fix.accuracy_m <= GOOD_ACCURACY_M else "poor"


def _words(fix: Fix | None, newest: Fix | None, now: datetime) -> str:
    if fix is not None:
        return f"定位 ±{fix.accuracy_m:.0f} 米" if fix.accuracy_m is not None else "已定位（精度未知）"
    if newest is not None:
        return f"定位中断，最后一次在 {abs(now - newest.at).total_seconds() / 60:.0f} 分钟前"
    return "正在定位…"
