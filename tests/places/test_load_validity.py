"""Mending shapes: whatever comes in, what goes out is valid, of the right dimension, and said."""

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely.geometry import GeometryCollection, LineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from server.places.measuring import area_km2, length_km
from server.places.validity import ALLOWED, Mended, NotAllowed, mend

BOW_TIE = Polygon([(112, 25), (113, 26), (113, 25), (112, 26)])
# Sixteenths are numbers that a float holds: of corners that lie in one line but for their last digit, GEOS keeps an area of 1e-16 or
# parts that overlap, which measures the rounding.
CORNERS = st.tuples(st.integers(0, 16), st.integers(0, 16)).map(lambda at: (112 + at[0] / 16, 25 + at[1] / 16))


@settings(max_examples=200, deadline=None)
@given(st.lists(CORNERS, min_size=3, max_size=12), st.sampled_from(["county", "protected_area", "grid"]))
def test_every_ring_becomes_a_valid_area_or_is_refused(corners: list[tuple[float, float]], kind: str) -> None:
    ring = Polygon(corners)
    if shapely.make_valid(ring).area < 1e-9:
        with pytest.raises(NotAllowed, match="什么也不剩"):
            mend(ring, kind)
        return
    done = mend(ring, kind)
    assert done.shape.is_valid and not done.shape.is_empty
    assert done.shape.geom_type in ("Polygon", "MultiPolygon")
    assert (done.told == "") == ring.is_valid
    assert done.shape.area == pytest.approx(shapely.make_valid(ring).area, abs=1e-9)
    if kind == "county":
        assert isinstance(done.shape, MultiPolygon)
    assert mend(done.shape, kind) == Mended(done.shape, "")


@settings(max_examples=50, deadline=None)
@given(st.lists(CORNERS, min_size=3, max_size=8))
def test_a_valid_area_is_not_touched(corners: list[tuple[float, float]]) -> None:
    hull = shapely.convex_hull(shapely.MultiPoint(corners))
    if isinstance(hull, Polygon):
        assert mend(hull, "protected_area").shape.equals_exact(hull, 0)


def test_a_bow_tie_keeps_both_halves_and_says_where_it_crossed() -> None:
    done = mend(BOW_TIE, "zone")
    assert done.told.startswith("边界自相交（约在 112.5, 25.5），已修复，面积")
    assert "请核对" in done.told
    assert done.shape.area == pytest.approx(0.5)


def test_what_repair_leaves_over_is_dropped() -> None:
    spike = Polygon([(112, 25), (113, 25), (113, 26), (112.5, 26), (112.5, 26.5), (112.5, 26), (112, 26)])
    done = mend(spike, "protected_area")
    assert isinstance(done.shape, Polygon) and done.shape.area == pytest.approx(1)
    assert "不变" in done.told
    hair = Polygon([(112, 25), (113, 25), (113, 26), (112.5, 25.9), (112.50000001, 25.9), (112, 26)])
    assert isinstance(mend(hair, "protected_area").shape, Polygon)
    crossed_by_a_hair = Polygon(
        [(112, 25), (113, 25), (113, 26), (112.5, 26), (112.4999999, 26.0000001), (112.5000001, 26.0000001), (112, 26)]
    )
    assert isinstance(mend(crossed_by_a_hair, "protected_area").shape, Polygon)


def test_heights_are_left_out_and_single_parts_unwrapped() -> None:
    solid = shapely.force_3d(shapely.box(112, 25, 113, 26), 300)
    done = mend(MultiPolygon([solid]), "location")
    assert isinstance(done.shape, Polygon) and not done.shape.has_z
    assert isinstance(mend(solid, "county").shape, MultiPolygon)


@pytest.mark.parametrize(
    ("shape", "kind", "words"),
    [
        (Point(112, 25), "county", "是点，应为面"),
        (LineString([(112, 25), (113, 26)]), "grid", "是线，应为面"),
        (Point(112, 25), "river_section", "是点，应为线或面"),
        (GeometryCollection([Point(112, 25), BOW_TIE]), "zone", "混合图形"),
        (Polygon([(112, 25), (113, 26), (112, 25)]), "zone", "什么也不剩"),
    ],
)
def test_a_shape_that_the_kind_cannot_have_is_refused(shape: BaseGeometry, kind: str, words: str) -> None:
    with pytest.raises(NotAllowed, match=words):
        mend(shape, kind)


def test_a_collection_of_one_is_that_one() -> None:
    area = shapely.box(112, 25, 113, 26)
    assert mend(GeometryCollection([area]), "zone").shape.equals(area)


def test_every_kind_says_what_it_may_be() -> None:
    assert set(ALLOWED) == {"county", "protected_area", "priority_area", "zone", "grid", "river_section", "location"}


def test_sizes_are_those_of_the_ellipsoid() -> None:
    geod = Geod(ellps="WGS84")
    for area in (
        shapely.box(112, 25, 113, 26),
        shapely.Point(110, 29).buffer(0.3),
        shapely.box(108.8, 24.6, 114.3, 30.1),
    ):
        north_is_up = shapely.segmentize(area, 0.005)
        assert area_km2(area) == pytest.approx(abs(geod.geometry_area_perimeter(north_is_up)[0]) / 1e6, rel=1e-4)
    line = LineString([(112, 25), (112, 26)])
    assert length_km(line) == pytest.approx(
        geod.geometry_length(line) / 1e3, rel=0.02
    )  # the plane keeps areas, not lengths
    assert area_km2(Point(112, 25)) == 0
