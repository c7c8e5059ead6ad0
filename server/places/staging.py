"""Lays a vector file where GDAL may read it: checked by size and by its first bytes, under a name of our own.

GDAL takes a name or a text for a command: /vsicurl/…, zip://…, or a file that is a virtual dataset by its content,
whatever it is called. So no name of a user reaches it, and no file whose content is not what its ending says.
"""

import contextlib
import io
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from server.formats.archive import open_archive
from server.formats.unusable import Unusable
from server.places.refusal import LayerRefused
from shared import strict_json

LIMIT_BYTES = 200_000_000
_FORMATS: Mapping[str, str] = {
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".gpkg": "GPKG",
    ".shp": "ESRI Shapefile",
    ".kml": "KML",
    ".zip": "ESRI Shapefile",
}
_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_NEEDED = (".shp", ".shx", ".dbf")
_HEADS: Mapping[str, bytes] = {"ESRI Shapefile": b"\x00\x00\x27\x0a", "GPKG": b"SQLite format 3\x00"}
_VIRTUAL = b"<OGR"  # anywhere in a text, not only at its root: GDAL looks no closer
_HEAD_BYTES = 65_536
_COLLECTIONS = "FeatureCollection Feature Point LineString Polygon MultiPoint MultiLineString MultiPolygon".split()


@dataclass(frozen=True)
class Staged:
    """`path` is what GDAL reads; `declares_crs` is False where the format only assumes WGS84."""

    path: Path
    format: str
    declares_crs: bool = True


@contextlib.contextmanager
def staged(file: Path, limit_bytes: int = LIMIT_BYTES) -> Iterator[Staged]:
    """LayerRefused for what is no regular file, too large, or not what its name says."""
    name, format_ = file.name, _FORMATS.get(file.suffix.lower())
    if format_ is None:
        raise LayerRefused(name, "格式不支持：可用 GeoJSON、GeoPackage（.gpkg）、Shapefile（.shp 或其 .zip）、KML")
    parts = _parts(file)
    _check_size(name, sum(_size(name, part) for part in parts.values()), limit_bytes)
    with tempfile.TemporaryDirectory(prefix="xiangye-layer-") as made:
        folder = Path(made)
        if file.suffix.lower() == ".zip":
            parts = _unpacked(file, folder, limit_bytes)
        yield _checked(name, format_, parts, folder)


def _size(name: str, part: Path) -> int:
    try:
        found = part.stat()
    except OSError:
        raise LayerRefused(name, "文件不存在或无法读取") from None
    if not stat.S_ISREG(found.st_mode):
        raise LayerRefused(name, "不是普通文件")
    if found.st_size == 0:
        raise LayerRefused(name, f"文件 {part.name} 是空的")
    return found.st_size


def _check_size(name: str, size: int, limit_bytes: int) -> None:
    if size > limit_bytes:
        raise LayerRefused(
            name,
            f"文件共 {size / 1e6:.0f} MB，超过 {limit_bytes / 1e6:.0f} MB 的上限；"
            "请先化简或分幅，确需整体载入时用 --max-mb 提高上限",
        )


def _parts(file: Path) -> dict[str, Path]:
    """By ending in lower case; a shapefile is several files of one stem, whose endings may be in capitals."""
    if file.suffix.lower() != ".shp" or not file.parent.is_dir():
        return {file.suffix.lower(): file}
    beside = {
        one.suffix.lower(): one
        for one in file.parent.iterdir()
        if one.stem == file.stem and one.suffix.lower() in _PARTS
    }
    return beside | {".shp": file}


def _unpacked(file: Path, folder: Path, limit_bytes: int) -> dict[str, Path]:
    try:
        with open_archive(file, limit_bytes) as archive:
            members = _members(file.name, archive.names)
            for ending, member in members.items():
                (folder / f"packed{ending}").write_bytes(archive.read(member, limit_bytes))
    except Unusable as error:
        if error.code == "archive_too_large":
            most = f"{limit_bytes / 1e6:.0f} MB"
            raise LayerRefused(
                file.name,
                f"解开后超过 {most} 的上限，或压缩比过高（{error.detail}）；可用 --max-mb 提高上限，或解开后直接载入 .shp",
            ) from None
        raise LayerRefused(file.name, f"压缩包无法读取（{error}）") from None
    return {ending: folder / f"packed{ending}" for ending in members}


def _members(name: str, found: Sequence[str]) -> dict[str, str]:
    """The parts of the one shapefile of an archive; other files in it are left alone."""
    shapes = [one for one in found if one.lower().endswith(".shp")]
    if len(shapes) != 1:
        raise LayerRefused(name, f"压缩包里应当恰有一个 .shp，实有：{'、'.join(shapes) or '没有'}")
    stem = shapes[0][:-4]
    return {one[-4:].lower(): one for one in found if one[:-4] == stem and one[-4:].lower() in _PARTS}


def _checked(name: str, format_: str, parts: Mapping[str, Path], folder: Path) -> Staged:
    if format_ == "GeoJSON":
        return _geojson(name, next(iter(parts.values())), folder)
    if format_ == "KML":
        return _kml(name, next(iter(parts.values())), folder)
    missing = [ending for ending in _NEEDED if ending not in parts] if format_ == "ESRI Shapefile" else []
    if missing:
        raise LayerRefused(name, f"Shapefile 缺少同名的 {'、'.join(missing)} 文件")
    main = ".shp" if format_ == "ESRI Shapefile" else ".gpkg"
    with parts[main].open("rb") as opened:
        if not opened.read(16).startswith(_HEADS[format_]):
            raise LayerRefused(name, f"内容不是 {format_}，文件可能损坏或改错了扩展名")
    for ending, part in parts.items():
        os.symlink(part.resolve(), folder / f"layer{ending}")
    return Staged(folder / f"layer{main}", format_)


def _geojson(name: str, file: Path, folder: Path) -> Staged:
    """Written anew in UTF-8, since GDAL reads no other; a text in GB18030 is known by not being UTF-8. In JSON the mark < stands
    in texts only, and is spelt out there: GDAL looks for the tags of its virtual datasets before it asks what a file is."""
    raw = file.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", "replace")
    try:
        content = strict_json.parse(text.encode(), float)
    except strict_json.NotJson as error:
        raise LayerRefused(name, f"不是可读的 JSON（{error}）") from None
    if not isinstance(content, dict) or content.get("type") not in _COLLECTIONS:
        raise LayerRefused(name, "是 JSON，但不是 GeoJSON：缺少 type（FeatureCollection 等）")
    path = folder / "layer.geojson"
    path.write_text(text.replace("<", "\\u003c"), encoding="utf-8")
    return Staged(path, "GeoJSON", declares_crs=bool(content.get("crs")))


def _kml(name: str, file: Path, folder: Path) -> Staged:
    raw = file.read_bytes()
    try:
        head = io.BytesIO(raw[:_HEAD_BYTES])  # a root longer than that is none, and is not taken apart
        root = str(next(iter(iterparse(head, events=("start",), forbid_dtd=True)))[1].tag)
    except (ValueError, SyntaxError, StopIteration, DefusedXmlException) as error:
        raise LayerRefused(name, f"不是可读的 KML（{error}）") from None
    if root.rpartition("}")[2] != "kml":
        raise LayerRefused(name, f"是 XML，但根元素是 {root}，不是 KML")
    if _VIRTUAL in raw:
        raise LayerRefused(name, "不是单纯的 KML：里面有 GDAL 虚拟数据集的标记 <OGR…，会去读别的文件或网址")
    path = folder / "layer.kml"
    path.write_bytes(raw)
    return Staged(path, "KML", declares_crs=False)
