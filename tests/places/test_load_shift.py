"""GCJ-02: the formula and its inverse, and telling a shifted layer from one that is only drawn more coarsely or finely."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from server.places import gcj, shift
from server.places.layer import read_layer

Shapes = Mapping[str, BaseGeometry]


@pytest.fixture(scope="module")
def counties() -> dict[str, BaseGeometry]:
    """Every third of Hunan: enough of them to be told, and the test stays short."""
    found = {one.code: one.shape for one in read_layer().outlines() if one.code.startswith("43")}
    kept = {*list(found)[::3], "431022", "430725"}
    return {code: shape for code, shape in found.items() if code in kept}


def each(shapes: Shapes, change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> dict[str, BaseGeometry]:
    return {code: shapely.transform(shape, change) for code, shape in shapes.items()}


def finer(shapes: Shapes, degrees: float = 0.0015) -> dict[str, BaseGeometry]:
    """As another surveyor would draw it: more vertices, each off by up to 150 m, the same for both neighbours."""

    def waves(at: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = at.T
        return at + degrees * np.column_stack([np.sin(x * 3777 + y * 9111), np.sin(x * 7333 + y * 5555)])

    return each({code: shapely.segmentize(shape, 0.004) for code, shape in shapes.items()}, waves)


def coarser(shapes: Shapes, degrees: float) -> dict[str, BaseGeometry]:
    return {code: shapely.simplify(shape, degrees) for code, shape in shapes.items()}


@pytest.mark.parametrize(
    ("wgs84", "shifted"),  # published pairs of the formula
    [
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ],
)
def test_the_formula_is_the_published_one(wgs84: tuple[float, float], shifted: tuple[float, float]) -> None:
    assert gcj.from_wgs84(np.array([wgs84]))[0] == pytest.approx(shifted, abs=1e-9)


@given(st.lists(st.tuples(st.floats(73, 135), st.floats(4, 53)), min_size=1, max_size=50))
def test_the_inverse_is_exact(points: list[tuple[float, float]]) -> None:
    at = np.array(points)
    assert np.abs(gcj.to_wgs84(gcj.from_wgs84(at)) - at).max() < 1e-9
    assert np.abs(gcj.from_wgs84(gcj.to_wgs84(at)) - at).max() < 1e-9


def test_outside_china_nothing_is_shifted() -> None:
    assert (gcj.from_wgs84(np.array([[2.35, 48.86]])) == [[2.35, 48.86]]).all()


def test_the_layer_of_the_province_in_gcj_is_told_with_its_shift(counties: dict[str, BaseGeometry]) -> None:
    shifted = each(counties, gcj.from_wgs84)
    measured = shift.measure_counties(shifted, counties)
    assert measured.is_gcj and measured.offset is not None
    moves = [shapely.get_coordinates(shifted[code]) - shapely.get_coordinates(counties[code]) for code in counties]
    east, north = np.median(np.concatenate(moves), axis=0)
    assert (measured.offset.east, measured.offset.north) == pytest.approx((east, north), abs=0.0005)
    assert (measured.offset.east, measured.offset.north) == pytest.approx((0.0054, -0.0032), abs=0.0005)
    assert measured.offset.length_m == pytest.approx(640, abs=40)


@pytest.mark.parametrize("degrees", [0.002, 0.01])
def test_coarser_and_finer_copies_are_told_apart_too(counties: dict[str, BaseGeometry], degrees: float) -> None:
    for copy in (coarser(counties, degrees), finer(counties, degrees / 4)):
        measured = shift.measure_counties(copy, counties)
        assert not measured.is_gcj and not measured.is_unexplained
    assert shift.measure_counties(each(coarser(counties, degrees), gcj.from_wgs84), counties).is_gcj
    assert shift.measure_counties(each(finer(counties, degrees / 4), gcj.from_wgs84), counties).is_gcj


def test_a_single_county_is_told_and_none_falsely(counties: dict[str, BaseGeometry]) -> None:
    shifted, fine = each(counties, gcj.from_wgs84), finer(counties)
    for code, known in list(counties.items())[::9]:
        assert shift.measure_counties({code: shifted[code]}, {code: known}).is_gcj
        assert not shift.measure_counties({code: known}, {code: known}).is_gcj
        assert not shift.measure_counties({code: fine[code]}, {code: known}).is_gcj


def test_a_few_shifted_counties_among_many_are_named(counties: dict[str, BaseGeometry]) -> None:
    few = each({code: counties[code] for code in ("431022", "430725")}, gcj.from_wgs84)
    measured = shift.measure_counties({**counties, **few}, counties)
    assert measured.is_gcj
    assert "2 个县像是 GCJ-02：430725、431022" in measured.words


def test_another_shift_is_unexplained(counties: dict[str, BaseGeometry]) -> None:
    measured = shift.measure_counties(each(counties, lambda at: at + np.array([0.0119, 0.0028])), counties)  # BD-09
    assert not measured.is_gcj and measured.is_unexplained
    assert measured.offset is not None and measured.offset.east == pytest.approx(0.0119, abs=0.0005)


def test_an_area_is_measured_by_the_borders_it_runs_along(counties: dict[str, BaseGeometry]) -> None:
    county = counties["431022"]
    west, south, east, north = county.bounds
    half = shapely.segmentize(shapely.intersection(county, shapely.box(west, south, (west + east) / 2, north)), 0.001)
    known = list(counties.values())
    assert "没有 GCJ-02 的偏移" in shift.measure_others([half], known).words
    measured = shift.measure_others([shapely.transform(half, gcj.from_wgs84)], known)
    assert measured.is_gcj and measured.offset is not None
    assert (measured.offset.east, measured.offset.north) == pytest.approx((0.0052, -0.0029), abs=0.0005)


@settings(max_examples=15, deadline=None)
@given(st.floats(110, 113), st.floats(26, 29), st.floats(0.02, 0.3))
def test_an_area_on_no_border_is_said_to_be_unmeasured(
    counties: dict[str, BaseGeometry], lon: float, lat: float, radius: float
) -> None:
    measured = shift.measure_others([shapely.Point(lon, lat).buffer(radius)], list(counties.values()))
    assert not measured.is_gcj
    assert "无法测量" in measured.words


def test_points_and_strangers_cannot_be_measured(counties: dict[str, BaseGeometry]) -> None:
    assert shift.measure_others([shapely.Point(112, 28)], list(counties.values())).offset is None
    assert shift.measure_others([shapely.box(112, 28, 113, 29)], []).offset is None
    assert shift.measure_counties({"999999": shapely.box(112, 28, 113, 29)}, counties).offset is None


def test_the_reference_file_is_not_shifted(counties: dict[str, BaseGeometry], shared_data: Path) -> None:
    features = json.loads((shared_data / "hunan_counties.geojson").read_text(encoding="utf-8"))["features"]
    theirs = {one["properties"]["code"]: shapely.geometry.shape(one["geometry"]) for one in features}
    measured = shift.measure_counties(theirs, counties)
    assert not measured.is_gcj and measured.offset is not None and measured.offset.length_m < 1
    assert shift.measure_counties(each(theirs, gcj.from_wgs84), counties).is_gcj
