"""GeoJSON (RFC 7946) of Darwin Core terms: a point where there is one, else a feature without geometry. The same rows give the same bytes."""

import json
from collections.abc import Iterable, Mapping
from typing import Any


def geojson_bytes(rows: Iterable[Mapping[str, str]], about: Mapping[str, str]) -> bytes:
    """`about`: what stands beside the features (title, licence, what was generalised)."""
    collection = {"type": "FeatureCollection", **about, "features": [_feature(row) for row in rows]}
    return (json.dumps(collection, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n").encode()


def _feature(row: Mapping[str, str]) -> dict[str, Any]:
    properties = {term: text for term, text in row.items() if text}
    feature = {"type": "Feature", "geometry": _point(properties), "properties": properties}
    return {**feature, "id": properties["occurrenceID"]} if "occurrenceID" in properties else feature


def _point(properties: Mapping[str, str]) -> dict[str, Any] | None:
    """None for what is no pair of degrees: a verbatim coordinate may be any text."""
    try:
        longitude, latitude = float(properties["decimalLongitude"]), float(properties["decimalLatitude"])
    except (KeyError, ValueError):
        return None
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        return None
    return {"type": "Point", "coordinates": [longitude, latitude]}
