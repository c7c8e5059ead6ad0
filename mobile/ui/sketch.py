"""Fits a track into a box, without a map behind it. No kivy here."""

from collections.abc import Sequence
from math import cos, radians

Line = Sequence[tuple[float, float]]
MOST_POINTS = 1200
SCALES_M = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)
METRES_PER_DEGREE = 111_320.0


def fit(legs: Sequence[Line], width: float, height: float) -> tuple[list[list[float]], float]:
    """Legs of (longitude, latitude) → flat x, y lists inside width × height, and pixels per metre; at least 100 m are shown."""
    thin = [_thin(leg, legs) for leg in legs if leg]
    xs = [x for leg in thin for x, _ in leg]
    ys = [y for leg in thin for _, y in leg]
    if not xs:
        return [], 0.0
    shrink = cos(radians((min(ys) + max(ys)) / 2))
    across, up = (max(xs) - min(xs)) * shrink * METRES_PER_DEGREE, (max(ys) - min(ys)) * METRES_PER_DEGREE
    scale = min(width / max(across, 100.0), height / max(up, 100.0))
    middle_x, middle_y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            width / 2 + (x - middle_x) * shrink * METRES_PER_DEGREE * scale,
            height / 2 + (y - middle_y) * METRES_PER_DEGREE * scale,
        )

    return [[value for point in leg for value in place(*point)] for leg in thin], scale


def scale_bar(pixels_per_metre: float, room: float) -> tuple[float, str]:
    """(length in pixels, words) of the longest round length that fits into `room` pixels."""
    fitting = [metres for metres in SCALES_M if metres * pixels_per_metre <= room] or [SCALES_M[0]]
    metres = fitting[-1]
    return metres * pixels_per_metre, f"{metres // 1000} 公里" if metres >= 1000 else f"{metres} 米"


def _thin(leg: Line, legs: Sequence[Line]) -> list[tuple[float, float]]:
    """Every so many points, but always the first and the last: a day of track has tens of thousands."""
    step = max(1, sum(map(len, legs)) // MOST_POINTS)
    kept = list(leg[::step])
    return kept if kept[-1] == leg[-1] else [*kept, leg[-1]]
