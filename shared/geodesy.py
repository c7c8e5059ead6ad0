"""Distances on the sphere of the WGS84 mean radius: within 0.5 % of the ellipsoid, which a track's own error exceeds."""

import math
from collections.abc import Iterable

MEAN_RADIUS_M = 6_371_008.8


def distance_m(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    """Great-circle distance in metres between two positions in degrees."""
    phi_a, phi_b = math.radians(lat_a), math.radians(lat_b)
    half_phi, half_lambda = (phi_b - phi_a) / 2, math.radians(lon_b - lon_a) / 2
    chord = math.sin(half_phi) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(half_lambda) ** 2
    return 2 * MEAN_RADIUS_M * math.asin(min(1.0, math.sqrt(chord)))


def length_m(points: Iterable[tuple[float, float]]) -> float:
    """Length in metres of a line of (longitude, latitude) in degrees."""
    total, previous = 0.0, None
    for point in points:
        if previous is not None:
            total += distance_m(*previous, *point)
        previous = point
    return total
