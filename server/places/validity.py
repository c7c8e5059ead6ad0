"""Mends what a kind of place needs mended, and says feature by feature what was done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry import (
    GeometryCollection,
    LinearRing,
    LineString,
    MultiLineString,
    MultiPoint,
    MultiPolygon,
    Polygon,
)
from shapely.geometry.base import BaseGeometry

from server.places.measuring import area_km2

_AREAS = ("Polygon", "MultiPolygon")
_LINES = ("LineString", "MultiLineString", "LinearRing")
_POINTS = ("Point", "MultiPoint")
ALLOWED: Mapping[str, Sequence[str]] = {
    "county": _AREAS,
    "protected_area": _AREAS,
    "priority_area": _AREAS,
    "zone": _AREAS,
    "grid": _AREAS,
    "river_section": (*_LINES, *_AREAS),  # a part of a lake is an area
    "location": (*_POINTS, *_LINES, *_AREAS),
}
_WORDS: Mapping[str, str] = {
    **dict.fromkeys(_AREAS, "面"),
    **dict.fromkeys(_LINES, "线"),
    **dict.fromkeys(_POINTS, "点"),
    "GeometryCollection": "混合图形",
}
_SLIVER_KM2 = 1e-6  # one square metre
_SHARE_TOLD = 0.01


class NotAllowed(ValueError):
    """A geometry that its kind of place cannot have; a Chinese sentence."""


@dataclass(frozen=True)
class Mended:
    """`told` is blank where nothing was done."""

    shape: BaseGeometry
    told: str


def mend(shape: BaseGeometry, kind: str) -> Mended:
    """A valid two-dimensional shape of the kind's dimension; areas are MultiPolygon where `kind` is county."""
    flat = shapely.force_2d(shape)
    if flat.geom_type == "GeometryCollection":
        flat = _only_member(flat, kind)
    if flat.geom_type not in ALLOWED[kind]:
        raise NotAllowed(
            f"是{_WORDS[flat.geom_type]}，应为{'或'.join(dict.fromkeys(_WORDS[t] for t in ALLOWED[kind]))}"
        )
    if flat.is_valid:
        return Mended(_finished(flat, kind), "")
    reason = _reason(shapely.is_valid_reason(flat))
    kept = _of_dimension(shapely.make_valid(flat), flat)
    if kept.is_empty:
        raise NotAllowed(f"{reason}，修复后什么也不剩")
    return Mended(_finished(kept, kind), f"{reason}，已修复{_changed(flat, kept)}")


def _only_member(mixed: GeometryCollection, kind: str) -> BaseGeometry:
    parts = [part for part in mixed.geoms if part.geom_type in ALLOWED[kind]]
    if len(parts) == 1 == len(mixed.geoms):
        return parts[0]
    raise NotAllowed("是混合图形（GeometryCollection），请拆成单一类型")


def _of_dimension(repaired: BaseGeometry, before: BaseGeometry) -> BaseGeometry:
    """Repairing leaves points and lines where an area touched itself, and slivers where it crossed itself by a hair."""
    parts = [part for part in _parts(repaired) if shapely.get_dimensions(part) == shapely.get_dimensions(before)]
    if before.geom_type in _AREAS:
        parts = [part for part in parts if area_km2(part) >= _SLIVER_KM2]
        return _multi(parts)
    united: BaseGeometry = shapely.union_all(parts) if parts else GeometryCollection()
    return united


def _parts(shape: BaseGeometry) -> list[BaseGeometry]:
    if hasattr(shape, "geoms"):
        return [part for member in shape.geoms for part in _parts(member)]
    return [shape]


def _multi(parts: Sequence[BaseGeometry]) -> BaseGeometry:
    if len(parts) == 1:
        return parts[0]
    united: BaseGeometry = shapely.union_all(list(parts))
    return united


def _finished(shape: BaseGeometry, kind: str) -> BaseGeometry:
    if isinstance(shape, LinearRing):
        return LineString(shape)
    if kind == "county" and isinstance(shape, Polygon):
        return MultiPolygon([shape])
    if isinstance(shape, MultiPolygon | MultiLineString | MultiPoint) and len(shape.geoms) == 1 and kind != "county":
        single: BaseGeometry = shape.geoms[0]
        return single
    return shape


def _reason(given: str) -> str:
    """GEOS says "Self-intersection[x y]"."""
    what, _, at = given.partition("[")
    words = {
        "Self-intersection": "边界自相交",
        "Ring Self-intersection": "环与自身相接",
        "Too few points in geometry component": "点数不足",
        "Duplicate Rings": "有重复的环",
        "Nested shells": "外环套外环",
        "Hole lies outside shell": "内环在外环之外",
        "Holes are nested": "内环套内环",
        "Interior is disconnected": "内部被分隔",
        "Invalid Coordinate": "坐标无效",
    }
    place = (
        f"（约在 {', '.join(str(round(float(degrees), 5)) for degrees in at.rstrip(']').split()[:2])}）" if at else ""
    )
    return words.get(what, f"图形无效（{what}）") + place


def _changed(before: BaseGeometry, after: BaseGeometry) -> str:
    if before.geom_type not in _AREAS:
        return ""
    old, new = area_km2(before), area_km2(after)
    notable = abs(new - old) > _SHARE_TOLD * max(old, new)
    return f"，面积 {old:.4g} → {new:.4g} km²，请核对" if notable else f"，面积 {new:.4g} km² 不变"
