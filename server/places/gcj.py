"""GCJ-02, the shifted coordinates of Chinese web maps: the published formula, and its inverse; pure.

Positions are arrays of (longitude, latitude) in degrees. Nothing is ever stored in GCJ-02.
"""

import numpy as np
from numpy.typing import NDArray

_A = 6_378_245.0  # Krassovsky, on which the formula stands
_E2 = 0.006_693_421_622_965_943_23

Positions = NDArray[np.float64]


def from_wgs84(at: Positions) -> Positions:
    return at + _shift(at)


def to_wgs84(at: Positions) -> Positions:
    """The fixed point of the formula: the shift changes by less than one in a hundred over its own length."""
    found = at.copy()
    for _ in range(12):
        found = at - _shift(found)
    return found


def _shift(at: Positions) -> Positions:
    """In degrees. The formula has no shift outside its rectangle around China."""
    lon, lat = at[:, 0], at[:, 1]
    x, y = lon - 105.0, lat - 35.0
    waves = (20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y**2 + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + waves
    north += (20 * np.sin(np.pi * y) + 40 * np.sin(np.pi * y / 3)) * 2 / 3
    north += (160 * np.sin(np.pi * y / 12) + 320 * np.sin(np.pi * y / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x**2 + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + waves
    east += (20 * np.sin(np.pi * x) + 40 * np.sin(np.pi * x / 3)) * 2 / 3
    east += (150 * np.sin(np.pi * x / 12) + 300 * np.sin(np.pi * x / 30)) * 2 / 3
    magic = 1 - _E2 * np.sin(np.radians(lat)) ** 2
    north_degrees = np.degrees(north * magic**1.5 / (_A * (1 - _E2)))
    east_degrees = np.degrees(east * np.sqrt(magic) / (_A * np.cos(np.radians(lat))))
    inside = (lon >= 72.004) & (lon <= 137.8347) & (lat >= 0.8293) & (lat <= 55.8271)
    return np.where(inside[:, None], np.column_stack([east_degrees, north_degrees]), 0.0)
