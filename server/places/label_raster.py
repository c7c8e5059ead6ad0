"""For large batches: which polygons hold a cell of a fine lattice, wherever no side crosses the cell; the points of the other
cells are tested one by one. The answers are those of `Polygons`, sooner; pure."""

import numpy as np
from numpy.typing import NDArray

from server.places.polygons import Floats, Ints, Polygons, first_of, groups, ramps

SIZE = 2048
_MARGIN = 1e-6  # of a cell: a side that runs along the edge of a cell belongs to both neighbours


class LabelRaster:
    """`extent`: west, south, east, north in degrees; points outside it are tested one by one too."""

    def __init__(self, polygons: Polygons, extent: tuple[float, float, float, float], size: int = SIZE) -> None:
        self._polygons, self._size = polygons, size
        self._west, self._south = extent[:2]
        self._per_lon, self._per_lat = size / (extent[2] - extent[0]), size / (extent[3] - extent[1])
        self._label(self._crossed())

    def first(self, x: Floats, y: Floats) -> Ints:
        """The lowest polygon that holds each point, or -1."""
        label = self._labels_of(x, y)
        found = self._first[label]
        open_ = np.flatnonzero(label == 0)
        found[open_] = first_of(len(open_), *self._polygons.holding(x[open_], y[open_]))
        return found

    def holding(self, x: Floats, y: Floats) -> tuple[Ints, Ints]:
        """As that of `Polygons`."""
        label = self._labels_of(x, y)
        open_ = np.flatnonzero(label == 0)
        near, tested = self._polygons.holding(x[open_], y[open_])
        begin = self._begin[label]
        known, entry = ramps(begin, self._begin[label + 1] - begin)
        point, polygon = np.r_[open_[near], known], np.r_[tested, self._members[entry]]
        order = np.argsort(point, kind="stable")
        return point[order], polygon[order]

    def _labels_of(self, x: Floats, y: Floats) -> Ints:
        """0 where the point has to be tested itself."""
        column, line = self._cells(x, self._west, self._per_lon), self._cells(y, self._south, self._per_lat)
        inside = (column >= 0) & (column < self._size) & (line >= 0) & (line < self._size)
        return np.where(inside, self._labels[np.where(inside, line * self._size + column, 0)], 0)

    def _cells(self, values: Floats, low: float, per_degree: float) -> Ints:
        return np.floor(np.clip((values - low) * per_degree, -1, self._size)).astype(np.int64)

    def _crossed(self) -> NDArray[np.bool_]:
        """The cells that any side touches, line after line: in each line that a side reaches into, from where it enters to
        where it leaves."""
        sides, size = self._polygons.sides, self._size
        x1, x2 = (sides.x1 - self._west) * self._per_lon, (sides.x2 - self._west) * self._per_lon
        y1, y2 = (sides.y1 - self._south) * self._per_lat, (sides.y2 - self._south) * self._per_lat
        first = np.floor(np.clip(np.minimum(y1, y2) - _MARGIN, -1, size)).astype(np.int64)
        last = np.floor(np.clip(np.maximum(y1, y2) + _MARGIN, -1, size)).astype(np.int64)
        side, line = ramps(first, last - first + 1)
        x1, x2, y1, y2 = x1[side], x2[side], y1[side], y2[side]
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(y1 == y2, 0.0, (x2 - x1) / (y2 - y1))
        enter = np.where(y1 == y2, x1, x1 + (np.clip(line, np.minimum(y1, y2), np.maximum(y1, y2)) - y1) * slope)
        leave = np.where(y1 == y2, x2, x1 + (np.clip(line + 1, np.minimum(y1, y2), np.maximum(y1, y2)) - y1) * slope)
        west = np.floor(np.clip(np.minimum(enter, leave) - _MARGIN, 0, size)).astype(np.int64)
        east = np.floor(np.clip(np.maximum(enter, leave) + _MARGIN, -1, size - 1)).astype(np.int64)
        here = (line >= 0) & (line < size) & (west <= east)
        change = np.zeros((size, size + 1), dtype=np.int32)
        np.add.at(change, (line[here], west[here]), 1)
        np.add.at(change, (line[here], east[here] + 1), -1)
        return np.cumsum(change, axis=1)[:, :size] > 0

    def _label(self, crossed: NDArray[np.bool_]) -> None:
        """All cells of a line between two crossed ones lie in the same polygons: those of the middle of the first."""
        begins = ~crossed
        begins[:, 1:] &= crossed[:, :-1]
        line, column = np.nonzero(begins)
        middle = (np.column_stack([column, line]) + 0.5) / (self._per_lon, self._per_lat) + (self._west, self._south)
        point, polygon = self._polygons.holding(*np.ascontiguousarray(middle.T))
        sets: list[tuple[int, ...]] = [()] * len(line)
        for run, some in groups(point):
            sets[run] = tuple(polygon[some].tolist())
        numbers = {members: number for number, members in enumerate(dict.fromkeys(sets), start=1)}
        of_run = np.array([numbers[members] for members in sets], dtype=np.int32)
        in_run = np.maximum(np.cumsum(begins.ravel()) - 1, 0)
        self._labels = np.where(crossed.ravel(), 0, of_run[in_run] if len(of_run) else 0).astype(np.int32)
        self._members = np.array([member for members in numbers for member in members], dtype=np.int64)
        self._begin = np.cumsum([0, 0, *(len(members) for members in numbers)])
        self._first = np.array([-1, *(members[0] if members else -1 for members in numbers)])
