"""A map of the region's counties by class: no record is drawn on it, so that both editions show the same ground."""

from collections.abc import Iterable, Sequence

from server.assessments.assessment import Assessment
from server.reporting.document import Figure
from server.reporting.maps import MapSheet, Shapes, draw_map
from server.snapshots.context import Area

CountyClass = tuple[str, Sequence[str], str]
"""(style, county codes, words for the legend)."""
_MOST_NAMES, _LINE_DEG, _WORD_DEG = 16, 0.16, 0.9
_TALLEST_IN = 5.2
"""Leaves room for the words above it on a page of paper."""


def province_map(
    assessment: Assessment,
    name: str,
    title: str,
    classes: Iterable[CountyClass],
    unit: str,
    counted: str,
    alt: str,
) -> Figure:
    areas = {county.area.code: county.area for county in assessment.region.counties}
    wanted = [(style, [areas[code] for code in sorted(codes)], label) for style, codes, label in classes]
    layers = tuple(Shapes(style, tuple(area.shape for area in members), label) for style, members, label in wanted)
    named = [area for style, members, _ in wanted if style != "class0" for area in members]
    source = "县级行政区界线（天地图，版本见“数据版本与校验”）"
    border = Shapes("grid", tuple(area.shape for area in areas.values()))
    outline = Shapes("outline", (assessment.region.whole.county.shape,), "评估范围界")
    sheet = MapSheet(
        name,
        title,
        assessment.region.whole.county.shape,
        (*layers, border, outline),
        f"{source}；记录取自本报告数据快照",
        assessment.cutoff_zh,
        names=_names(named) if len(named) <= _MOST_NAMES else (),
        tallest_in=_TALLEST_IN,
    )
    return Figure(
        name,
        title,
        unit,
        f"{source}；{assessment.source}",
        counted,
        draw_map(assessment.settings, sheet),
        alt,
        is_map=True,
    )


def _names(areas: Iterable[Area]) -> tuple[tuple[float, float, str], ...]:
    """Below each county, where the ground is pale; one that would lie upon another moves down."""
    placed: list[tuple[float, float, str]] = []
    for area in sorted(areas, key=lambda one: (-one.shape.bounds[1], one.code)):
        west, south, east, _ = area.shape.bounds
        longitude, latitude = (west + east) / 2, south - _LINE_DEG / 2
        while any(abs(x - longitude) < _WORD_DEG and abs(y - latitude) < _LINE_DEG for x, y, _ in placed):
            latitude -= _LINE_DEG
        placed.append((float(longitude), float(latitude), area.name_zh))
    return tuple(placed)
