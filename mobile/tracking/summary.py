"""Length and time of a track. What lies in a gap or a pause was not seen, so it is not counted as length."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mobile.tracking.gaps import Gap, is_gap
from mobile.tracking.point import TrackPoint
from shared.geodesy import distance_m


@dataclass(frozen=True)
class TrackSummary:
    """`length_m` over the unbroken stretches; `duration_s` from start to end without pauses; `legs` as (lon, lat) lines."""

    length_m: float = 0.0
    duration_s: float = 0.0
    paused_s: float = 0.0
    point_count: int = 0
    gaps: tuple[Gap, ...] = ()
    legs: tuple[tuple[tuple[float, float], ...], ...] = ()


class TrackMeter:
    """Grows with the track, so that a day of points costs no more per point than the first."""

    def __init__(self, points: Iterable[TrackPoint] = ()) -> None:
        self.points: list[TrackPoint] = []
        self._length_m = 0.0
        self._gaps: list[Gap] = []
        self._stretches: list[list[tuple[float, float]]] = []
        for point in points:
            self.add(point)

    @property
    def last(self) -> TrackPoint | None:
        return self.points[-1] if self.points else None

    def add(self, point: TrackPoint) -> None:
        last = self.last
        broken = last is not None and is_gap(last, point)
        if last is not None and broken:
            self._gaps.append(Gap(last.at, point.at))
        if last is None or broken or last.leg != point.leg:
            self._stretches.append([])
        elif last is not None:
            self._length_m += distance_m(*last.degrees, *point.degrees)
        self._stretches[-1].append(point.degrees)
        self.points.append(point)

    def summary(
        self,
        begin: datetime | None,
        end: datetime | None,
        pauses: Sequence[tuple[datetime, datetime]] = (),
    ) -> TrackSummary:
        paused = sum((until - since).total_seconds() for since, until in pauses)
        whole = (end - begin).total_seconds() if begin and end else 0.0
        return TrackSummary(
            self._length_m,
            max(0.0, whole - paused),
            paused,
            len(self.points),
            tuple(self._gaps),
            tuple(map(tuple, self._stretches)),
        )
