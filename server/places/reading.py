"""Reads one layer of a GeoJSON, GeoPackage, Shapefile or KML: its features as they are written, in its own coordinates."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from server.places.dbf import encoding_of
from server.places.gdal import vector_library
from server.places.refusal import LayerRefused
from server.places.staging import LIMIT_BYTES, Staged, staged

# What the KML driver adds of its own.
_KML_FIELDS = frozenset(
    "id timestamp begin end altitudeMode tessellate extrude visibility drawOrder icon snippet".split()
)
_DRIVERS: Mapping[str, Sequence[str]] = {"KML": ("KML", "LIBKML")}


@dataclass(frozen=True)
class RawFeature:
    """`no` counts from 1; `fields` are texts, blank where there is none."""

    no: int
    fields: Mapping[str, str]
    shape: BaseGeometry | None


@dataclass(frozen=True)
class RawLayer:
    """`crs` is the declaration of the file, None where it has none. `assumes_wgs84`: a format that says so unasked."""

    file: str
    layer: str
    crs: str | None
    assumes_wgs84: bool
    columns: tuple[str, ...]
    features: tuple[RawFeature, ...]
    told: tuple[str, ...]


def read_vector(file: Path, layer: str | None = None, limit_bytes: int = LIMIT_BYTES) -> RawLayer:
    pyogrio = vector_library()

    with staged(file, limit_bytes) as laid, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            chosen = _layer(file.name, _layers(laid), laid, layer)
            encoding, told = _encoding(laid)
            meta, _, shapes, values = pyogrio.raw.read(
                str(laid.path), layer=chosen, encoding=encoding, force_2d=True, datetime_as_string=True
            )
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError) as error:
            raise LayerRefused(file.name, f"无法读取：{_without(error, laid)}") from None
        except UnicodeDecodeError as error:
            raise LayerRefused(
                file.name, f"属性表的文字无法按 {error.encoding} 解码；请补一个写明编码的 .cpg 文件"
            ) from None
    names = [str(name) for name in meta["fields"]]
    texts = [[_text(value) for value in column] for column in values]
    kept = [n for n, name in enumerate(names) if laid.format != "KML" or _of_kml(name, texts[n])]
    shown = dict.fromkeys(_without(warning.message, laid) for warning in caught)
    return RawLayer(
        file.name,
        chosen if laid.format in ("GPKG", "KML") else file.stem,
        meta["crs"],
        not laid.declares_crs,
        tuple(names[n] for n in kept),
        _features(file.name, [names[n] for n in kept], [texts[n] for n in kept], shapes),
        (*told, *(f"读取时的提示：{words}" for words in shown)),
    )


def _of_kml(name: str, texts: Sequence[str]) -> bool:
    """Every KML has a Name; where nobody filled it, a column of the writer's own is the name."""
    return name not in _KML_FIELDS and (name != "Name" or any(texts))


def _layers(laid: Staged) -> list[str]:
    info = vector_library().list_layers(str(laid.path))
    return [str(name) for name, geometry in info if geometry is not None]


def _layer(file: str, found: Sequence[str], laid: Staged, asked: str | None) -> str:
    """Of a shapefile or a GeoJSON the one layer bears our own name, so none is asked for."""
    if laid.format in ("GeoJSON", "ESRI Shapefile"):
        if len(found) != 1:
            raise LayerRefused(file, "文件里没有带图形的图层")
        return found[0]
    if asked is not None:
        if asked not in found:
            raise LayerRefused(file, f"没有名为 {asked} 的图层；现有：{'、'.join(found) or '无'}")
        return asked
    if len(found) != 1:
        raise LayerRefused(file, f"文件里有 {len(found)} 个图层（{'、'.join(found)}），请用 --layer 指明一个")
    return found[0]


def _encoding(laid: Staged) -> tuple[str | None, tuple[str, ...]]:
    if laid.format != "ESRI Shapefile":
        return None, ()
    encoding, told = encoding_of(laid.path.with_suffix(".dbf"), laid.path.with_suffix(".cpg"))
    return encoding, () if told is None else (told,)


def _features(
    file: str, names: Sequence[str], texts: Sequence[Sequence[str]], binaries: Sequence[bytes | None]
) -> tuple[RawFeature, ...]:
    if binaries is None or len(binaries) == 0:
        raise LayerRefused(file, "图层里没有任何要素")
    shapes = shapely.from_wkb(np.asarray(binaries, dtype=object), on_invalid="ignore")
    broken = [n for n, (shape, wkb) in enumerate(zip(shapes, binaries, strict=True), 1) if shape is None and wkb]
    if broken:
        raise LayerRefused(file, *[f"第 {n} 个要素的图形无法读取（环不闭合、点数不足或含曲线）" for n in broken])
    rows = zip(*texts, strict=True) if texts else [()] * len(shapes)
    return tuple(
        RawFeature(n, dict(zip(names, row, strict=True)), None if shape is None or shape.is_empty else shape)
        for n, (row, shape) in enumerate(zip(rows, shapes, strict=True), 1)
    )


def _text(value: Any) -> str:
    """Numbers as a person writes them: a code kept as a floating point number has no decimals."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).replace("\u3000", " ").strip()


def _without(error: object, laid: Staged) -> str:
    return str(error).replace(str(laid.path), laid.path.name)
