"""Which of many polygons hold each of many points: the arithmetic of PostGIS's ST_Intersects(polygon, point), vectorised; pure.

PostGIS counts windings with plain double arithmetic, ring by ring, and so do we: a point on a side, or within one rounding
of it, comes out as there. GEOS, which shapely asks, computes the side of such a point more exactly and disagrees now and then.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_NO_LENGTH = 1e-12 * 1e-12  # PostGIS passes over shorter sides, once it has indexed a polygon
_PAIRS_AT_ONCE = 200_000
_BOX_CELLS = 200


@dataclass(frozen=True)
class Sides:
    """Every side of every ring, in the order of polygon, part and ring; `ring` numbers them through."""

    x1: Floats
    y1: Floats
    x2: Floats
    y2: Floats
    ring: Ints
    polygon_of_ring: Ints
    part_of_ring: Ints
    is_hole: NDArray[np.bool_]

    @property
    def polygon(self) -> Ints:
        return self.polygon_of_ring[self.ring]


def sides_of(shapes: Sequence[shapely.Geometry | None]) -> Sides:
    """Only the areas count: what else a collection holds has no inside."""
    areas, polygon_of_part = _areas(np.asarray(shapes, dtype=object))
    rings, part_of_ring = shapely.get_rings(areas, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    joined = ring[1:] == ring[:-1]
    start, end, ring = points[:-1][joined], points[1:][joined], ring[:-1][joined]
    long_enough = ((end - start) ** 2).sum(axis=1) >= _NO_LENGTH
    start, end, ring = start[long_enough], end[long_enough], ring[long_enough]
    first = np.ones(len(part_of_ring), dtype=bool)
    first[1:] = part_of_ring[1:] != part_of_ring[:-1]
    x1, y1, x2, y2 = (np.ascontiguousarray(column) for column in (*start.T, *end.T))
    return Sides(
        x1,
        y1,
        x2,
        y2,
        ring.astype(np.int64),
        polygon_of_part[part_of_ring],
        part_of_ring.astype(np.int64),
        ~first,
    )


def _areas(shapes: NDArray[np.object_]) -> tuple[NDArray[np.object_], Ints]:
    index = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    parts = shapes[index]
    while (shapely.get_type_id(parts) > 3).any():  # a collection may hold multipolygons
        parts, of = shapely.get_parts(parts, return_index=True)
        index = index[of]
    is_area = shapely.get_type_id(parts) == 3
    return parts[is_area], index[is_area].astype(np.int64)


def ramps(begin: Ints, count: Ints) -> tuple[Ints, Ints]:
    """(row, value): for each row the values begin, begin + 1, … of which it has `count`."""
    row = np.repeat(np.arange(len(count)), count)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(begin, count)


def groups(keys: Ints) -> Iterator[tuple[int, Ints]]:
    """(key, the places where it stands), by key."""
    if len(keys):
        order = np.argsort(keys, kind="stable")
        found, starts = np.unique(keys[order], return_index=True)
        yield from zip(found.tolist(), np.split(order, starts[1:]), strict=True)


class Boxes:
    """Bounding boxes (west, south, east, north) in a coarse lattice."""

    def __init__(self, bounds: Floats) -> None:
        self.bounds = bounds
        finite = bounds[np.isfinite(bounds).all(axis=1)] if len(bounds) else np.zeros((1, 4))
        finite = finite if len(finite) else np.zeros((1, 4))
        self._low = finite[:, :2].min(axis=0)
        self._step = np.maximum((finite[:, 2:].max(axis=0) - self._low) / _BOX_CELLS, 1e-6)
        known = np.flatnonzero(np.isfinite(bounds).all(axis=1))
        west, south = self._cells(bounds[known, :2])
        east, north = self._cells(bounds[known, 2:])
        box, column = ramps(west, east - west + 1)
        strip, line = ramps(south[box], (north - south)[box] + 1)
        cell = line * (_BOX_CELLS + 1) + column[strip]
        order = np.argsort(cell, kind="stable")
        self._boxes = known[box[strip]][order]
        self._begin = np.searchsorted(cell[order], np.arange((_BOX_CELLS + 1) ** 2 + 1))

    def around(self, x: Floats, y: Floats) -> tuple[Ints, Ints]:
        """(point, box) wherever a box holds a point, by point and then by box."""
        column, line = self._cells(np.column_stack([x, y]), clip=False)
        inside = (column >= 0) & (column <= _BOX_CELLS) & (line >= 0) & (line <= _BOX_CELLS)
        cell = np.where(inside, line * (_BOX_CELLS + 1) + column, 0)
        begin = self._begin[cell]
        point, entry = ramps(begin, np.where(inside, self._begin[cell + 1] - begin, 0))
        box = self._boxes[entry]
        west, south, east, north = self.bounds[box].T
        px, py = x[point], y[point]
        held = (west <= px) & (px <= east) & (south <= py) & (py <= north)
        return point[held], box[held]

    def _cells(self, corners: Floats, clip: bool = True) -> tuple[Ints, Ints]:
        found = np.floor((corners - self._low) / self._step)
        limit = (0, _BOX_CELLS) if clip else (-1, _BOX_CELLS + 1)
        column, line = np.clip(found, *limit).astype(np.int64).T
        return column, line


class Polygons:
    """`shapes[i]` lies in box i; one that is None holds no point."""

    def __init__(self, shapes: Sequence[shapely.Geometry | None], boxes: Boxes | None = None) -> None:
        self.boxes = boxes or Boxes(shapely.bounds(np.asarray(shapes, dtype=object)).reshape(-1, 4))
        self.sides = sides_of(shapes)
        self._put_in_bands(len(shapes))

    def rings_of(self, polygon: int) -> tuple[Floats, Floats, Floats, Floats]:
        """x1, y1, x2, y2 of its sides."""
        some = slice(*np.searchsorted(self.sides.polygon_of_ring[self.sides.ring], [polygon, polygon + 1]))
        return self.sides.x1[some], self.sides.y1[some], self.sides.x2[some], self.sides.y2[some]

    def holding(self, x: Floats, y: Floats) -> tuple[Ints, Ints]:
        """(point, polygon) of every polygon that a point lies in or on, by point and then by polygon."""
        point, polygon = self.boxes.around(x, y)
        held = np.zeros(len(point), dtype=bool)
        for begin in range(0, len(point), _PAIRS_AT_ONCE):
            some = slice(begin, begin + _PAIRS_AT_ONCE)
            held[some] = self._hold(x[point[some]], y[point[some]], polygon[some])
        return point[held], polygon[held]

    def _put_in_bands(self, count: int) -> None:
        """The sides of each polygon, by the horizontal bands that they reach into: a point needs those of its band only."""
        sides = self.sides
        low, high = np.minimum(sides.y1, sides.y2), np.maximum(sides.y1, sides.y2)
        self._band_height = float(np.clip((high - low).mean(), 2e-4, 0.05)) if len(low) else 1.0
        first, last = self._band(low), self._band(high)
        polygon = sides.polygon
        self._first = np.full(count, np.iinfo(np.int64).max)
        self._last = np.full(count, -1)
        np.minimum.at(self._first, polygon, first)
        np.maximum.at(self._last, polygon, last)
        bands = np.maximum(self._last - self._first + 1, 0)
        self._row = np.cumsum(bands) - bands
        side, band = ramps(first, last - first + 1)
        row = self._row[polygon[side]] + band - self._first[polygon[side]]
        order = np.argsort(row, kind="stable")  # within a row the sides stay in the order of their rings
        self._entries = side[order]
        self._begin = np.searchsorted(row[order], np.arange(int(bands.sum()) + 1))

    def _band(self, y: Floats) -> Ints:
        return np.floor((y + 90.0) / self._band_height).astype(np.int64)

    def _hold(self, x: Floats, y: Floats, polygon: Ints) -> NDArray[np.bool_]:
        band = self._band(y)
        reached = (band >= self._first[polygon]) & (band <= self._last[polygon])
        row = np.where(reached, self._row[polygon] + band - self._first[polygon], 0)
        begin = self._begin[row] if len(self._begin) > 1 else np.zeros(len(row), dtype=np.int64)
        count = np.where(reached, self._begin[np.minimum(row + 1, len(self._begin) - 1)] - begin, 0)
        pair, entry = ramps(begin, count)
        side = self._entries[entry]
        winding, on = self._wind(x[pair], y[pair], side)
        return self._decide(len(polygon), pair, self.sides.ring[side], winding, on)

    def _wind(self, x: Floats, y: Floats, side: Ints) -> tuple[Ints, NDArray[np.bool_]]:
        x1, y1, x2, y2 = (column[side] for column in (self.sides.x1, self.sides.y1, self.sides.x2, self.sides.y2))
        left = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)
        up = (y1 <= y) & (y < y2) & (left > 0)
        down = (y2 <= y) & (y < y1) & (left < 0)
        on = left == 0
        where = np.flatnonzero(on)
        if len(where):
            ax, bx, ay, by = x1[where], x2[where], y1[where], y2[where]
            px, py = x[where], y[where]
            across = (np.minimum(ax, bx) <= px) & (px <= np.maximum(ax, bx))
            on[where] = across & (np.minimum(ay, by) <= py) & (py <= np.maximum(ay, by))
        return up.astype(np.int64) - down, on

    def _decide(self, pairs: int, pair: Ints, ring: Ints, winding: Ints, on: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """A part holds the point whose outer ring does, unless the first hole that touches it has it inside."""
        held = np.zeros(pairs, dtype=bool)
        if not len(pair):
            return held
        starts = np.flatnonzero(np.r_[True, (pair[1:] != pair[:-1]) | (ring[1:] != ring[:-1])])
        pair, ring = pair[starts], ring[starts]
        on = np.logical_or.reduceat(on, starts)
        touched = on | (np.add.reduceat(winding, starts) != 0)
        pair, ring, on = pair[touched], ring[touched], on[touched]
        hole = self.sides.is_hole[ring]
        if not hole.any():
            held[pair] = True
            return held
        part = self.sides.part_of_ring[ring]
        key = pair * (int(self.sides.part_of_ring.max()) + 1) + part
        hole_keys, first = np.unique(key[hole], return_index=True)
        left_out = hole_keys[~on[hole][first]]
        outer = ~hole
        held[pair[outer & (on | ~np.isin(key, left_out))]] = True
        # An outer ring that merely touches the point holds it, whatever the holes say; so `on` stands first above.
        return held


def first_of(points: int, point: Ints, polygon: Ints) -> Ints:
    """The lowest polygon of each point, out of pairs in order; -1 where there is none."""
    found = np.full(points, -1)
    found[point[::-1]] = polygon[::-1]
    return found
