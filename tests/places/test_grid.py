"""Our 10 km grid: the projection against geodesy and PROJ, the codes, the cells."""

import math

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Point, box
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.places import grid

in_china = st.tuples(st.floats(73, 136), st.floats(3, 54))
everywhere = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


@given(in_china)
def test_there_and_back(point: tuple[float, float]) -> None:
    assert grid.from_albers(*grid.to_albers(*point)) == pytest.approx(point, abs=1e-9)


def test_the_central_meridian_is_straight_and_the_standard_parallels_keep_their_length() -> None:
    assert grid.to_albers(105, 35)[0] == 0
    for parallel in (25.0, 47.0):
        west, east = grid.to_albers(104.999, parallel), grid.to_albers(105.001, parallel)
        sine = math.sin(math.radians(parallel))
        normal = 6_378_137 / math.sqrt(1 - 0.00669438002290 * sine**2)
        assert east[0] - west[0] == pytest.approx(
            normal * math.cos(math.radians(parallel)) * math.radians(0.002), rel=1e-8
        )


@pytest.mark.parametrize(
    "point", [(105.0, 0.0), (112.95, 25.01), (113.11, 29.43), (108.8, 30.1), (73.5, 39.4), (135.0, 48.3), (109.5, 18.2)]
)
def test_the_plane_is_the_one_that_proj_computes(reference: Session, point: tuple[float, float]) -> None:
    there = reference.execute(
        text(
            "SELECT ST_X(p), ST_Y(p) FROM ST_Transform(ST_MakePoint(:lon, :lat), '+proj=longlat +ellps=GRS80 +no_defs', :plane) p"
        ),
        {"lon": point[0], "lat": point[1], "plane": grid.PROJ_DEFINITION},
    ).one()
    assert grid.to_albers(*point) == pytest.approx(tuple(there), abs=1e-3)


@given(in_china)
def test_every_point_of_china_lies_in_the_cell_that_its_code_names(point: tuple[float, float]) -> None:
    code = grid.grid_cell(*point)
    assert code is not None
    # A cell's outline is drawn in four pieces a side, which cuts less than 20 cm off its curve.
    assert grid.cell_polygon(code).distance(Point(point)) < 2e-6


@given(everywhere)
def test_a_point_has_a_code_exactly_within_the_range_of_the_plane(point: tuple[float, float]) -> None:
    lon, lat = point
    assert (grid.grid_cell(lon, lat) is not None) == (73 <= lon <= 136 and 3 <= lat <= 54)


def test_codes_are_ours_and_say_so() -> None:
    assert grid.grid_cell(105.0, 30.0) == "XY10-E0500N0317"
    assert grid.GRID_LABEL == "非国家网格编码"


def test_neighbouring_cells_share_a_side_and_no_ground() -> None:
    cell, east = grid.cell_polygon("XY10-E0580N0285"), grid.cell_polygon("XY10-E0581N0285")
    assert cell.intersection(east).area < 1e-9
    assert len(set(cell.exterior.coords) & set(east.exterior.coords)) == 5


@pytest.mark.parametrize("text", ["", "XY10-E58N285", "XY10-E0580N0285 ", "E0580N0285", "XY10-E05８0N0285"])
def test_another_text_is_no_code(text: str) -> None:
    with pytest.raises(ValueError, match="10 km grid"):
        grid.cell_polygon(text)


def test_a_shape_is_covered_by_its_cells_whole_and_once() -> None:
    shape = MultiPolygon([box(112.5, 24.9, 113.2, 25.4), box(113.5, 25.0, 113.52, 25.02)])
    cells = list(grid.cells_of(shape))
    assert [cell.code for cell in cells] == sorted({cell.code for cell in cells})
    assert all(0 <= cell.share <= 1 for cell in cells)
    assert any(cell.share == 1 for cell in cells)
    assert shape.difference(shapely.union_all([cell.polygon for cell in cells]).buffer(1e-5)).is_empty
    # 0.7° × 0.5° and 0.02° × 0.02° on the ellipsoid, from the authalic latitudes: an independent sum.
    expected = _ellipsoid_km2(0.7, 24.9, 25.4) + _ellipsoid_km2(0.02, 25.0, 25.02)
    assert sum(cell.share for cell in cells) * 100 == pytest.approx(expected, rel=1e-5)


def _ellipsoid_km2(width: float, south: float, north: float, steps: int = 2000) -> float:
    """Area of a box of degrees by summing thin strips M·N·cos φ."""
    e2, total, strip = 0.00669438002290, 0.0, math.radians(north - south) / steps
    for i in range(steps):
        lat = math.radians(south) + (i + 0.5) * strip
        curvature = 6_378_137**2 * (1 - e2) / (1 - e2 * math.sin(lat) ** 2) ** 2
        total += curvature * math.cos(lat) * strip * math.radians(width)
    return total / 1e6
