"""Rasters that claim more than they are: refused by their header, within time and memory."""

import resource
import time
from pathlib import Path

import pytest
import rasterio
from sqlalchemy.orm import Session

from server.places import rasters
from server.places.refusal import LayerRefused

_PLACED = rasterio.Affine(0.00001, 0.0, 112.0, 0.0, -0.00001, 26.0)


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        (
            {"width": 300_000, "height": 300_000, "tiled": True, "blockxsize": 256, "blockysize": 256},
            "超过 200 亿的上限",
        ),
        ({"width": 40_000, "height": 20_000, "blockysize": 20_000, "compress": "deflate"}, "每块 1600 MB"),
    ],
)
def test_a_raster_that_says_it_is_vast(
    reference: Session, tmp_path: Path, claims: dict[str, object], words: str
) -> None:
    """T22"""
    path, form = (
        tmp_path / "a.tif",
        {"driver": "GTiff", "count": 1, "dtype": "int16", "crs": "EPSG:4326", "transform": _PLACED},
    )
    with rasterio.open(path, "w", SPARSE_OK="TRUE", BIGTIFF="YES", **form, **claims):
        pass
    assert path.stat().st_size < 50_000_000
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    with pytest.raises(LayerRefused, match=words):
        rasters.prepare(reference, path, "elevation")
    assert time.perf_counter() - begun < 3
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024
