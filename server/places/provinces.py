"""Where a layer lies, province by province and county by county, by the counties in force."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

_COUNTY_SHARE = 0.01


def shares(shapes: Sequence[BaseGeometry], counties: Mapping[str, BaseGeometry]) -> list[dict[str, float]]:
    """Of each shape, by county code: how much of it lies there, 0–1, by area, length or number of points."""
    found: list[dict[str, float]] = [{} for _ in shapes]
    if not counties:
        return found
    codes, outlines = list(counties), np.asarray(list(counties.values()), dtype=object)
    whole = [_size(shape) for shape in shapes]
    own, theirs = shapely.STRtree(outlines).query(np.asarray(shapes, dtype=object), predicate="intersects")
    for n, m in zip(own, theirs, strict=True):
        part = shapely.intersection(shapes[n], outlines[m])
        size = _size(part) if shapely.get_dimensions(part) == shapely.get_dimensions(shapes[n]) else 0.0
        if size > 0:
            found[n][codes[m]] = size / whole[n]
    return found


def by_province(
    shapes: Sequence[BaseGeometry], of_each: Sequence[Mapping[str, float]], names: Mapping[str, str]
) -> dict[str, float]:
    """Share of the whole layer by name of province, largest first; 境外 for what lies in no county."""
    total: dict[str, float] = defaultdict(float)
    sizes = [_size(shape) for shape in shapes]
    for size, counties in zip(sizes, of_each, strict=True):
        for code, share in counties.items():
            total[names.get(code[:2] + "0000", code[:2])] += size * share
        total["境外或海上"] += size * max(0.0, 1 - sum(counties.values()))
    whole = sum(sizes) or 1.0
    return {name: size / whole for name, size in sorted(total.items(), key=lambda one: -one[1]) if size / whole > 0.001}


def counties_of(share: Mapping[str, float]) -> tuple[str, ...]:
    """The counties that hold a notable part of a place."""
    return tuple(sorted(code for code, part in share.items() if part >= _COUNTY_SHARE))


def _size(shape: BaseGeometry) -> float:
    """Comparable between shapes of one dimension near one latitude."""
    dimension = shapely.get_dimensions(shape)
    if dimension == 2:
        return float(shapely.area(shape))
    if dimension == 1:
        return float(shapely.length(shape))
    return float(shapely.get_num_coordinates(shape))
