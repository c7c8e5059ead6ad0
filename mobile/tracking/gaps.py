"""Where a track is broken although nobody paused it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from mobile.tracking.point import TrackPoint

SHORTEST_GAP_MS = 120_000


@dataclass(frozen=True)
class Gap:
    begin: datetime
    end: datetime

    @property
    def minutes(self) -> float:
        return (self.end - self.begin).total_seconds() / 60

    def as_wire(self) -> dict[str, str]:
        return {"from": self.begin.isoformat(timespec="seconds"), "to": self.end.isoformat(timespec="seconds")}


def gaps_of(points: Sequence[TrackPoint]) -> list[Gap]:
    """Silences of two minutes or more within a leg: shown as gaps, never bridged."""
    return [Gap(a.at, b.at) for a, b in zip(points, points[1:], strict=False) if is_gap(a, b)]


def is_gap(a: TrackPoint, b: TrackPoint) -> bool:
    return a.leg == b.leg and b.t_ms - a.t_ms >= SHORTEST_GAP_MS


def runs(points: Sequence[TrackPoint]) -> Iterator[list[TrackPoint]]:
    """The unbroken stretches between pauses and gaps."""
    run: list[TrackPoint] = []
    for point in points:
        if run and (run[-1].leg != point.leg or is_gap(run[-1], point)):
            yield run
            run = []
        run.append(point)
    if run:
        yield run
