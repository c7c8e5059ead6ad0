"""Length and time of a track. What lies in a gap or a pause was not seen, so it is not counted as length."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mobile.tracking.gaps import Gap, gaps_of, runs
from mobile.tracking.point import TrackPoint
from shared.geodesy import length_m


@dataclass(frozen=True)
class TrackSummary:
    """`length_m` over the unbroken stretches; `duration_s` from start to end without pauses; `legs` as (lon, lat) lines."""

    length_m: float = 0.0
    duration_s: float = 0.0
    paused_s: float = 0.0
    point_count: int = 0
    gaps: tuple[Gap, ...] = ()
    legs: tuple[tuple[tuple[float, float], ...], ...] = ()


def summarise(
    points: Sequence[TrackPoint], begin: datetime | None, end: datetime | None, pauses: Sequence[tuple[datetime, datetime]] = (),
) -> TrackSummary:
    stretches = [tuple(point.degrees for point in run) for run in runs(points)]
    paused = sum((until - since).total_seconds() for since, until in pauses)
    whole = (end - begin).total_seconds() if begin and end else 0.0
    return TrackSummary(
        sum(length_m(stretch) for stretch in stretches), max(0.0, whole - paused), paused, len(points), tuple(gaps_of(points)), tuple(stretches),
    )
