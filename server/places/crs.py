"""From the coordinates of a file to WGS84 degrees: what it declares, what it is told, and what its numbers can be.

CGCS2000 equals WGS84 to the decimetre, so its numbers are taken as they are; a projection on it is only undone. Any other
datum needs a published transformation, and is refused where PROJ has none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer, network
from pyproj.aoi import AreaOfInterest
from pyproj.exceptions import CRSError, ProjError
from pyproj.transformer import TransformerGroup
from shapely.geometry.base import BaseGeometry

from server.places.refusal import LayerRefused

CHINA = (73.0, 3.0, 136.0, 54.0)
_WGS84 = "EPSG:4326"
_SAME_AS_WGS84 = re.compile(
    r"WGS.?84|World Geodetic System 1984|CGCS.?2000|China.?2000|China Geodetic Coordinate System 2000", re.I
)
_WORST_M = 20.0
_ADVICE = (
    "请用 --crs 说明，例如 --crs EPSG:4490（CGCS2000 经纬度）、EPSG:4546 / EPSG:4547（三度带高斯，中央经线 111° / 114°）、"
    "EPSG:4525 / EPSG:4526（同上，东坐标带带号 37 / 38）"
)


@dataclass(frozen=True)
class Placed:
    """`shapes` in WGS84 degrees, longitude first; `crs` is the name by which the version remembers where they came from."""

    shapes: tuple[BaseGeometry | None, ...]
    crs: str
    told: tuple[str, ...]


def to_wgs84(
    file: str, shapes: Sequence[BaseGeometry | None], declared: str | None, assumed: bool, given: str | None
) -> Placed:
    """`assumed`: the declaration is only what the format takes for granted, and `given` may overrule it."""
    crs, told = _choose(file, declared, assumed, given)
    present = [shape for shape in shapes if shape is not None]
    if not present:
        raise LayerRefused(file, "所有要素都没有图形")
    bounds = shapely.total_bounds(np.asarray(present, dtype=object))
    problem = _cannot_be(crs, bounds, assumed and given is None)
    if problem:
        raise LayerRefused(file, problem)
    transformer, words = _transformer(file, crs, bounds)
    moved = [None if shape is None else _moved(shape, transformer) for shape in shapes]
    _check_in_china(file, crs, moved)
    return Placed(tuple(moved), _label(crs), (*told, *words))


def _choose(file: str, declared: str | None, assumed: bool, given: str | None) -> tuple[CRS, list[str]]:
    if declared is None and given is None:
        raise LayerRefused(file, f"没有声明坐标系（如缺少 .prj）。{_ADVICE}")
    own = None if declared is None else _parse(file, declared, "文件自带的坐标系")
    if given is None:
        assert own is not None
        return own, []
    told = _parse(file, given, "--crs")
    if own is None or assumed or own.equals(told, ignore_axis_order=True) or _same_epsg(own, told):
        return told, []
    raise LayerRefused(
        file,
        f"文件自带坐标系 {_label(own)}，与 --crs {_label(told)} 不符；若自带的写错了，请先改正或删去它（.prj）再载入",
    )


def _parse(file: str, text: str, what: str) -> CRS:
    try:
        crs = CRS.from_user_input(text)
    except CRSError:
        raise LayerRefused(file, f"{what} {text[:60]!r} 无法识别。{_ADVICE}") from None
    if crs.is_compound:  # heights are left out
        crs = crs.sub_crs_list[0]
    if not (crs.is_geographic or crs.is_projected) or crs.is_engineering:
        raise LayerRefused(file, f"{what} {crs.name} 不是大地坐标系，无法定位。{_ADVICE}")
    return crs


def _same_epsg(one: CRS, other: CRS) -> bool:
    code = one.to_epsg()
    return code is not None and code == other.to_epsg()


def _label(crs: CRS) -> str:
    code = crs.to_epsg()
    return crs.name if code is None else f"EPSG:{code} {crs.name}"


def _cannot_be(crs: CRS, bounds: NDArray[np.float64], assumed: bool) -> str | None:
    """Numbers that the declared system cannot have, with what they look like instead."""
    left, bottom, right, top = bounds
    seen = f"坐标范围 {left:.6g} … {right:.6g}，{bottom:.6g} … {top:.6g}"
    if not np.isfinite(bounds).all():
        return "坐标里有无穷大或非数值"
    if crs.is_geographic:
        if max(abs(left), abs(right)) <= 180 and max(abs(bottom), abs(top)) <= 90:
            return None
        if abs(bottom) <= 180 and abs(top) <= 180 and abs(left) <= 90 and abs(right) <= 90:
            return f"{seen}：经度与纬度写反了（应经度在前）"
        default = "没有声明坐标系，按格式规定应为经纬度，但" if assumed else f"声明为 {_label(crs)}（经纬度），但"
        return f"{default}{seen} 不是度数{_looks_like(bounds)}"
    false_easting = _easting(crs)
    if false_easting is None:
        return None
    if abs(bottom - false_easting) < 600_000 < abs(left - false_easting) and 2_000_000 < left < 6_000_000:
        return f"{seen}：东坐标与北坐标写反了（{_label(crs)} 应东坐标在前）"
    in_degrees = max(abs(left), abs(right)) <= 180 and max(abs(bottom), abs(top)) <= 180
    if in_degrees or abs((left + right) / 2 - false_easting) > 600_000:
        return f"{seen} 与声明的 {_label(crs)} 不符{_looks_like(bounds)}"
    return None


def _easting(crs: CRS) -> float | None:
    """Of a transverse Mercator; None for other projections."""
    operation = crs.coordinate_operation
    if operation is None or not re.search("Transverse Mercator|Gauss", operation.method_name):
        return None
    return next((float(one.value) for one in operation.params if one.name == "False easting"), None)


def _looks_like(bounds: NDArray[np.float64]) -> str:
    x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    zone = int(x // 1_000_000)
    if 25 <= zone <= 45:
        return f"；像是三度带高斯坐标、带号 {zone}（--crs EPSG:{4513 + zone - 25}）"
    if 13 <= zone <= 23:
        return f"；像是六度带高斯坐标、带号 {zone}（--crs EPSG:{4491 + zone - 13}）"
    if 100_000 < x < 900_000 and 300_000 < y < 6_000_000:
        return "；像是不带带号的高斯坐标，在湖南多为 --crs EPSG:4546（111°）或 EPSG:4547（114°）"
    if abs(x) <= 180 and abs(y) <= 90:
        return "；像是经纬度（--crs EPSG:4490）"
    return ""


def _transformer(file: str, crs: CRS, bounds: NDArray[np.float64]) -> tuple[Transformer | None, list[str]]:
    """None where the numbers are WGS84 degrees already."""
    network.set_network_enabled(active=False)  # type: ignore[attr-defined]  # not named in its stub
    base = crs.geodetic_crs
    if base is None:
        raise LayerRefused(file, f"坐标系 {_label(crs)} 没有大地基准，无法定位")
    if not crs.is_bound and _SAME_AS_WGS84.search(f"{base.name} {base.datum.name if base.datum else ''}"):
        return (Transformer.from_crs(crs, base, always_xy=True) if crs.is_projected else None), []
    first = Transformer.from_crs(crs, _WGS84, always_xy=True)
    if crs.is_bound:
        return first, ["按坐标系声明里自带的转换参数（towgs84）换算"]
    area = AreaOfInterest(*_rough(file, crs, first, bounds))
    found = TransformerGroup(crs, _WGS84, always_xy=True, area_of_interest=area)  # type: ignore[arg-type]  # the stub names its twin
    usable = [one for one in found.transformers if 0 <= one.accuracy <= _WORST_M and "Ballpark" not in one.description]
    if not usable:
        raise LayerRefused(
            file,
            f"坐标系 {_label(crs)} 到 WGS84 没有公开的转换参数，直接套用会差几十到一百多米；请先用测绘部门的参数转为 CGCS2000",
        )
    return usable[0], [f"由 {_label(crs)} 转换，转换参数的精度约 {usable[0].accuracy:.0f} 米"]


def _rough(
    file: str, crs: CRS, transformer: Transformer, bounds: NDArray[np.float64]
) -> tuple[float, float, float, float]:
    left, bottom, right, top = bounds
    try:
        return transformer.transform_bounds(left, bottom, right, top, errcheck=True)
    except ProjError:
        raise LayerRefused(file, f"坐标不在 {_label(crs)} 可用的范围内") from None


def _moved(shape: BaseGeometry, transformer: Transformer | None) -> BaseGeometry:
    if transformer is None:
        return shape
    return shapely.transform(shape, lambda at: np.column_stack(transformer.transform(at[:, 0], at[:, 1])))


def _check_in_china(file: str, crs: CRS, shapes: Sequence[BaseGeometry | None]) -> None:
    """A wrong zone or swapped axes put a layer into another country; one stray feature is named."""
    west, south, east, north = CHINA
    strays = []
    for n, shape in enumerate(shapes, 1):
        if shape is None:
            continue
        left, bottom, right, top = shape.bounds
        if not (west <= left and right <= east and south <= bottom and top <= north):
            strays.append((n, left, bottom, right, top))
    if not strays:
        return
    n, left, bottom, right, top = strays[0]
    swapped = south <= left and right <= north and west <= bottom and top <= east
    why = "经度与纬度写反了（应经度在前）" if swapped else f"不在中国范围内；请检查声明的坐标系 {_label(crs)}"
    raise LayerRefused(
        file,
        f"{len(strays)} 个要素的位置不对，例如第 {n} 个：经度 {left:.4f} … {right:.4f}，纬度 {bottom:.4f} … {top:.4f}，{why}",
    )
