"""Areas and lengths of shapes in degrees, on the ellipsoid; pure. Areas are taken in its equal-area plane."""

import functools

import numpy as np
import shapely
from pyproj import Geod, Transformer
from shapely.geometry.base import BaseGeometry

from server.places.grid import PROJ_DEFINITION

_LONGEST_SIDE = 0.01  # a longer side is straight in degrees, and bent in the plane

_GEOD = Geod(ellps="WGS84")


def area_km2(shape: BaseGeometry) -> float:
    """Zero for points and lines."""
    if shapely.get_dimensions(shape) < 2:
        return 0.0
    return float(shapely.area(_in_plane(shape))) / 1e6


def length_km(shape: BaseGeometry) -> float:
    return float(_GEOD.geometry_length(shape)) / 1e3


@functools.cache
def _plane() -> Transformer:
    return Transformer.from_crs("EPSG:4326", PROJ_DEFINITION, always_xy=True)


def _in_plane(shape: BaseGeometry) -> BaseGeometry:
    dense = shapely.segmentize(shape, _LONGEST_SIDE)
    return shapely.transform(dense, lambda at: np.column_stack(_plane().transform(at[:, 0], at[:, 1])))
