"""What a raster tells at many points: elevation between the four nearest cells, land cover of the very cell."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from server.places.model import RasterLayer
from server.places.polygons import Floats, Ints, groups
from server.places.rules import Stamp
from server.places.stamping import Version
from server.settings import from_environment

RASTER_KINDS = ("elevation", "land_cover")
_TILE = 128
_log = logging.getLogger("xiangye.places")


def path_of(store_dir: Path, sha256: str) -> Path:
    return store_dir / "raster" / sha256[:2] / f"{sha256}.tif"


def with_samples(
    session: Session, versions: Mapping[str, Version], stamps: Sequence[Stamp], x: Floats, y: Floats
) -> list[Stamp]:
    """The stamps with what the rasters in force tell. A raster that cannot be read is logged and leaves its value out: no
    record is refused for it."""
    made = list(stamps)
    for kind in RASTER_KINDS:
        layer = session.get(RasterLayer, versions[kind].id) if kind in versions else None
        if layer is None:
            continue
        values = _values(layer, kind, x, y)
        if values is not None:
            tell = _TELL[kind]
            made = [
                replace(
                    tell(stamp, value, layer.legend),
                    layer_versions={**stamp.layer_versions, kind: layer.boundary_version},
                )
                for stamp, value in zip(made, values.tolist(), strict=True)
            ]
    return made


def _values(layer: RasterLayer, kind: str, x: Floats, y: Floats) -> Floats | None:
    from pyproj.exceptions import ProjError
    from rasterio.errors import CRSError, RasterioError

    try:
        return sample(path_of(from_environment().store_dir, layer.sha256), x, y, smooth=kind == "elevation")
    except (OSError, ValueError, RasterioError, CRSError, ProjError) as error:
        _log.error("raster %s cannot be read, its value is left out: %s", layer.boundary_version, type(error).__name__)
        return None


def sample(path: Path, x: Floats, y: Floats, smooth: bool) -> Floats:
    """By point, in the raster's scale; not a number outside it and where it has no data. `smooth`: bilinear between the
    centres of four cells, where all four have data; else the cell that holds the point."""
    import rasterio
    from pyproj import Transformer

    with rasterio.open(path, driver="GTiff") as raster:
        east, north = Transformer.from_crs("EPSG:4326", raster.crs.to_wkt(), always_xy=True).transform(x, y)
        column, row = ~raster.transform @ (np.asarray(east), np.asarray(north))
        inside = (column >= 0) & (column < raster.width) & (row >= 0) & (row < raster.height)
        found = np.full(len(x), np.nan)
        at = np.flatnonzero(inside)
        found[at] = _sample_inside(raster, column[at], row[at], smooth)
        told: Floats = found * raster.scales[0] + raster.offsets[0]
        return told


def _sample_inside(raster: Any, column: Floats, row: Floats, smooth: bool) -> Floats:
    nearest = _cells(raster, np.floor(row).astype(np.int64), np.floor(column).astype(np.int64))
    if not smooth:
        return nearest
    left, top = np.floor(column - 0.5), np.floor(row - 0.5)
    to_right, to_bottom = column - 0.5 - left, row - 0.5 - top
    mean = np.zeros(len(column))
    for down, across in ((0, 0), (0, 1), (1, 0), (1, 1)):
        weight = np.where(down, to_bottom, 1 - to_bottom) * np.where(across, to_right, 1 - to_right)
        rows = np.clip(top + down, 0, raster.height - 1).astype(np.int64)
        columns = np.clip(left + across, 0, raster.width - 1).astype(np.int64)
        mean += weight * _cells(raster, rows, columns)
    return np.where(np.isnan(mean), nearest, mean)


def _cells(raster: Any, row: Ints, column: Ints) -> Floats:
    """Read tile by tile, so that a large raster is never in memory whole."""
    from rasterio.windows import Window

    found = np.full(len(row), np.nan)
    across = -(-raster.width // _TILE)
    tile = (row // _TILE) * across + column // _TILE
    for number, some in groups(tile):
        top, left = number // across * _TILE, number % across * _TILE
        window = Window(left, top, min(_TILE, raster.width - left), min(_TILE, raster.height - top))
        cells = raster.read(1, window=window, masked=True).astype(np.float64).filled(np.nan)
        found[some] = cells[row[some] - top, column[some] - left]
    return found


def _with_elevation(stamp: Stamp, value: float, _legend: Mapping[str, str]) -> Stamp:
    return replace(stamp, elevation_m=None if value != value else round(value, 1))


def _with_land_cover(stamp: Stamp, value: float, legend: Mapping[str, str]) -> Stamp:
    return replace(stamp, land_cover=None if value != value else legend.get(f"{value:.0f}", f"{value:.0f}"))


_TELL: Mapping[str, Callable[[Stamp, float, Mapping[str, str]], Stamp]] = {
    "elevation": _with_elevation,
    "land_cover": _with_land_cover,
}
