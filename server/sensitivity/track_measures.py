"""What a track looks like in numbers that tell no place: how fast, how straight, how even, how like an earlier one; pure.

A receiver under trees scatters, reports another accuracy every few fixes and never walks the same way twice to the centimetre.
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

_M_PER_E7 = 0.011_119_5
_WINDOW_S = 20.0
_STRAIGHT_WITHIN_M = 0.7
_EVEN_WITHIN_M = 0.02
_JUMP_M = 500.0
_JUMP_S = 120.0
_NEAR_M = 5.0
_AT_REST_M = 1.0


class TrackPoint(NamedTuple):
    leg: int
    t_ms: int
    longitude_e7: int
    latitude_e7: int
    accuracy_cm: int | None = None


@dataclass(frozen=True)
class TrackMeasures:
    """`same_accuracy_share`: of the points, those with the commonest accuracy; 0 where fewer than half tell one.
    `straight_min`, `straight_m`: the longest stretch that keeps to a line as no receiver does. `even_share`: of moving points, those
    in even motion. `fastest_m_s`: kept up for 20 s. `jump_m_s`: the fastest leap over 500 m; `sudden_m_s`: the fastest of those that
    neither what went before nor what came after explains. `replayed_share`: of the points, those of an earlier track."""

    points: int = 0
    minutes: float = 0.0
    same_accuracy_share: float = 0.0
    straight_m: float = 0.0
    straight_min: float = 0.0
    even_share: float = 0.0
    fastest_m_s: float = 0.0
    jump_m_s: float = 0.0
    sudden_m_s: float = 0.0
    replayed_share: float = 0.0


class _Spot(NamedTuple):
    t: float
    x: float
    y: float


def measure(track: Sequence[TrackPoint], earlier: Sequence[Sequence[TrackPoint]] = ()) -> TrackMeasures:
    """`earlier`: tracks of other patrols that this one may be a copy of."""
    if len(track) < 2:
        return TrackMeasures(len(track))
    legs = _legs(track)
    stretches = [_longest_straight(leg) for leg in legs]
    straight = max(stretches, key=lambda one: one[0])
    leaps = [leap for leg in legs for leap in _leaps(leg)]
    return TrackMeasures(
        points=len(track),
        minutes=(track[-1].t_ms - track[0].t_ms) / 60_000,
        same_accuracy_share=_same_accuracy(track),
        straight_m=straight[0],
        straight_min=straight[1],
        even_share=_even(legs),
        fastest_m_s=max(_fastest(leg) for leg in legs),
        jump_m_s=max((speed for speed, _ in leaps), default=0.0),
        sudden_m_s=max((speed for speed, sudden in leaps if sudden), default=0.0),
        replayed_share=max((_replayed(track, other) for other in earlier), default=0.0),
    )


def distance_between_m(a: TrackPoint, b: TrackPoint) -> float:
    scale = math.cos(math.radians((a.latitude_e7 + b.latitude_e7) / 2e7))
    return math.hypot(
        (b.longitude_e7 - a.longitude_e7) * _M_PER_E7 * scale, (b.latitude_e7 - a.latitude_e7) * _M_PER_E7
    )


def where_at(track: Sequence[TrackPoint], t_ms: int, longest_gap_s: float = 300) -> TrackPoint | None:
    """Between the two fixes around a moment; None outside the track and in a gap of it."""
    at = bisect_left(track, t_ms, key=lambda point: point.t_ms)
    if at < len(track) and track[at].t_ms == t_ms:
        return track[at]
    if not 0 < at < len(track):
        return None
    before, after = track[at - 1], track[at]
    span = after.t_ms - before.t_ms
    if before.leg != after.leg or not 0 < span <= longest_gap_s * 1000:
        return None
    share = (t_ms - before.t_ms) / span
    return TrackPoint(
        before.leg,
        t_ms,
        round(before.longitude_e7 + share * (after.longitude_e7 - before.longitude_e7)),
        round(before.latitude_e7 + share * (after.latitude_e7 - before.latitude_e7)),
    )


def _legs(track: Sequence[TrackPoint]) -> list[list[_Spot]]:
    origin = track[0]
    scale = math.cos(math.radians(origin.latitude_e7 / 1e7)) * _M_PER_E7
    legs: dict[int, list[_Spot]] = {}
    for point in track:
        spot = _Spot(
            point.t_ms / 1000,
            (point.longitude_e7 - origin.longitude_e7) * scale,
            (point.latitude_e7 - origin.latitude_e7) * _M_PER_E7,
        )
        legs.setdefault(point.leg, []).append(spot)
    return list(legs.values())


def _apart(a: _Spot, b: _Spot) -> float:
    return math.hypot(b.x - a.x, b.y - a.y)


def _same_accuracy(track: Sequence[TrackPoint]) -> float:
    told = [point.accuracy_cm for point in track if point.accuracy_cm is not None]
    if len(told) * 2 < len(track):
        return 0.0
    return Counter(told).most_common(1)[0][1] / len(track)


def _fastest(leg: Sequence[_Spot]) -> float:
    """The second fastest of disjoint windows, so that one wild fix makes nobody a racer."""
    speeds, start = [], 0
    for end in range(1, len(leg)):
        elapsed = leg[end].t - leg[start].t
        if elapsed >= _WINDOW_S:
            speeds.append(_apart(leg[start], leg[end]) / elapsed)
            start = end
    return sorted(speeds)[-2] if len(speeds) > 1 else 0.0


def _leaps(leg: Sequence[_Spot]) -> list[tuple[float, bool]]:
    """(speed, whether sudden) of each step over 500 m."""
    found = []
    for n, (a, b) in enumerate(pairwise(leg)):
        moved, elapsed = _apart(a, b), b.t - a.t
        if moved < _JUMP_M or elapsed <= 0:
            continue
        around = max(_typical(leg[max(0, n - 5) : n + 1]), _typical(leg[n + 1 : n + 7]), 1.5)
        found.append((moved / elapsed, elapsed <= _JUMP_S and moved / elapsed > 4 * around))
    return found


def _typical(some: Sequence[_Spot]) -> float:
    speeds = sorted(_apart(a, b) / (b.t - a.t) for a, b in pairwise(some) if b.t > a.t)
    return speeds[len(speeds) // 2] if speeds else 0.0


def _even(legs: Sequence[Sequence[_Spot]]) -> float:
    """Of three fixes in succession, evenly apart in time, the middle one lies where the outer two say."""
    even = moving = 0
    for leg in legs:
        for a, b, c in zip(leg, leg[1:], leg[2:], strict=False):
            if _apart(a, c) < 2 * _AT_REST_M or abs((b.t - a.t) - (c.t - b.t)) > 0.5:
                continue
            moving += 1
            even += math.hypot(a.x - 2 * b.x + c.x, a.y - 2 * b.y + c.y) <= _EVEN_WITHIN_M
    return even / moving if moving >= 20 else 0.0


def _longest_straight(leg: Sequence[_Spot]) -> tuple[float, float]:
    """(metres, minutes) of the longest stretch of 20 fixes and more whose fixes all keep to one line."""
    best = (0.0, 0.0)
    start = 0
    while start < len(leg) - 20:
        end = start + 20
        if not _is_straight(leg[start : end + 1]):
            start += 5
            continue
        while True:  # by growing steps, so that a long line costs no square of its length
            further = end + max(5, (end - start) // 4)
            if further >= len(leg) or not _is_straight(leg[start : further + 1]):
                break
            end = further
        best = max(best, (_apart(leg[start], leg[end]), (leg[end].t - leg[start].t) / 60))
        start = end
    return best


def _is_straight(some: Sequence[_Spot]) -> bool:
    first, last = some[0], some[-1]
    length = _apart(first, last)
    if length < 20 * _AT_REST_M:
        return False
    ux, uy = (last.x - first.x) / length, (last.y - first.y) / length
    return all(abs((one.x - first.x) * uy - (one.y - first.y) * ux) <= _STRAIGHT_WITHIN_M for one in some)


def _replayed(track: Sequence[TrackPoint], other: Sequence[TrackPoint]) -> float:
    if len(track) < 15 or len(other) < 15:
        return 0.0
    return max(_same_points(track, other), _same_steps(track, other), _same_walk(track, other))


def _same_points(track: Sequence[TrackPoint], other: Sequence[TrackPoint]) -> float:
    known = {(point.longitude_e7, point.latitude_e7) for point in other}
    own = {(point.longitude_e7, point.latitude_e7) for point in track}
    return len(own & known) / len(own)


def _same_steps(track: Sequence[TrackPoint], other: Sequence[TrackPoint]) -> float:
    """Two steps in succession, to the centimetre: what stays when a whole track is moved elsewhere."""
    known, own = set(_steps(other)), _steps(track)
    return sum(step in known for step in own) / len(own) if len(own) >= 15 else 0.0


def _steps(track: Sequence[TrackPoint]) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = []
    for a, b, c in zip(track, track[1:], track[2:], strict=False):
        step = (
            b.longitude_e7 - a.longitude_e7,
            b.latitude_e7 - a.latitude_e7,
            c.longitude_e7 - b.longitude_e7,
            c.latitude_e7 - b.latitude_e7,
        )
        if sum(map(abs, step)) * _M_PER_E7 > _AT_REST_M:
            found.append(step)
    return found


def _same_walk(track: Sequence[TrackPoint], other: Sequence[TrackPoint]) -> float:
    """As far in as much time from the same spot, all the way: even who knows the path never keeps the pace of another day."""
    if _reach(track) < 300:
        return 0.0
    anchor = min(range(len(other)), key=lambda n: distance_between_m(track[0], other[n]))
    offset = other[anchor].t_ms - track[0].t_ms
    near = sum(
        spot is not None and distance_between_m(point, spot) <= _NEAR_M
        for point in track
        for spot in (where_at(other, point.t_ms + offset),)
    )
    share = near / len(track)
    return share if share > 0.8 else 0.0


def _reach(track: Sequence[TrackPoint]) -> float:
    return max(distance_between_m(track[0], point) for point in track)
