"""A place of a layer, whatever its kind: what is in force, and what a file brings."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

KINDS: Mapping[str, str] = {
    "county": "县级行政区",
    "protected_area": "自然保护地",
    "zone": "功能分区",
    "priority_area": "生物多样性保护优先区域",
    "river_section": "河段",
    "grid": "网格",
    "location": "地点",
}
RASTERS: Mapping[str, str] = {"elevation": "高程", "land_cover": "土地覆被"}
LAYERS: Mapping[str, str] = {**KINDS, **RASTERS}
SAME_DEGREES = 2e-6
"""0.2 m: what two roundings of the same outline differ by."""


@dataclass(frozen=True)
class Place:
    """`shape` and `extent` in WGS84 degrees. A county keeps its prefecture and province in `properties`."""

    code: str
    name_zh: str
    shape: BaseGeometry | None = None
    parent_code: str | None = None
    level: str | None = None
    category: str | None = None
    scheme: str | None = None
    county_codes: tuple[str, ...] = ()
    area_ha: float | None = None
    status: str = "unverified"
    source: str = ""
    note: str | None = None
    extent: BaseGeometry | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """What may change beside the shape; the source alone is no change."""
        left_out = ("code", "shape", "extent", "source", "properties")
        return {name: value for name, value in vars(self).items() if name not in left_out} | dict(self.properties)

    def digest(self) -> str:
        """The same for the same content on every machine."""
        shapes = [None if one is None else shapely.to_wkb(one, hex=True) for one in (self.shape, self.extent)]
        text = json.dumps([self.code, self.facts(), self.source, shapes], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def same_shape(one: BaseGeometry | None, other: BaseGeometry | None) -> bool:
    """Vertex by vertex, to the rounding of a format or of a projection and back."""
    if one is None or other is None:
        return one is other
    return bool(shapely.normalize(one).equals_exact(shapely.normalize(other), SAME_DEGREES))


def filled(standing: Place, new: Place) -> Place:
    """What a file says of a place that is known: its facts where it has any, the known ones elsewhere."""
    kept = {
        name: getattr(new, name) or getattr(standing, name)
        for name in ("parent_code", "level", "category", "scheme", "county_codes", "area_ha", "note", "extent")
    }
    return replace(new, **kept, properties={**standing.properties, **new.properties})
