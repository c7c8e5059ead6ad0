"""Generalising a place to the nested disclosure grid (Chapman 2020): a fixed grid, never noise; pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from server.places.rules import Stamp
from shared.geodesy import distance_m

E7 = 10_000_000
CELL_E7: Mapping[int, int] = {2: 1_000_000, 3: 100_000, 4: 10_000}
"""Side of the disclosure cell in 1e-7 degree, by level; level 1 shows no cell, level 0 is not guarded."""
COARSEST_ZH: Mapping[str, str] = {"county": "县级行政区", "prefecture": "市州", "province": "省"}
OPERATIONAL_PATROL = (2, "operational:patrol")
OPERATIONAL_FINDING = (3, "operational:finding")


@dataclass(frozen=True)
class Cell:
    x: int
    y: int
    size_e7: int

    @property
    def centre(self) -> tuple[float, float]:
        """(longitude, latitude) in degrees."""
        return (self.x * 2 + 1) * self.size_e7 / 2 / E7, (self.y * 2 + 1) * self.size_e7 / 2 / E7

    @property
    def size_deg(self) -> float:
        return self.size_e7 / E7

    @property
    def half_diagonal_m(self) -> float:
        """From the centre to the corner farthest from it, which is the one nearer to the equator."""
        lon, lat = self.centre
        half = self.size_deg / 2
        return max(distance_m(lon, lat, lon + half, lat + half), distance_m(lon, lat, lon + half, lat - half))


def cell_of(latitude_e7: int, longitude_e7: int, level: int) -> Cell | None:
    size = CELL_E7.get(level)
    return Cell(longitude_e7 // size, latitude_e7 // size, size) if size else None


def strictest(levels: set[int]) -> int:
    """1 is strictest, 4 least; 0 only where nothing asks for more."""
    guarded = levels - {0}
    return min(guarded) if guarded else 0


def words(level: int, coarsest: str | None) -> tuple[str | None, str | None]:
    """(dataGeneralizations, informationWithheld): never blank where something is held back."""
    if level == 0:
        return None, None
    if level == 1:
        return f"位置仅公布到{COARSEST_ZH[coarsest or 'county']}", "敏感物种：坐标、网格和轨迹不公开，经批准可查阅"
    size = CELL_E7[level] / E7
    return f"坐标概化到 {size:g}° 网格的中心", "敏感记录：精确坐标不公开，经批准可查阅"


def shown_county(level: int, exact: Stamp, of_centre: Stamp | None) -> Stamp:
    """Level 1 names its place; every other level shows what its cell's centre lies in, and nothing of the exact place."""
    return exact if level in (0, 1) or of_centre is None else of_centre
