"""GDAL with the drivers that follow a file's word to other files or to the network left out: the wall behind `staging`."""

import functools
import os
from types import ModuleType

_SKIPPED = (
    "VRT OGR_VRT GDALG GML GMLAS HTTP WFS WCS WMS WMTS OAPIF OGCAPI CSW CARTO AmigoCloud ELASTIC Elasticsearch EEDA NGW PLSCENES ADBC"
    " GPSBabel MapML MiraMonVector LVBAG GeoRSS PDS4 PDF"
)
# A view in a GeoPackage may call no function that reaches other files; nothing is fetched, whatever a file asks for.
_OPTIONS = {"OGR_SQLITE_PRAGMA": "trusted_schema=OFF", "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".nothing"}


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
    library.set_gdal_config_options(_OPTIONS)
    return library
