"""How far one set of outlines lies off another: a translation found by least squares on the distances between them; pure.

Positions are arrays of (longitude, latitude) in degrees; the work is done in metres around their middle.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Positions = NDArray[np.float64]
_M_PER_DEGREE = 111_320.0
_SPACING = 0.002  # degrees between the points an outline is looked at, about 200 m
_MOST_POINTS = 4_000
_ROUNDS = 30


@dataclass(frozen=True)
class Offset:
    """In degrees and metres, east and north positive."""

    east: float
    north: float
    east_m: float
    north_m: float

    @property
    def length_m(self) -> float:
        return float(np.hypot(self.east_m, self.north_m))

    def __str__(self) -> str:
        return (
            f"经度 {self.east:+.5f}°、纬度 {self.north:+.5f}°（东西 {self.east_m:+.0f} 米、南北 {self.north_m:+.0f} 米，"
            f"共 {self.length_m:.0f} 米）"
        )


def outline_points(shapes: Sequence[BaseGeometry], most: int = _MOST_POINTS) -> Positions:
    """Evenly along lines and the borders of areas, thinned to what a measurement needs; none for points."""
    borders = [shapely.boundary(one) if shapely.get_dimensions(one) == 2 else one for one in shapes]
    lines = [one for one in borders if shapely.get_dimensions(one) == 1]
    if not lines:
        return np.empty((0, 2))
    at: Positions = shapely.get_coordinates(shapely.segmentize(np.asarray(lines, dtype=object), _SPACING))
    return at[:: max(1, -(-len(at) // most))]


class Borders:
    """The outlines that others are held against."""

    def __init__(self, lines: Sequence[BaseGeometry]) -> None:
        parts = shapely.get_parts(np.asarray(lines, dtype=object))
        at, of = shapely.get_coordinates(parts, return_index=True)
        same = of[:-1] == of[1:]
        self._middle = at.mean(axis=0)
        plane = self._to_metres(at)
        self._from, self._to = plane[:-1][same], plane[1:][same]
        self._tree = shapely.STRtree(shapely.linestrings(np.stack([self._from, self._to], axis=1)))

    def distances(self, at: Positions) -> NDArray[np.float64]:
        """In metres, of each position to the nearest border."""
        return np.abs(self._nearest(self._to_metres(at))[0])

    def register(self, at: Positions, start: tuple[float, float]) -> Offset:
        """The translation by which positions lie off the borders, looked for from `start` (degrees)."""
        plane = self._to_metres(at)
        offset = np.asarray(start) * self._scale
        for _ in range(_ROUNDS):
            distance, normal = self._nearest(plane - offset)
            weight = self._weights(distance)
            matrix = (normal * weight[:, None]).T @ normal
            step = np.linalg.lstsq(matrix, (normal * weight[:, None]).T @ distance, rcond=None)[0]
            offset = offset + step
            if float(np.hypot(*step)) < 0.01:
                break
        east, north = offset / self._scale
        return Offset(float(east), float(north), float(offset[0]), float(offset[1]))

    @property
    def _scale(self) -> NDArray[np.float64]:
        return np.array([_M_PER_DEGREE * np.cos(np.radians(self._middle[1])), _M_PER_DEGREE])

    def _to_metres(self, at: Positions) -> Positions:
        metres: Positions = (at - self._middle) * self._scale
        return metres

    def _nearest(self, plane: Positions) -> tuple[NDArray[np.float64], Positions]:
        """Distance to the nearest segment, and the direction from it to the position."""
        _, found = self._tree.query_nearest(shapely.points(plane), all_matches=False)
        start, end = self._from[found], self._to[found]
        along = end - start
        share = ((plane - start) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-12)
        away = plane - (start + np.clip(share, 0, 1)[:, None] * along)
        distance = np.hypot(away[:, 0], away[:, 1])
        across = np.column_stack([-along[:, 1], along[:, 0]]) / np.maximum(np.hypot(*along.T), 1e-12)[:, None]
        near = distance < 1e-6
        normal = np.where(near[:, None], across, away / np.maximum(distance, 1e-12)[:, None])
        return distance, normal

    @staticmethod
    def _weights(distance: NDArray[np.float64]) -> NDArray[np.float64]:
        """Tukey's: what lies far off is another border, or ground that really moved."""
        width = 4.685 * max(float(np.median(distance)) * 1.4826, 0.5)
        inside = np.clip(1 - (distance / width) ** 2, 0, None)
        weights: NDArray[np.float64] = inside**2
        return weights
