"""Rasters that places are sampled from: read and checked whole, kept in the store by digest, put in force like any layer."""

import contextlib
import hashlib
import os
import stat
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.places.model import BoundaryVersion, CountyRow, RasterLayer
from server.places.queries import boundary_version, hold_all_layers, versions_on
from server.places.raster_sampling import RASTER_KINDS, path_of
from server.places.refusal import LayerRefused
from server.places.writing import open_version
from server.settings import Settings, from_environment
from shared import strict_json
from shared.canonical import digest
from shared.clock import SystemClock, today_in_china

LIMIT_BYTES = 4_000_000_000
_HEADS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_TYPES = {
    "elevation": ("int16", "uint16", "int32", "float32", "float64"),
    "land_cover": ("uint8", "int8", "uint16", "int16", "uint32", "int32"),
}
_NAMES = {"elevation": "高程", "land_cover": "土地覆被"}
_HEIGHTS_M = (-500.0, 9_000.0)
_MOST_CLASSES = 500
_MOST_CELLS = 20_000_000_000
_MOST_BLOCK_BYTES = 512_000_000


@dataclass(frozen=True)
class PreparedRaster:
    """A raster that passed every check; `before` is the version that it would take the place of. `told`: what a person
    should know."""

    path: Path
    kind: str
    version: str
    before: str | None
    digest: str
    sha256: str
    byte_count: int
    crs: str
    width: int
    height: int
    bounds: tuple[float, float, float, float]
    legend: Mapping[str, str]
    label: str | None
    source: str
    valid_from: date | None
    told: tuple[str, ...]


def prepare(
    session: Session,
    path: Path,
    kind: str,
    *,
    legend: Path | None = None,
    label: str | None = None,
    source: str | None = None,
    valid_from: date | None = None,
    home_province: str | None = None,
) -> PreparedRaster:
    """Reads every cell and writes nothing. LayerRefused for whatever is wrong. `legend`: a JSON object from values to codes
    or names."""
    if kind not in RASTER_KINDS:
        raise LayerRefused(path.name, f"--raster 应为 {' 或 '.join(RASTER_KINDS)}，不是 {kind!r}")
    if legend is not None and kind != "land_cover":
        raise LayerRefused(path.name, "只有土地覆被（land_cover）有图例")
    classes = {} if legend is None else _read_legend(legend)
    with _opened(path) as raster:
        _check_form(path.name, raster, kind)
        _check_province(session, path.name, raster, home_province or from_environment().home_province)
        told = _check_values(path.name, raster, kind, classes)
        sha256 = _sha256(path)
        mark = digest([kind, sha256, classes])
        return PreparedRaster(
            path=path,
            kind=kind,
            version=f"{kind}-{mark[:8]}",
            before=versions_on(session).get(kind),
            digest=mark,
            sha256=sha256,
            byte_count=path.stat().st_size,
            crs=raster.crs.to_string(),
            width=raster.width,
            height=raster.height,
            bounds=tuple(raster.bounds),
            legend=classes,
            label=label,
            source=source or path.name,
            valid_from=valid_from,
            told=told,
        )


def load(session: Session, settings: Settings, prepared: PreparedRaster, by: str) -> bool:
    """Puts it in force; False where this very raster is in force already. LayerRefused where it was replaced since, where
    the file is no longer the one that was checked, or where its day does not follow."""
    hold_all_layers(session)
    now = versions_on(session).get(prepared.kind)
    if now == prepared.version:
        return False
    if session.get(BoundaryVersion, prepared.version) is not None:
        raise LayerRefused(prepared.path.name, f"这个文件早已载入，后来被 {now} 取代；同一文件不再次生效")
    _keep(settings.store_dir, prepared)
    open_version(
        session,
        BoundaryVersion(
            id=prepared.version,
            kind=prepared.kind,
            source=prepared.source,
            digest=prepared.digest,
            valid_from=_begins(session, prepared, now),
            label=prepared.label,
            file_name=prepared.path.name,
            crs=prepared.crs,
            loaded_by=by,
        ),
    )
    west, south, east, north = prepared.bounds
    session.add(
        RasterLayer(
            boundary_version=prepared.version,
            sha256=prepared.sha256,
            byte_count=prepared.byte_count,
            crs=prepared.crs,
            width=prepared.width,
            height=prepared.height,
            west=west,
            south=south,
            east=east,
            north=north,
            legend=dict(prepared.legend),
        )
    )
    session.flush()
    return True


def _begins(session: Session, prepared: PreparedRaster, now: str | None) -> date | None:
    """A first raster holds for all days, since the ground was the same before; a later one from the day given, or today."""
    if now is None:
        return prepared.valid_from
    begins, before = (
        prepared.valid_from or today_in_china(SystemClock()),
        session.get_one(BoundaryVersion, now).valid_from,
    )
    if begins > today_in_china(SystemClock()) or (before is not None and begins < before):
        raise LayerRefused(prepared.path.name, f"生效日期 {begins} 应不早于现行版本 {now} 的生效日期，也不晚于今天")
    return begins


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Under a name of our own in an empty folder: no name of a user, and no file beside it, is a command to GDAL."""
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    _check_file(path)
    with tempfile.TemporaryDirectory(prefix="xiangye-raster-") as folder:
        laid = Path(folder) / "raster.tif"
        os.symlink(path.resolve(), laid)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NotGeoreferencedWarning)  # refused below, in our own words
                raster = rasterio.open(laid, driver="GTiff")
            with raster:
                yield raster
        except RasterioError as error:
            raise LayerRefused(path.name, f"GeoTIFF 无法读取，文件可能损坏（{type(error).__name__}）") from None


def _check_file(path: Path) -> None:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise LayerRefused(path.name, "不是普通文件")
        with path.open("rb") as opened:
            head = opened.read(4)
    except OSError:
        raise LayerRefused(path.name, "文件不存在或无法读取") from None
    if head not in _HEADS:
        raise LayerRefused(path.name, "内容不是 TIFF；栅格请用 GeoTIFF")
    if found.st_size > LIMIT_BYTES:
        raise LayerRefused(
            path.name, f"文件共 {found.st_size / 1e9:.1f} GB，超过 {LIMIT_BYTES / 1e9:.0f} GB 的上限；请先裁剪到本省"
        )


def _check_form(name: str, raster: Any, kind: str) -> None:
    problems = []
    if raster.count != 1:
        problems.append(f"应为单波段，实有 {raster.count} 个波段")
    if raster.crs is None:
        problems.append("没有坐标系；请先写入坐标系（例如 gdal_edit.py -a_srs EPSG:4490）")
    if raster.transform.is_identity or raster.transform.determinant == 0:
        problems.append("没有地理配准（仿射变换），不知道像元在何处")
    if raster.dtypes[0] not in _TYPES[kind]:
        problems.append(f"{_NAMES[kind]}的像元类型应为 {'、'.join(_TYPES[kind])}，实为 {raster.dtypes[0]}")
    problems += _too_costly(raster)
    if problems:
        raise LayerRefused(name, *problems)


def _too_costly(raster: Any) -> list[str]:
    """By its header: a file of a few kilobytes may claim any size, and each block is read whole."""
    rows, columns = raster.block_shapes[0]
    block = rows * columns * np.dtype(raster.dtypes[0]).itemsize
    problems = []
    if raster.width * raster.height > _MOST_CELLS:
        problems.append(
            f"像元共 {raster.width} × {raster.height}，超过 {_MOST_CELLS // 10**8} 亿的上限；请先裁剪到本省"
        )
    if block > _MOST_BLOCK_BYTES:
        problems.append(
            f"每块 {block / 1e6:.0f} MB，超过 {_MOST_BLOCK_BYTES // 10**6} MB 的上限；请分块重存（TILED=YES）"
        )
    return problems


def _check_province(session: Session, name: str, raster: Any, home: str) -> None:
    from rasterio.errors import CRSError
    from rasterio.warp import transform_bounds

    try:
        bounds = transform_bounds(raster.crs, "EPSG:4326", *raster.bounds)
    except CRSError:
        raise LayerRefused(name, f"坐标系 {raster.crs} 无法换算为 WGS84") from None
    touches = (
        select(func.count())
        .select_from(CountyRow)
        .where(CountyRow.boundary_version == boundary_version(session), CountyRow.code.startswith(home))
        .where(CountyRow.geom.op("&&")(func.ST_MakeEnvelope(*bounds, 4326)))
    )
    if not session.scalar(touches):
        west, south, east, north = (f"{value:.3f}" for value in bounds)
        raise LayerRefused(name, f"与本省不相交：范围是经度 {west}–{east}、纬度 {south}–{north}")


def _check_values(name: str, raster: Any, kind: str, legend: Mapping[str, str]) -> tuple[str, ...]:
    from rasterio.errors import RasterioError

    low, high, classes = np.inf, -np.inf, set[int]()
    for _, window in raster.block_windows(1):
        try:
            cells = raster.read(1, window=window, masked=True).compressed()
        except RasterioError:
            raise LayerRefused(name, f"文件损坏：第 {window.row_off + 1} 行起的数据无法读取") from None
        cells = cells[np.isfinite(cells)]
        if len(cells):
            low, high = min(low, float(cells.min())), max(high, float(cells.max()))
            if kind == "land_cover" and len(classes) <= _MOST_CLASSES:
                classes.update(np.unique(cells).tolist())
    if low > high:
        raise LayerRefused(name, "全部像元都没有数据")
    scale, offset = raster.scales[0], raster.offsets[0]
    told = [] if raster.nodata is not None else ["没有声明无数据值：所有像元都当作有数据"]
    if kind == "elevation":
        low, high = low * scale + offset, high * scale + offset
        if low < _HEIGHTS_M[0] or high > _HEIGHTS_M[1]:
            raise LayerRefused(name, f"高程为 {low:g}–{high:g}，不像是米，或有未声明的无数据值")
        return (*told, f"高程 {low:g}–{high:g} 米")
    return (*told, _check_classes(name, classes, legend))


def _check_classes(name: str, classes: set[int], legend: Mapping[str, str]) -> str:
    if len(classes) > _MOST_CLASSES:
        raise LayerRefused(name, f"取值超过 {_MOST_CLASSES} 种，不像是分类数据")
    missing = sorted(value for value in classes if legend and str(value) not in legend)
    if missing:
        raise LayerRefused(name, f"图例缺少取值 {'、'.join(map(str, missing))}")
    return f"{len(classes)} 类" + ("" if legend else "；没有图例，记录中只写取值")


def _read_legend(path: Path) -> dict[str, str]:
    try:
        content = strict_json.read(path.read_bytes())
    except (OSError, ValueError) as error:
        raise LayerRefused(path.name, f"图例无法读取：应为 UTF-8 的 JSON（{error}）") from None
    fits = isinstance(content, dict) and all(isinstance(one, str) and one.strip() for one in content.values())
    if not fits or not all(key.lstrip("-").isdecimal() for key in content):
        raise LayerRefused(path.name, '图例应为一个 JSON 对象，由整数取值到名称，例如 {"10": "耕地", "20": "林地"}')
    return {str(int(key)): value.strip() for key, value in content.items()}


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _keep(store_dir: Path, prepared: PreparedRaster) -> None:
    """Whole and on the disk under its digest before any row names it."""
    kept = path_of(store_dir, prepared.sha256)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=kept.parent, suffix=".part", delete=False) as copy:
        try:
            mark = hashlib.sha256()
            with prepared.path.open("rb") as opened:
                while part := opened.read(1 << 20):
                    mark.update(part)
                    copy.write(part)
            if mark.hexdigest() != prepared.sha256:
                raise LayerRefused(prepared.path.name, "检查之后文件又变了；请重新载入")
            copy.flush()
            os.fsync(copy.fileno())
            os.replace(copy.name, kept)
        except BaseException:
            os.unlink(copy.name)
            raise
