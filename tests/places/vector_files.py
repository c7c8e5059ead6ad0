"""Writes small vector files of every format, and a few features to put in them."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import shapely
from shapely.geometry.base import BaseGeometry

Rows = Sequence[tuple[Mapping[str, Any], BaseGeometry | None]]
DRIVERS = {".shp": "ESRI Shapefile", ".gpkg": "GPKG", ".kml": "KML", ".geojson": "GeoJSON"}


def write(path: Path, rows: Rows, crs: str | None = "EPSG:4326", encoding: str | None = None, **options: Any) -> Path:
    """`path` ends in .shp, .gpkg, .kml, .geojson or .zip (a shapefile in it)."""
    if path.suffix == ".zip":
        return _zipped(path, rows, crs, encoding)
    columns = list(rows[0][0])
    shapes = np.array([shape for _, shape in rows], dtype=object)
    kinds = {shape.geom_type.removeprefix("Multi") for shape in shapes if shape is not None}
    single = all(shape is None or not shape.geom_type.startswith("Multi") for shape in shapes)
    geometry = f"{'' if single else 'Multi'}{kinds.pop()}" if len(kinds) == 1 else "Unknown"
    if path.suffix == ".shp":
        options["encoding"] = encoding or "UTF-8"
    pyogrio.raw.write(
        str(path),
        shapely.to_wkb(shapes),
        [_column([facts[column] for facts, _ in rows]) for column in columns],
        columns,
        geometry_type=geometry,
        driver=DRIVERS[path.suffix],
        crs=crs,
        promote_to_multi=not single,
        **options,
    )
    return path


def _column(cells: Sequence[Any]) -> Any:
    numbers = all(isinstance(cell, int | float) for cell in cells)
    return np.array(cells) if numbers else np.array(cells, dtype=object)


def _zipped(path: Path, rows: Rows, crs: str | None, encoding: str | None) -> Path:
    shape = write(path.with_suffix(".shp"), rows, crs, encoding)
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(shape.parent.glob(f"{shape.stem}.*")):
            if part.suffix != ".zip":
                archive.write(part, f"图层/{part.name}")
                part.unlink()
    return path
