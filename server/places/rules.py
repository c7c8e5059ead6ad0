"""What a stamp, a county and an alias are, and what their numbers mean; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

UNCERTAIN_WITHIN_M = 500.0
"""The layer is generalised (90 % of its offsets are below 474 m): nearer to a border, the county is a presumption."""
NEAR_DEG = 0.01
"""Outside all counties, one whose box comes so near is near enough to ask: nowhere in China is this less than 500 m."""


@dataclass(frozen=True)
class Stamp:
    """Where a point lies. `county_code` is None only where the layer has no county (sea, abroad);
    `distance_to_border_m` is to the boundary of the point's own county, and outside all of them is given only where
    one is near enough to make the point uncertain. `areas` and `zones` overlap, so all that hold the point are told, in
    order. `layer_versions`: what else but the counties was asked, by kind."""

    county_code: str | None
    county_name: str | None
    prefecture_code: str | None
    prefecture_name: str | None
    in_scope: bool
    uncertain: bool
    distance_to_border_m: float | None
    areas: tuple[str, ...]
    grid_cell: str | None
    boundary_version: str
    zones: tuple[str, ...] = ()
    elevation_m: float | None = None
    land_cover: str | None = None
    layer_versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Alias:
    """A code that older lists use. `kind` is retired, or zone: a statistical code that never was a county of GB/T 2260.
    `basis` says how sure `current_code` is (README.md); it is None where no single county took the code's place."""

    code: str
    name_zh: str
    kind: str
    current_code: str | None
    retired_on: date | None
    basis: str
    note: str | None


@dataclass(frozen=True)
class Unit:
    """A county-level unit and what it belongs to, by GB/T 2260."""

    code: str
    name_zh: str
    prefecture_code: str
    prefecture_name: str
    province_code: str
    province_name: str


@dataclass(frozen=True)
class County(Unit):
    """`alias` is the code that was asked for, where that was not the county's own."""

    boundary_version: str
    alias: Alias | None = None


def on_earth(lon: float, lat: float) -> bool:
    """False also for what is not a number."""
    return -180 <= lon <= 180 and -90 <= lat <= 90


def prefecture_of(code: str, province_name: str, prefectures: Mapping[str, str]) -> tuple[str, str]:
    """(code, name). Counties ruled directly have no prefecture in the layer: GB/T 2260 gives those of provinces the
    heading …9000, and those of municipalities stand under the municipality's own name."""
    prefecture = code[:4] + "00"
    if prefecture in prefectures:
        return prefecture, prefectures[prefecture]
    if code[2:4] == "90":
        kind = "自治区" if "自治区" in province_name else "省"
        return prefecture, f"{kind}直辖县级行政区划"
    return prefecture, province_name
