"""GDAL with the drivers that follow a file's word to other files or to the network left out: the wall behind `staging`."""

import functools
import os
from types import ModuleType

_SKIPPED = (
    "VRT OGR_VRT GDALG GML GMLAS HTTP WFS WCS WMS WMTS OAPIF OGCAPI CSW CARTO AmigoCloud ELASTIC Elasticsearch EEDA NGW PLSCENES ADBC"
    " GPSBabel MapML MiraMonVector LVBAG GeoRSS PDS4 PDF"
)


@functools.cache
def vector_library() -> ModuleType:
    """Loading takes half a second, so only who reads a file waits for it. GDAL asks once, as it is loaded, whom to leave out."""
    before = os.environ.get("GDAL_SKIP")
    os.environ["GDAL_SKIP"] = _SKIPPED
    try:
        import pyogrio.raw
    finally:
        if before is None:
            del os.environ["GDAL_SKIP"]
        else:
            os.environ["GDAL_SKIP"] = before
    library: ModuleType = pyogrio
    return library
