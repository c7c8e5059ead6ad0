"""Tells GCJ-02 by holding a layer's outlines against borders that are known: the formula must bring them nearer.

What stands on no known border cannot be measured, and is told so; `--datum` is the user's word, and is held against the
measurement too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from server.places import gcj
from server.places.registration import Borders, Offset, Positions, outline_points

DATUMS = ("wgs84", "cgcs2000", "gcj02")
_FEW = 12
_GLANCE = 120
_OFF_M = 150.0  # the median offset of a generalised border is 129 m
_NEARER = 0.75
_CLEARLY_NEARER = 0.3
_NEAR_M = 150.0
_SHARE = 0.15
_LIKE_GCJ_DEGREES = 0.0012
_UNKNOWN_M = 300.0


@dataclass(frozen=True)
class Measured:
    """`offset` is None where nothing could be measured; `words` says what was found in any case. `is_unexplained`: all of it
    lies off by one shift, which is not that of GCJ-02."""

    offset: Offset | None
    is_gcj: bool
    words: str
    is_unexplained: bool = False


def measure_counties(shapes: Mapping[str, BaseGeometry], known: Mapping[str, BaseGeometry]) -> Measured:
    """Outlines of counties against those of the same codes in force."""
    both = sorted(shapes.keys() & known.keys())
    if not both:
        return Measured(None, is_gcj=False, words="没有与现行县界同代码的县，无法测量偏移")
    borders = Borders([shapely.boundary(known[code]) for code in both])
    pooled = _verdict(outline_points([shapes[code] for code in both]), borders, f"{len(both)} 个同代码的县")
    if pooled.is_gcj or len(both) == 1:
        return pooled
    single = [code for code in both if _single(shapes[code], known[code])]
    if single:
        words = f"{pooled.words}；但其中 {len(single)} 个县像是 GCJ-02：{'、'.join(single[:10])}"
        return Measured(pooled.offset, is_gcj=True, words=words)
    return pooled


def measure_others(shapes: Sequence[BaseGeometry], known: Sequence[BaseGeometry]) -> Measured:
    """Outlines that may run along known borders for a part of their way, or not at all."""
    at = outline_points(shapes)
    lines = [one for one in (_lines(shape) for shape in known) if not one.is_empty]
    if len(at) < _FEW or not lines:
        return Measured(None, is_gcj=False, words="没有可与已知边界对照的轮廓，无法测量偏移")
    borders = Borders(lines)
    corrected = gcj.to_wgs84(at)
    plain, moved = _share(at, borders), _share(corrected, borders)
    chance = max(_share(at + np.array(step), borders) for step in _elsewhere())
    bar = max(_SHARE, 1.5 * chance)
    if moved >= bar and moved >= 1.5 * plain:
        offset = borders.register(at, _middle(at - corrected))
        return Measured(
            offset,
            is_gcj=True,
            words=f"轮廓的 {moved:.0%} 在移回后与已知边界重合（原位 {plain:.0%}），实测偏移 {offset}",
        )
    if plain >= bar:
        offset = borders.register(at[borders.distances(at) < _NEAR_M], (0.0, 0.0))
        return Measured(offset, is_gcj=False, words=f"轮廓的 {plain:.0%} 与已知边界重合，没有 GCJ-02 的偏移")
    return Measured(
        None, is_gcj=False, words="轮廓与已知边界没有足够的重合，无法测量偏移；若来自网络地图，请用 --datum 说明"
    )


def corrected(shape: BaseGeometry) -> BaseGeometry:
    """Of GCJ-02, in WGS84."""
    moved: BaseGeometry = shapely.transform(shape, gcj.to_wgs84)
    return moved


def _verdict(at: Positions, borders: Borders, what: str) -> Measured:
    if len(at) < _FEW:
        return Measured(None, is_gcj=False, words="轮廓点太少，无法测量偏移")
    back = gcj.to_wgs84(at)
    before, after = np.median(borders.distances(at)), np.median(borders.distances(back))
    expected = _middle(at - back)
    starts = [expected, (0.0, 0.0)] if after < before else [(0.0, 0.0), expected]
    found = [borders.register(at, start) for start in starts]
    offset, left = min(((one, _left(at, borders, one)) for one in found), key=lambda pair: pair[1])
    near = max(abs(offset.east - expected[0]), abs(offset.north - expected[1])) < _LIKE_GCJ_DEGREES
    is_gcj = bool(near and before > _OFF_M and after < _NEARER * before)
    words = (
        f"按 {what}的轮廓，实测偏移 {offset}；与现行县界的距离中位数 {before:.0f} 米，按 GCJ-02 换算后 {after:.0f} 米"
    )
    unexplained = not is_gcj and offset.length_m > _UNKNOWN_M and left < _NEARER * before
    return Measured(offset, is_gcj, words, bool(unexplained))


def _left(at: Positions, borders: Borders, offset: Offset) -> float:
    """The distance that remains when the offset is taken back."""
    return float(np.median(borders.distances(at - np.array([offset.east, offset.north]))))


def _single(shape: BaseGeometry, known: BaseGeometry) -> bool:
    """A look at one county among many: a few points will do, and most are where they should be."""
    at = outline_points([shape], _GLANCE)
    borders = Borders([shapely.boundary(known)])
    before = np.median(borders.distances(at))
    return bool(before > 2 * _OFF_M and np.median(borders.distances(gcj.to_wgs84(at))) < _CLEARLY_NEARER * before)


def _lines(shape: BaseGeometry) -> BaseGeometry:
    lines: BaseGeometry = shapely.boundary(shape) if shapely.get_dimensions(shape) == 2 else shape
    return lines


def _share(at: Positions, borders: Borders) -> float:
    return float(np.mean(borders.distances(at) < _NEAR_M))


def _middle(offsets: Positions) -> tuple[float, float]:
    east, north = np.median(offsets, axis=0)
    return float(east), float(north)


def _elsewhere() -> list[tuple[float, float]]:
    """Shifts that no datum has: what coincides there does so by chance."""
    angles = np.arange(12) * np.pi / 6
    return [(r * float(np.cos(a)), r * float(np.sin(a))) for r in (0.012, 0.02) for a in angles]
