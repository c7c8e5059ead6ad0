"""Which fixes enter a track. Nothing is moved or smoothed: a fix is taken as it is, or left out."""

from mobile.device.ports import Fix
from mobile.tracking.point import TrackPoint
from shared.geodesy import distance_m

WORST_ACCURACY_M = 100
FASTEST_M_S = 40  # a patrol boat does 25; beyond this the receiver jumped
CLOSEST_M = 2.0
LONGEST_STILL_MS = 30_000


def accept(previous: TrackPoint | None, fix: Fix, leg: int) -> TrackPoint | None:
    """The point that the fix adds, or None: too inaccurate, not later, a jump, or still at the same spot."""
    if fix.accuracy_m is not None and fix.accuracy_m > WORST_ACCURACY_M:
        return None
    point = TrackPoint.of(fix, leg)
    if previous is None or previous.leg != leg:
        return point
    elapsed_ms = point.t_ms - previous.t_ms
    if elapsed_ms <= 0:
        return None
    moved_m = distance_m(*previous.degrees, *point.degrees)
    if moved_m > FASTEST_M_S * elapsed_ms / 1000:
        return None
    return point if moved_m >= CLOSEST_M or elapsed_ms >= LONGEST_STILL_MS else None
