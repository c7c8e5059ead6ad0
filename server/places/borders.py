"""How far points are from the rings of a polygon, as ST_Distance on geography tells it: the nearest point is found on the
sphere, where a side is an arc of a great circle, and its distance is measured on the ellipsoid; pure."""

import functools
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from server.places.polygons import Floats

_ROOM_DEG = 1e-7


class Border:
    """The sides of one polygon, (x1, y1, x2, y2) in degrees."""

    def __init__(self, x1: Floats, y1: Floats, x2: Floats, y2: Floats) -> None:
        self._start, self._end = np.column_stack([x1, y1]), np.column_stack([x2, y2])
        latitudes = np.radians(np.r_[y1, y2])
        narrow, wide = np.cos(np.abs(latitudes).max()), np.cos(np.abs(latitudes).min())
        self._squeeze = np.array([np.cos(latitudes.mean()), 1.0])
        # How much the flattened map may mistake a distance: by its scale, and by how far a great circle leaves a straight side.
        self._scale = (wide / narrow) ** 2 * 1.01
        bulge = np.radians(np.abs(x2 - x1).max()) ** 2 / 8 * np.tan(np.abs(latitudes).max())
        self._room = 4 * np.degrees(bulge) + _ROOM_DEG
        lines = shapely.linestrings(np.stack([self._start * self._squeeze, self._end * self._squeeze], axis=1))
        self._tree = shapely.STRtree(lines)

    def distances_m(self, lon: Floats, lat: Floats, outside: bool = False) -> Floats:
        """`outside`: for points outside the polygon by its straight sides. One that lies within it by the arcs of great
        circles is at its border, as geography has it."""
        at = np.column_stack([lon, lat])
        points = shapely.points(at * self._squeeze)
        (asked, _), flat = self._tree.query_nearest(points, return_distance=True, all_matches=False)
        reach = np.empty(len(at))
        reach[asked] = flat * self._scale + self._room
        point, side = self._tree.query(points, predicate="dwithin", distance=reach)
        nearest, chord, between = _nearest_on_arcs(at[point], self._start[side], self._end[side])
        order = np.lexsort([chord, point])
        first = order[np.flatnonzero(np.r_[True, np.diff(point[order]) > 0])]
        to = nearest[first]
        _, _, metres = _ellipsoid().inv(lon, lat, to[:, 0], to[:, 1])
        return np.where(between[first] & outside, 0.0, metres)


@functools.cache
def _ellipsoid() -> Any:
    from pyproj import Geod

    return Geod(ellps="WGS84")


def _nearest_on_arcs(at: Floats, start: Floats, end: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """The nearest point of each arc, in degrees; the straight line to it through a sphere of radius 1; and whether the
    point lies between the arc and the side that is straight in degrees."""
    p, a, b = _on_sphere(at), _on_sphere(start), _on_sphere(end)
    # Of the difference, not of the far end: the ends lie so near each other that their own product would lose half its digits.
    normal = np.cross(a, b - a)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    foot = p - normal * (normal * p).sum(axis=1, keepdims=True)
    foot /= np.linalg.norm(foot, axis=1, keepdims=True)
    past_start = (np.cross(normal, a) * foot).sum(axis=1) >= 0
    before_end = (np.cross(normal, b) * foot).sum(axis=1) <= 0
    to_start, to_end = (np.linalg.norm(p - one, axis=1) for one in (a, b))
    chord, nearest = np.minimum(to_start, to_end), np.where((to_start <= to_end)[:, None], start, end)
    on_arc = past_start & before_end
    to_foot = np.linalg.norm(p - foot, axis=1)
    nearer = on_arc & (to_foot < chord)
    left = (end[:, 0] - start[:, 0]) * (at[:, 1] - start[:, 1]) - (at[:, 0] - start[:, 0]) * (end[:, 1] - start[:, 1])
    between = nearer & (left * (normal * p).sum(axis=1) < 0)
    return np.where(nearer[:, None], _degrees(foot), nearest), np.where(nearer, to_foot, chord), between


def _on_sphere(degrees: Floats) -> Floats:
    lon, lat = np.radians(degrees).T
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _degrees(points: Floats) -> Floats:
    x, y, z = points.T
    found: Floats = np.degrees(np.column_stack([np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))]))
    return found
