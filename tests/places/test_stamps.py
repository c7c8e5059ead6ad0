"""Where a point lies: known places, borders, exclaves, the sea; and the same by an independent way, with shapely."""

import itertools
import json
import math
import random
import time
from dataclasses import replace
from pathlib import Path

import pytest
import shapely
from shapely.geometry import LineString, Point
from sqlalchemy.orm import Session

from server.places import queries
from server.places.grid import grid_cell
from server.places.layer import read_layer
from server.places.rules import Stamp

DEGREE_M = 111_195.0


@pytest.mark.parametrize(
    ("lon", "lat", "code", "name", "prefecture"),
    [
        (112.95, 24.95, "431022", "宜章县", "郴州市"),  # 莽山
        (113.0, 29.3, "430621", "岳阳县", "岳阳市"),  # 东洞庭湖
        (113.0, 29.4, "430611", "君山区", "岳阳市"),  # 东洞庭湖, its northern shore
        (110.43, 29.34, "430811", "武陵源区", "张家界市"),
        (109.73, 28.31, "433101", "吉首市", "湘西土家族苗族自治州"),
    ],
)
def test_places_of_hunan(reference: Session, lon: float, lat: float, code: str, name: str, prefecture: str) -> None:
    stamp = queries.locate(reference, lon, lat)
    assert (stamp.county_code, stamp.county_name, stamp.prefecture_name, stamp.in_scope) == (
        code,
        name,
        prefecture,
        True,
    )
    assert stamp.prefecture_code == code[:4] + "00"
    assert stamp.areas == ()


def test_the_label_point_that_the_reference_file_gives_each_county_lies_in_it(
    reference: Session, shared_data: Path
) -> None:
    features = json.loads((shared_data / "hunan_counties.geojson").read_text("utf-8"))["features"]
    given = [(f["code"], f["label_lon"], f["label_lat"]) for f in (feature["properties"] for feature in features)]
    stamps = queries.stamp_many(reference, given)
    assert len(given) == len(stamps) == 122
    assert {code: stamp.county_code for code, stamp in stamps.items()} == {code: code for code, _, _ in given}


@pytest.mark.parametrize(
    ("lon", "lat", "code", "name"),
    [
        (113.26, 23.13, "440104", "越秀区"),
        (109.567, 26.748, "522627", "天柱县"),  # 地湖乡, an exclave inside 会同县
        (113.110, 29.428, "421088", "监利市"),  # an exclave inside 君山区
        (114.17, 22.30, "810109", "油尖旺区"),
        (121.5, 25.04, "710009", "台北市"),
    ],
)
def test_a_point_elsewhere_in_china_keeps_its_true_county(
    reference: Session, lon: float, lat: float, code: str, name: str
) -> None:
    stamp = queries.locate(reference, lon, lat)
    assert (stamp.county_code, stamp.county_name, stamp.in_scope) == (code, name, False)


@pytest.mark.parametrize(
    ("lon", "lat"), [(0, 0), (112, 18), (2.35, 48.86), (-112.9, -25.1), (200, 95), (math.nan, 27), (112, math.inf)]
)
def test_a_point_in_no_county_is_stamped_so(reference: Session, lon: float, lat: float) -> None:
    stamp = queries.locate(reference, lon, lat)
    version = queries.boundary_version(reference)
    cell = "XY10-E0576N0187" if (lon, lat) == (112, 18) else None
    assert replace(stamp, layer_versions={}) == Stamp(None, None, None, None, False, False, None, (), cell, version)


def test_another_province_is_a_setting(reference: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    points = [("广州", 113.26, 23.13), ("莽山", 112.95, 24.95), ("sea", 112.0, 18.0)]
    stamps = queries.stamp_many(reference, points, home_province="44")
    assert [stamps[key].in_scope for key, _, _ in points] == [True, False, False]
    monkeypatch.setenv("XIANGYE_PROVINCE", "44")
    assert queries.stamp_many(reference, points) == stamps


@pytest.mark.parametrize(("metres", "uncertain"), [(200, True), (490, True), (510, False), (900, False)])
def test_near_a_border_the_county_is_uncertain(reference: Session, metres: float, uncertain: bool) -> None:
    lon, lat = _inside(queries.county_shape(reference, "431022"), metres)
    stamp = queries.locate(reference, lon, lat)
    assert stamp.county_code == "431022"
    assert stamp.distance_to_border_m == pytest.approx(metres, abs=metres * 0.01)
    assert stamp.uncertain is uncertain


def test_a_point_just_off_the_coast_is_uncertain_too(reference: Session) -> None:
    shape = queries.county_shape(reference, "469007")
    shore = max(shape.geoms, key=lambda part: part.area).exterior
    west = min(shore.coords)
    near, far = queries.locate(reference, west[0] - 0.003, west[1]), queries.locate(reference, west[0] - 0.008, west[1])
    assert near.county_code is None and near.uncertain
    assert near.distance_to_border_m is not None and near.distance_to_border_m < 330
    assert (far.county_code, far.uncertain, far.distance_to_border_m) == (None, False, None)


def test_on_a_shared_border_the_lowest_code_wins(reference: Session) -> None:
    own = queries.CountyShape(queries.county(reference, "431022"), queries.county_shape(reference, "431022"))
    checked = 0
    for other in queries.neighbours(reference, "431022"):
        shared = _vertices(own.shape) & _vertices(other.shape)
        if not shared:
            continue
        stamp = queries.locate(reference, *min(shared))
        touching = [
            c for c in (own, *queries.neighbours(reference, "431022")) if c.shape.intersects(Point(min(shared)))
        ]
        assert stamp.county_code == min(c.county.code for c in touching)
        assert (stamp.distance_to_border_m, stamp.uncertain) == (0.0, True)
        checked += 1
    assert checked >= 7


def test_many_at_once_equal_one_by_one(reference: Session) -> None:
    draw = random.Random(20250601)
    points = [(str(i), draw.uniform(108.5, 114.5), draw.uniform(24.4, 30.3)) for i in range(500)]
    many = queries.stamp_many(reference, points)
    assert many == {key: queries.locate(reference, lon, lat) for key, lon, lat in points}
    assert list(many) == [key for key, _, _ in points]
    assert 0 < sum(stamp.uncertain for stamp in many.values()) < 100


def test_stamps_agree_with_another_way_of_finding_them(reference: Session) -> None:
    outlines = read_layer().outlines()
    tree = shapely.STRtree([outline.shape for outline in outlines])
    draw = random.Random(7)
    points = [(str(i), draw.uniform(100, 123), draw.uniform(18, 42)) for i in range(500)]
    stamps = queries.stamp_many(reference, points)
    for key, lon, lat in points:
        hits = sorted(outlines[i].code for i in tree.query(Point(lon, lat), predicate="intersects"))
        assert stamps[key].county_code == (hits[0] if hits else None)
        if hits:
            ring = next(outline.shape for outline in outlines if outline.code == hits[0]).boundary
            assert stamps[key].distance_to_border_m == pytest.approx(_metres_to(ring, lon, lat), rel=0.01, abs=1)
        assert stamps[key].grid_cell == grid_cell(lon, lat)
    assert {stamp.county_code is None for stamp in stamps.values()} == {True, False}


def test_two_points_may_share_a_place_and_none_may_be_asked_for(reference: Session) -> None:
    twice = queries.stamp_many(reference, [("a", 112.95, 24.95), ("b", 112.95, 24.95)])
    assert twice["a"] == twice["b"]
    assert queries.stamp_many(reference, []) == {}


def test_thousands_of_points_take_seconds(reference: Session) -> None:
    draw = random.Random(3)
    points = [(str(i), draw.uniform(108.8, 114.2), draw.uniform(24.7, 30.1)) for i in range(3000)]
    start = time.monotonic()
    queries.stamp_many(reference, points)
    assert time.monotonic() - start < 15  # about one second alone; a spatial join gone wrong takes minutes


def test_without_boundaries_nothing_is_stamped(session: Session) -> None:
    with pytest.raises(queries.BoundariesMissing, match="xiangye places load"):
        queries.locate(session, 112.95, 24.95)


def _vertices(shape: shapely.MultiPolygon) -> set[tuple[float, float]]:
    return {(x, y) for x, y in shapely.get_coordinates(shape)}


def _inside(shape: shapely.MultiPolygon, metres: float) -> tuple[float, float]:
    """A point so far inside the longest side that no other side is nearer."""
    ring = shape.geoms[0].exterior.coords
    sides = sorted(itertools.pairwise(ring), key=lambda side: LineString(side).length, reverse=True)
    for (ax, ay), (bx, by) in sides:
        lon, lat = (ax + bx) / 2, (ay + by) / 2
        squeeze = math.cos(math.radians(lat))
        east, north = (bx - ax) * squeeze, by - ay
        for turn in (1, -1):
            step = turn * metres / DEGREE_M / math.hypot(east, north)
            point = lon - north * step / squeeze, lat + east * step
            if shape.contains(Point(point)) and math.isclose(_metres_to(shape.boundary, *point), metres, rel_tol=1e-3):
                return point
    raise AssertionError("no side is long enough")


def _metres_to(line: shapely.Geometry, lon: float, lat: float) -> float:
    """On a plane that touches the ellipsoid at the point: metres a degree from Bessel's series for WGS84."""
    phi = math.radians(lat)
    north = 111_132.954 - 559.822 * math.cos(2 * phi) + 1.175 * math.cos(4 * phi)
    east = 111_412.84 * math.cos(phi) - 93.5 * math.cos(3 * phi) + 0.118 * math.cos(5 * phi)
    plane = shapely.transform(line, lambda points: (points - (lon, lat)) * (east, north))
    return float(plane.distance(Point(0, 0)))
