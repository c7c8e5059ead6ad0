"""Declared, embedded, missing and wrong coordinate systems."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Transformer
from shapely.geometry.base import BaseGeometry

from server.places.crs import Placed, to_wgs84
from server.places.reading import read_vector
from server.places.refusal import LayerRefused
from tests.places.vector_files import write

DEGREE_M = 111_320
SQUARE = shapely.segmentize(shapely.box(112.9, 25.0, 113.1, 25.2), 0.01)
# Central meridians of 3-degree zones, and the EPSG codes that have them without and with the zone's number.
ZONES = {zone: (zone * 3, 4534 + zone - 25, 4513 + zone - 25) for zone in range(25, 46)}


def projected(shape: BaseGeometry, crs: Any) -> BaseGeometry:
    transformer = Transformer.from_crs(4490, crs, always_xy=True)
    return shapely.transform(shape, lambda at: np.column_stack(transformer.transform(at[:, 0], at[:, 1])))


def placed(shape: BaseGeometry, declared: str | None = None, given: str | None = None, assumed: bool = False) -> Placed:
    return to_wgs84("a.shp", [shape], declared, assumed, given)


def metres_off(one: BaseGeometry | None, other: BaseGeometry) -> float:
    assert one is not None
    return float(shapely.hausdorff_distance(one, other)) * DEGREE_M


@pytest.mark.parametrize("zone", [36, 37, 38])
@pytest.mark.parametrize("prefixed", [False, True])
def test_every_three_degree_zone_of_hunan_lands_on_the_spot(zone: int, prefixed: bool) -> None:
    meridian, plain, numbered = ZONES[zone]
    code = numbered if prefixed else plain
    found = projected(SQUARE, code)
    assert CRS(code).coordinate_operation is not None
    assert (zone * 1_000_000 < found.bounds[0] < (zone + 1) * 1_000_000) == prefixed
    assert abs(meridian - 113) < 6
    assert metres_off(placed(found, f"EPSG:{code}").shapes[0], SQUARE) < 0.01


def test_the_names_that_gis_programs_write_are_understood() -> None:
    written = (
        'PROJCS["CGCS_2000_3_Degree_GK_CM_114E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",'
        'SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
        'PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],'
        'PARAMETER["Central_Meridian",114.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
    )
    done = placed(projected(SQUARE, 4547), written)
    assert metres_off(done.shapes[0], SQUARE) < 0.01
    assert done.crs.startswith("EPSG:4547")


@pytest.mark.parametrize("code", [4326, 4490])
def test_geographic_coordinates_are_taken_to_the_last_bit(code: int) -> None:
    assert placed(SQUARE, f"EPSG:{code}").shapes[0] is SQUARE
    assert placed(SQUARE, None, f"EPSG:{code}").shapes[0] is SQUARE


@pytest.mark.parametrize("code", [32649, 3857])
def test_other_projections_of_wgs84_are_undone(code: int) -> None:
    assert metres_off(placed(projected(SQUARE, code), f"EPSG:{code}").shapes[0], SQUARE) < 0.1


@settings(max_examples=30, deadline=None)
@given(st.floats(108.8, 114.2), st.floats(24.7, 30.1), st.sampled_from([4546, 4547, 4525, 4526]))
def test_there_and_back_is_the_same_place(lon: float, lat: float, code: int) -> None:
    point = shapely.Point(lon, lat)
    assert metres_off(placed(projected(point, code), f"EPSG:{code}").shapes[0], point) < 0.001


def test_another_datum_is_converted_by_its_published_parameters() -> None:
    done = placed(SQUARE, "EPSG:9000")
    assert done.told == ("由 EPSG:9000 ITRF2014 转换，转换参数的精度约 2 米",)
    assert metres_off(done.shapes[0], SQUARE) < 1


def test_parameters_that_the_user_has_are_used() -> None:
    """As a survey office gives them out: Xian 1980 in a 3-degree zone, with its seven parameters (these are made up)."""
    own = "+proj=tmerc +lat_0=0 +lon_0=114 +k=1 +x_0=500000 +y_0=0 +a=6378140 +b=6356755.288157528 +towgs84=10,-20,30,0,0,0,0 +units=m +type=crs"
    to_own = Transformer.from_crs("EPSG:4326", own, always_xy=True)
    there = shapely.transform(SQUARE, lambda at: np.column_stack(to_own.transform(at[:, 0], at[:, 1])))
    done = placed(there, None, own)
    assert metres_off(done.shapes[0], SQUARE) < 0.01
    assert "自带的转换参数" in done.told[0]


def test_a_height_system_beside_the_plane_is_left_out() -> None:
    assert metres_off(placed(projected(SQUARE, 4547), "EPSG:4547+5737").shapes[0], SQUARE) < 0.01


@pytest.mark.parametrize(("code", "name"), [(2383, "Xian 1980"), (4214, "Beijing 1954"), (4555, "New Beijing")])
def test_an_old_datum_without_published_parameters_is_refused(code: int, name: str) -> None:
    with pytest.raises(LayerRefused, match=rf"{name}.*没有公开的转换参数.*转为 CGCS2000"):
        placed(projected(SQUARE, code), f"EPSG:{code}")


@pytest.mark.parametrize(
    ("shape", "declared", "given_crs", "assumed", "words"),
    [
        (SQUARE, None, None, False, r"没有声明坐标系（如缺少 \.prj）。请用 --crs 说明，例如 .*EPSG:4547"),
        (SQUARE, None, "EPSG:999999", False, "--crs 'EPSG:999999' 无法识别"),
        (SQUARE, None, "hunan", False, "--crs 'hunan' 无法识别"),
        (SQUARE, 'LOCAL_CS["Unnamed",UNIT["metre",1]]', None, False, "不是大地坐标系"),
        (SQUARE, "EPSG:4547", "EPSG:4546", False, "自带坐标系 EPSG:4547 .*与 --crs EPSG:4546"),
        (SQUARE, "EPSG:4547", None, False, "与声明的 EPSG:4547 .*不符；像是经纬度"),
        (
            projected(SQUARE, 4547),
            "EPSG:4326",
            None,
            True,
            "没有声明坐标系，按格式规定应为经纬度.*EPSG:4546（111°）或 EPSG:4547",
        ),
        (projected(SQUARE, 4525), "EPSG:4490", None, False, "声明为 EPSG:4490 .*带号 37（--crs EPSG:4525）"),
        (projected(SQUARE, 4525), "EPSG:4546", None, False, "不符；像是三度带高斯坐标、带号 37（--crs EPSG:4525）"),
        (projected(SQUARE, 4547), "EPSG:4526", None, False, "不符；像是不带带号的高斯坐标"),
        (projected(SQUARE, 4509), "EPSG:4490", None, False, "不是度数"),
        (projected(SQUARE, 4497), "EPSG:4490", None, False, "六度带高斯坐标、带号 19（--crs EPSG:4497）"),
        (shapely.box(25.0, 112.9, 25.2, 113.1), "EPSG:4490", None, False, "经度与纬度写反了"),
        (shapely.box(25.0, 73.5, 25.2, 73.9), "EPSG:4490", None, False, "经度与纬度写反了"),
        (shapely.box(12.9, 45.0, 13.1, 45.2), "EPSG:4326", None, False, "不在中国范围内"),
        (shapely.box(2_766_000, 399_000, 2_790_000, 409_000), "EPSG:4547", None, False, "东坐标与北坐标写反了"),
        (shapely.Point(float("inf"), 25), "EPSG:4490", None, False, "无穷大"),
    ],
)
def test_what_cannot_be_is_refused_with_advice(
    shape: BaseGeometry, declared: str | None, given_crs: str | None, assumed: bool, words: str
) -> None:
    with pytest.raises(LayerRefused, match=words):
        placed(shape, declared, given_crs, assumed)


def test_a_stray_feature_is_named() -> None:
    with pytest.raises(LayerRefused, match=r"1 个要素的位置不对，例如第 2 个：经度 0\.0000"):
        to_wgs84("a.shp", [SQUARE, shapely.Point(0, 0)], "EPSG:4490", False, None)
    with pytest.raises(LayerRefused, match="所有要素都没有图形"):
        to_wgs84("a.shp", [None], "EPSG:4490", False, None)


@pytest.mark.parametrize(
    ("ending", "crs"),
    [
        (".shp", "EPSG:4547"),
        (".gpkg", "EPSG:4525"),
        (".zip", "EPSG:4490"),
        (".geojson", "EPSG:4490"),
        (".gpkg", "EPSG:4490"),
    ],
)
def test_the_declaration_travels_with_the_file(tmp_path: Path, ending: str, crs: str) -> None:
    layer = read_vector(write(tmp_path / f"a{ending}", [({"name": "甲"}, projected(SQUARE, crs))], crs))
    done = to_wgs84(layer.file, [one.shape for one in layer.features], layer.crs, layer.assumes_wgs84, None)
    assert metres_off(done.shapes[0], SQUARE) < 0.01
    assert done.crs.startswith(crs)


def test_a_shapefile_without_prj_declares_nothing_and_a_geojson_may_be_overruled(tmp_path: Path) -> None:
    shape = write(tmp_path / "a.shp", [({"name": "甲"}, projected(SQUARE, 4547))], "EPSG:4547")
    shape.with_suffix(".prj").unlink()
    bare = read_vector(shape)
    assert (bare.crs, bare.assumes_wgs84) == (None, False)
    plain = tmp_path / "a.geojson"
    plain.write_text(shapely.to_geojson(projected(SQUARE, 4547)))
    layer = read_vector(plain)
    assert layer.assumes_wgs84
    done = to_wgs84("a.geojson", [layer.features[0].shape], layer.crs, layer.assumes_wgs84, "EPSG:4547")
    assert metres_off(done.shapes[0], SQUARE) < 0.01
