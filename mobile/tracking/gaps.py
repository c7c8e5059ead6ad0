"""Where a track is broken although nobody paused it."""

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


def is_gap(a: TrackPoint, b: TrackPoint) -> bool:
    """A silence of two minutes or more within a leg: shown as a gap, never bridged."""
    return a.leg == b.leg and b.t_ms - a.t_ms >= SHORTEST_GAP_MS
