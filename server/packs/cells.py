"""Coarse cells that tell a tablet its county without polygons: each the county that most of the cell lies in."""

from collections.abc import Iterable

import numpy as np
import shapely

from server.places.queries import CountyShape
from shared.taxon_pack import CELL_E7

_SIDE = CELL_E7 / 1e7


def cells_of_counties(counties: Iterable[CountyShape]) -> list[tuple[int, int, str]]:
    """(row, column, county code); on equal shares the lowest code."""
    best: dict[tuple[int, int], tuple[float, str]] = {}
    for county in sorted(counties, key=lambda county: county.county.code):
        rows, columns, shares = _shares(county)
        for row, column, share in zip(rows, columns, shares, strict=True):
            if share > best.get((row, column), (0.0, ""))[0]:
                best[row, column] = share, county.county.code
    return [(row, column, code) for (row, column), (_, code) in sorted(best.items())]


def _shares(county: CountyShape) -> tuple[list[int], list[int], list[float]]:
    west, south, east, north = (int(np.floor(edge / _SIDE)) for edge in county.shape.bounds)
    columns, rows = (part.ravel() for part in np.meshgrid(np.arange(west, east + 1), np.arange(south, north + 1)))
    boxes = shapely.box(columns * _SIDE, rows * _SIDE, (columns + 1) * _SIDE, (rows + 1) * _SIDE)
    shapely.prepare(county.shape)
    areas = shapely.area(shapely.intersection(boxes, county.shape))
    return rows.tolist(), columns.tolist(), np.round(areas, 12).tolist()
