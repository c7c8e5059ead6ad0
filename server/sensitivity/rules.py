"""Generalising a place to the nested disclosure grid (Chapman 2020): a fixed grid, never noise; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

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
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees."""
        return (
            self.x * self.size_e7 / E7,
            self.y * self.size_e7 / E7,
            (self.x + 1) * self.size_e7 / E7,
            (self.y + 1) * self.size_e7 / E7,
        )

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


@dataclass(frozen=True)
class Asked:
    """The strictest level that was ever asked for, by which rule, and how coarsely a level-1 place is named."""

    level: int
    rule: str | None = None
    coarsest: str | None = None


def strictest_of(evidence: Iterable[tuple[int, str]], coarsest_names: Mapping[str, str | None]) -> Asked:
    """`evidence`: (level, rule) ever asked for; among several rules of level 1 the coarsest name counts."""
    rows = sorted(evidence)
    level = strictest({row[0] for row in rows})
    asking = [rule for asked, rule in rows if asked == level]
    names = [coarsest_names.get(rule) for rule in asking]
    coarsest = max((name for name in names if name), key=list(COARSEST_ZH).index, default=None)
    return Asked(level, next((rule for rule in asking if rule != "none"), None), coarsest if level == 1 else None)


_GUARDED_ZH = "敏感记录：精确坐标不公开，经批准可查阅"


def words(level: int, coarsest: str | None, within: bool = True) -> tuple[str | None, str | None]:
    """(dataGeneralizations, informationWithheld): never blank where something is held back. `within`: the cell is told."""
    if level == 0:
        return None, None
    if level > 1 and not within:
        return "网格跨县界，位置仅公布到县级行政区", _GUARDED_ZH
    if level == 1:
        return f"位置仅公布到{COARSEST_ZH[coarsest or 'county']}", "敏感物种：坐标、网格和轨迹不公开，经批准可查阅"
    size = CELL_E7[level] / E7
    return f"坐标概化到 {size:g}° 网格的中心", _GUARDED_ZH


def shown_county(level: int, exact: Stamp, of_centre: Stamp | None, coarsest: str | None = None) -> Stamp:
    """Level 1 names its place as coarsely as its rule says. Every other level shows what its cell's centre lies in; where no cell
    may be told, since a border would cut it and whoever knows the county would know a piece of it, the county and no more."""
    if level == 0:
        return exact
    if level == 1:
        return _no_finer_than(exact, coarsest or "county")
    return of_centre or replace(exact, uncertain=False, grid_cell=None)


def _no_finer_than(exact: Stamp, coarsest: str) -> Stamp:
    if coarsest == "county":
        return exact
    stamp = replace(exact, county_code=None, county_name=None)
    return stamp if coarsest == "prefecture" else replace(stamp, prefecture_code=None, prefecture_name=None)


def coarsest_of(generalised: str | None) -> str | None:
    """What `words` named, read back out of them."""
    return next((name for name, zh in COARSEST_ZH.items() if generalised == words(1, name)[0]), None)


_PLACE_FLAGS = frozenset({"out_of_scope", "near_border"})
_FIRST_FLAGS = frozenset(
    {"date_missing", "date_future", "clock_off", "place_missing", "place_zero", "place_uncertain", "place_mock"}
)


def with_new_place(flags: Sequence[str], brought: Sequence[str], stamp: Stamp) -> list[str]:
    """The flags of a record whose place is shown otherwise: those of the place stand after those of time and position."""
    rest = [flag for flag in flags if flag not in _PLACE_FLAGS]
    at = next((n for n, flag in enumerate(rest) if flag not in _FIRST_FLAGS), len(rest))
    return rest[:at] + with_place_flags((), [flag for flag in brought if flag in _PLACE_FLAGS], stamp) + rest[at:]


def with_place_flags(flags: Sequence[str], brought: Sequence[str], stamp: Stamp | None) -> list[str]:
    """`stamp` is the one that may be shown: what it does not tell, no flag tells. `brought` are flags of the record itself."""
    found = list(flags)
    if stamp is not None:
        found += ([] if stamp.in_scope else ["out_of_scope"]) + (["near_border"] if stamp.uncertain else [])
    return found + [flag for flag in dict.fromkeys(brought) if flag not in found]
