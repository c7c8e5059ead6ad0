"""Maps for the report: polygons and points with title, legend, scale, north, datum, sources, date, and their approval or its lack."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch, Polygon
from matplotlib.path import Path as Outline
from shapely.geometry.base import BaseGeometry

from server.reporting.drawing import EARTH, INK, LEAF, SOFT, WIDTH_IN, sheet, to_svg
from server.settings import Settings
from shared.geodesy import distance_m

NOT_APPROVED = "内部工作用图 未经审核 不得公开"
NO_BOUNDARY_PROOF = "行政界线不作划界依据"
DATUM = "坐标系：WGS84（与CGCS2000相差小于1 m，按等值使用）；经纬度投影"
_WRAP = 54
_STYLES: dict[str, dict[str, Any]] = {
    "area": {"facecolor": "#eef3ef", "edgecolor": INK, "linewidth": 1.3},
    "neighbour": {"facecolor": "#f7f7f5", "edgecolor": "#aab3ae", "linewidth": 0.6},
    "water": {"facecolor": "#d5e4ec", "edgecolor": "#8fb2c4", "linewidth": 0.5},
    "outline": {"facecolor": "none", "edgecolor": INK, "linewidth": 1.3},
    "grid": {"facecolor": "none", "edgecolor": "#9fb0a7", "linewidth": 0.6, "linestyle": (0, (3, 2))},
    "surveyed": {"facecolor": "#8fc2a5", "edgecolor": LEAF, "linewidth": 0.7, "alpha": 0.75},
    "recorded": {"facecolor": "#e9d9a6", "edgecolor": "#a08432", "linewidth": 0.7, "alpha": 0.75},
    "guarded": {"facecolor": "none", "edgecolor": EARTH, "linewidth": 1.1, "hatch": "////"},
    **{
        f"class{n}": {"facecolor": colour, "edgecolor": "#ffffff", "linewidth": 0.5}
        for n, colour in enumerate(("#f0f3f1", "#cfe3d6", "#94c3a7", "#4f9571", "#1f5b43"))
    },
}
_POINTS: dict[str, dict[str, Any]] = {
    "record": {"marker": "o", "s": 14, "facecolor": LEAF, "edgecolor": "white", "linewidth": 0.4},
    "finding": {"marker": "^", "s": 26, "facecolor": EARTH, "edgecolor": "white", "linewidth": 0.4},
}


@dataclass(frozen=True)
class Shapes:
    """`style` is a key of the styles here; `label` stands in the legend (None: it does not)."""

    style: str
    shapes: tuple[BaseGeometry, ...]
    label: str | None = None


@dataclass(frozen=True)
class Points:
    style: str
    positions: tuple[tuple[float, float], ...]
    label: str | None = None


@dataclass(frozen=True)
class MapSheet:
    """Longitudes and latitudes in degrees; `frame` is what must be seen; `date` is the data's date, not today's."""

    name: str
    title: str
    frame: BaseGeometry
    layers: tuple[Shapes, ...]
    sources: str
    date: str
    points: tuple[Points, ...] = ()
    names: tuple[tuple[float, float, str], ...] = field(default=())
    tallest_in: float = 6.4


def draw_map(settings: Settings, wanted: MapSheet) -> str:
    west, south, east, north = _frame(wanted.frame)
    aspect = 1 / math.cos(math.radians((south + north) / 2))
    map_height = min(WIDTH_IN * 0.94 * (north - south) * aspect / (east - west), wanted.tallest_in)
    lines = _footer(settings, wanted)
    legend_rows = math.ceil(len(_legend(wanted)) / 3)
    foot = 0.2 + 0.24 * legend_rows + 0.175 * len(lines)
    total = map_height + foot + 0.42
    with sheet(settings, total) as drawn:
        axes = drawn.add_axes((0.03, foot / total, 0.94, map_height / total))
        axes.set(xlim=(west, east), ylim=(south, north), xticks=[], yticks=[])
        axes.set_aspect(aspect)
        _draw_layers(axes, wanted)
        _scale_bar(axes, (west, south, east, north))
        _north_arrow(axes)
        drawn.text(0.5, 1 - 0.24 / total, wanted.title, ha="center", va="center", fontsize=12, weight="bold")
        handles = _legend(wanted)
        drawn.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(0.02, (0.1 + 0.175 * len(lines)) / total),
            ncols=3,
            frameon=False,
            fontsize=8.5,
            borderpad=0,
            columnspacing=1.6,
            handlelength=1.6,
            labelspacing=0.45,
        )
        for n, line in enumerate(reversed(lines)):
            mark = line == NOT_APPROVED
            drawn.text(
                0.03,
                (0.1 + 0.175 * n) / total,
                line,
                fontsize=8.5 if mark else 8,
                color=EARTH if mark else SOFT,
                va="bottom",
                weight="bold" if mark else "normal",
            )
        return to_svg(drawn, wanted.name)


def approval(settings: Settings) -> str:
    number = settings.map_approval_number
    return f"审图号：{number}" if number else NOT_APPROVED


def _frame(shape: BaseGeometry) -> tuple[float, float, float, float]:
    west, south, east, north = shape.bounds
    margin = max(east - west, north - south) * 0.06
    return west - margin, south - margin, east + margin, north + margin


def _draw_layers(axes: Axes, wanted: MapSheet) -> None:
    for layer in wanted.layers:
        patches = [PathPatch(_outline(part)) for shape in layer.shapes for part in _polygons(shape)]
        if patches:
            axes.add_collection(PatchCollection(patches, **_STYLES[layer.style]), autolim=False)
    for points in wanted.points:
        if points.positions:
            axes.scatter(*zip(*points.positions, strict=True), **_POINTS[points.style], zorder=5)
    for longitude, latitude, text in wanted.names:
        axes.text(longitude, latitude, text, ha="center", va="center", fontsize=8, color=SOFT, clip_on=True)


def _polygons(shape: BaseGeometry) -> Sequence[BaseGeometry]:
    parts = getattr(shape, "geoms", (shape,))
    return [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]


def _outline(polygon: Any) -> Outline:
    rings = (polygon.exterior, *polygon.interiors)
    return Outline.make_compound_path(*(Outline(list(ring.coords), closed=True) for ring in rings))


def _legend(wanted: MapSheet) -> list[Any]:
    shapes = [
        Patch(label=layer.label, **_STYLES[layer.style]) for layer in wanted.layers if layer.label and layer.shapes
    ]
    dots = [
        Line2D(
            [],
            [],
            linestyle="",
            marker=_POINTS[p.style]["marker"],
            color=_POINTS[p.style]["facecolor"],
            markeredgecolor="white",
            markersize=6,
            label=p.label,
        )
        for p in wanted.points
        if p.label and p.positions
    ]
    return [*shapes, *dots]


def _scale_bar(axes: Axes, frame: tuple[float, float, float, float]) -> None:
    west, south, east, north = frame
    middle = (south + north) / 2
    width_m = distance_m(west, middle, east, middle)
    length_km = next(n for n in (200, 100, 50, 20, 10, 5, 2, 1) if n * 1000 <= width_m / 4 or n == 1)
    degrees = (east - west) * length_km * 1000 / width_m
    left, low, thick = west + (east - west) * 0.03, south + (north - south) * 0.035, (north - south) * 0.009
    for n, colour in enumerate((INK, "white")):
        x = left + degrees / 2 * n
        axes.add_patch(
            Polygon(
                [(x, low), (x + degrees / 2, low), (x + degrees / 2, low + thick), (x, low + thick)],
                facecolor=colour,
                edgecolor=INK,
                linewidth=0.7,
                zorder=6,
            )
        )
    for share, text in ((0, "0"), (0.5, f"{length_km / 2:g}"), (1, f"{length_km} km")):
        axes.text(
            left + degrees * share,
            low + thick * 1.8,
            text,
            ha="center" if share < 1 else "left",
            va="bottom",
            fontsize=8,
            zorder=6,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
        )


def _north_arrow(axes: Axes) -> None:
    axes.add_patch(
        Polygon(
            [(0.955, 0.985), (0.938, 0.915), (0.955, 0.93), (0.972, 0.915)],
            transform=axes.transAxes,
            facecolor=INK,
            edgecolor=INK,
            linewidth=0.5,
            zorder=6,
        )
    )
    axes.text(0.955, 0.9, "北", transform=axes.transAxes, ha="center", va="top", fontsize=9, weight="bold", zorder=6)


def _footer(settings: Settings, wanted: MapSheet) -> list[str]:
    told = [
        f"{DATUM}。",
        f"资料来源：{wanted.sources}。",
        f"数据日期：{wanted.date}。{NO_BOUNDARY_PROOF}。",
        approval(settings),
    ]
    return [piece for line in told for piece in _wrapped(line)]


def _wrapped(text: str) -> list[str]:
    """Lines of at most `_WRAP` full widths, so that no line runs out of the sheet."""
    lines: list[str] = []
    line, width = "", 0.0
    for character in text:
        step = 1.0 if ord(character) > 0x2E7F else 0.55
        if width + step > _WRAP and character not in "，。；：）、":
            lines, line, width = [*lines, line], "", 0.0
        line, width = line + character, width + step
    return [*lines, line]
