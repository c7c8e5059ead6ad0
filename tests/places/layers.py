"""Small layers made by hand: a county is a square of a tenth of a degree."""

import json
from collections.abc import Mapping
from typing import Any

from shapely.geometry import box, mapping

from server.places.layer import Layer, layer_of

PROVINCES = {"430000": "湖南省", "440000": "广东省"}
PREFECTURES = {"430100": "长沙市", "440200": "韶关市"}


def square(code: str, name: str, lon: float, lat: float, size: float = 0.1) -> dict[str, Any]:
    return feature(code, name, mapping(box(lon, lat, lon + size, lat + size)))


def feature(code: str, name: str, geometry: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"name": name, "gb": f"156{code}"},
        "geometry": geometry or mapping(box(0, 0, 1, 1)),
    }


def small_layer(*counties: dict[str, Any], name: str = "small") -> Layer:
    groups = ([feature(code, zh) for code, zh in names.items()] for names in (PROVINCES, PREFECTURES))
    return layer_of(
        name, "made by hand", *(json.dumps({"features": list(group)}).encode() for group in (*groups, counties))
    )
