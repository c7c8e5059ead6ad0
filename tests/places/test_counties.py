"""The counties of Hunan, their aliases, their shapes and cells."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from shapely.geometry import Point
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.places import queries
from server.places.grid import grid_cell
from server.places.layer import read_aliases

PER_PREFECTURE = {
    "长沙市": 9,
    "株洲市": 9,
    "湘潭市": 5,
    "衡阳市": 12,
    "邵阳市": 12,
    "岳阳市": 9,
    "常德市": 9,
    "张家界市": 4,
    "益阳市": 6,
    "郴州市": 11,
    "永州市": 11,
    "怀化市": 12,
    "娄底市": 5,
    "湘西土家族苗族自治州": 8,
}


def test_hunan_has_122_counties_in_14_prefectures(reference: Session) -> None:
    counties = queries.counties(reference)
    assert len(counties) == 122
    assert Counter(county.prefecture_name for county in counties) == PER_PREFECTURE
    kinds = Counter("自治县" if c.name_zh.endswith("自治县") else c.name_zh[-1] for c in counties)
    assert kinds == {"区": 36, "市": 19, "县": 60, "自治县": 7}
    assert [county.code for county in counties] == sorted(county.code for county in counties)
    assert {(county.province_code, county.province_name) for county in counties} == {("430000", "湖南省")}
    assert not any(71 <= int(county.code[4:]) <= 79 for county in counties)


def test_another_province_has_its_own(reference: Session) -> None:
    assert len(queries.counties(reference, "44")) == 124
    assert queries.counties(reference, "99") == []


@pytest.mark.parametrize(
    ("old", "current", "name", "kind"),
    [
        ("430122", "430112", "望城区", "retired"),
        ("430124", "430182", "宁乡市", "retired"),
        ("430221", "430212", "渌口区", "retired"),
        ("430521", "430582", "邵东市", "retired"),
        ("431121", "431181", "祁阳市", "retired"),
        ("432824", "431022", "宜章县", "retired"),
        ("430671", "430681", "汨罗市", "zone"),
        ("430771", "430703", "鼎城区", "zone"),
    ],
)
def test_an_old_code_leads_to_the_county_of_today(
    reference: Session, old: str, current: str, name: str, kind: str
) -> None:
    county = queries.county(reference, old)
    assert (county.code, county.name_zh) == (current, name)
    assert county.alias is not None
    assert (county.alias.code, county.alias.kind) == (old, kind)
    assert replace(county, alias=None) == queries.county(reference, current)
    assert queries.county_shape(reference, old).equals(queries.county_shape(reference, current))


def test_no_alias_is_a_county_and_each_either_leads_to_one_or_says_why_not(reference: Session) -> None:
    counties = {county.code for county in queries.counties(reference)}
    for alias in read_aliases().aliases:
        assert alias.code not in counties
        if alias.current_code is None:
            with pytest.raises(queries.UnknownCounty, match=f"{alias.code} {alias.name_zh}"):
                queries.county(reference, alias.code)
        else:
            assert queries.county(reference, alias.code).code in counties


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("999999", "没有代码为 '999999' 的县级行政区"),
        ("宜章", "没有代码为 '宜章' 的县级行政区"),
        ("", "六位数字"),
        ("156431022", "六位数字"),
        ("431000", "431000 是郴州市的代码，不是县级代码"),
        ("430000", "430000 是湖南省的代码，不是县级代码"),
        ("430271", "430271 云龙示范区是统计用区代码，从来不是县级行政区"),
        ("430402", "430402 江东区是已停用的代码"),
    ],
)
def test_what_is_no_county_is_refused_in_words(reference: Session, code: str, words: str) -> None:
    with pytest.raises(queries.UnknownCounty, match=words) as refused:
        queries.county(reference, code)
    assert refused.value.kind.code == "county_unknown"
    with pytest.raises(queries.UnknownCounty):
        queries.grid_cells(reference, code)


def test_the_date_of_a_code_is_kept_where_it_is_known(reference: Session) -> None:
    rows = reference.execute(text("SELECT code, valid_from::text FROM xiangye.county WHERE valid_from IS NOT NULL"))
    assert [tuple(row) for row in rows] == [("431181", "2021-01-20")]


def test_shapes_of_a_province_cover_it_once(reference: Session) -> None:
    shapes = queries.province_counties(reference)
    assert [shape.county for shape in shapes] == queries.counties(reference)
    area = reference.scalar(
        text("SELECT sum(ST_Area(geom::geography)) / 1e6 FROM xiangye.county WHERE province_code = '430000'")
    )
    # On the ellipsoid; the reference file's 211,973 km² is smaller by 0.03 %.
    assert area == pytest.approx(212_031, rel=1e-5)
    assert all(Point(shape.shape.representative_point()).within(shape.shape) for shape in shapes)


def test_neighbours_lie_in_every_province_around(reference: Session) -> None:
    names = {shape.county.name_zh for shape in queries.neighbours(reference, "431022")}
    assert names == {"北湖区", "苏仙区", "临武县", "汝城县", "资兴市", "乳源瑶族自治县", "乐昌市", "阳山县", "连州市"}


@pytest.mark.parametrize("code", ["431022", "431225", "430621"])
def test_cells_hold_all_the_ground_of_a_county_and_no_more(reference: Session, code: str) -> None:
    cells = queries.grid_cells(reference, code)
    area = reference.scalar(
        text("SELECT ST_Area(geom::geography) / 1e8 FROM xiangye.county WHERE code = :code"), {"code": code}
    )
    assert sum(cell.share for cell in cells) == pytest.approx(area, rel=1e-4)
    assert [cell.code for cell in cells] == sorted({cell.code for cell in cells})
    shape, draw = queries.county_shape(reference, code), random.Random(code)
    west, south, east, north = shape.bounds
    points = [(draw.uniform(west, east), draw.uniform(south, north)) for _ in range(300)]
    inside = {grid_cell(*point) for point in points if shape.contains(Point(point))}
    assert inside
    assert inside <= {cell.code for cell in cells}
