"""Named places: the registers, and layers of protected areas, zones, rivers, grids and locations laid over them."""

import csv
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.places import gcj, naming, queries, service
from server.places.drafts import Options
from server.places.preparing import Prepared
from server.places.refusal import LayerRefused
from server.places.registers import load_registers, read_register, read_registers
from tests.places.vector_files import Rows, write

MANGSHAN, MANGSHAN_NAME = "PA-43-010", "湖南莽山国家级自然保护区"
INSIDE = shapely.box(112.90, 24.93, 113.00, 25.02)
OVER_IT = shapely.box(112.95, 24.98, 113.05, 25.08)

Prepare = Callable[..., Prepared]


@pytest.fixture
def prepare(reference: Session, tmp_path: Path) -> Prepare:
    def made(kind: str, rows: Rows, ending: str = ".geojson", **said: Any) -> Prepared:
        path = write(tmp_path / f"layer{ending}", rows)
        return service.prepare(reference, path, kind, Options(**said), "43")

    return made


@pytest.fixture
def load(reference: Session, prepare: Prepare) -> Callable[..., service.LoadedLayer]:
    return lambda kind, rows, **said: service.load_layer(reference, prepare(kind, rows, **said), "某人")


def test_the_registers_hold_the_published_facts_without_boundaries(reference: Session) -> None:
    areas = naming.find(reference, "protected_area")
    assert len(areas) == 26
    assert not any(one.has_boundary for one in areas)
    assert sum(one.status == "verified" for one in areas) == 11
    (taoyuan,) = naming.find(reference, "protected_area", name="桃源洞")
    assert (taoyuan.area_ha, taoyuan.county_codes) == (23786, ["430225"])
    assert taoyuan.extent == [113.9417, 26.3, 114.1056, 26.5917]
    assert {one.name_zh[: -len("生物多样性保护优先区域")] for one in naming.find(reference, "priority_area")} == {
        "武陵山",
        "南岭",
        "洞庭湖",
    }
    rivers = naming.find(reference, "river_section")
    assert len(rivers) == 17 and {one.status for one in rivers} == {"unverified"}
    known = {one.code for one in queries.counties(reference)}
    assert {code for one in areas for code in one.county_codes} <= known


def test_every_row_of_the_reference_file_is_in_the_register(reference: Session, shared_data: Path) -> None:
    with (shared_data / "admin" / "hunan_protected_areas.csv").open(encoding="utf-8-sig") as file:
        theirs = list(csv.DictReader(file))
    ours = {one.name_zh: one for kind in ("protected_area", "priority_area") for one in naming.find(reference, kind)}
    assert ours.keys() == {row["name_zh"] for row in theirs}
    for row in theirs:
        mine = ours[row["name_zh"]]
        assert mine.area_ha == (float(row["area_ha"]) if row["area_ha"] else None)
        assert mine.extent == (
            [float(row[edge]) for edge in ("lon_min", "lat_min", "lon_max", "lat_max")] if row["lon_min"] else None
        )
        assert set(row["county_codes"].split(";")) - {""} <= set(mine.county_codes)
        if mine.kind == "protected_area":
            assert mine.status == ("verified" if row["status"].startswith("VERIFIED") else "unverified")


def test_a_register_with_a_slip_is_refused_by_row() -> None:
    head = "code,name_zh,status,source,west,south,east,north\n"
    for row, words in (
        ("a,甲,maybe,x,,,,", "row 2: .*verified or unverified"),
        ("a,甲,verified,x,1,,,", "row 2: an extent has four edges"),
        ("a,甲,verified,x,,,,\na,乙,verified,x,,,,", "row 3: the code a comes twice"),
    ):
        with pytest.raises(ValueError, match=words):
            read_register("protected_area", "x.csv", (head + row).encode())


def test_a_layer_fills_the_register_by_name(reference: Session, prepare: Prepare) -> None:
    prepared = prepare(
        "protected_area", [({"名称": "莽山国家级自然保护区", "主管": "林业局"}, INSIDE)], source="省林业局 2026"
    )
    assert any(f"按名称对应到登记的 {MANGSHAN} {MANGSHAN_NAME}" in words for words in prepared.told)
    assert any("无法测量偏移" in words for words in prepared.told)
    loaded = service.load_layer(reference, prepared, "某人")
    assert (loaded.written, loaded.carried) == (1, 25)
    (found,) = naming.find(reference, "protected_area", code=MANGSHAN)
    assert (found.has_boundary, found.status, found.source) == (True, "verified", "省林业局 2026")
    assert found.km2 == pytest.approx(100, abs=5)
    assert (found.county_codes, found.level, found.properties["主管"]) == (["431022"], "national", "林业局")
    stamp = queries.locate(reference, 112.95, 24.95)
    assert stamp.areas == (MANGSHAN,)
    assert len(naming.find(reference, "protected_area", on=date(2020, 1, 1))) == 26
    assert not naming.find(reference, "protected_area", code=MANGSHAN, on=date(2020, 1, 1))[0].has_boundary
    again = prepare(
        "protected_area", [({"名称": "莽山国家级自然保护区", "主管": "林业局"}, INSIDE)], source="省林业局 2026"
    )
    assert again.difference.is_nothing


def test_overlapping_areas_are_all_kept(reference: Session, load: Callable[..., Any]) -> None:
    load(
        "protected_area",
        [({"code": MANGSHAN, "name": MANGSHAN_NAME}, INSIDE), ({"code": "", "name": "莽山国家森林公园"}, OVER_IT)],
    )
    load("priority_area", [({"name": "南岭生物多样性保护优先区域"}, INSIDE.buffer(0.2))])
    areas = queries.locate(reference, 112.97, 25.0).areas
    assert len(areas) == 3 and areas == tuple(sorted(areas)) and {"BPA-NL", MANGSHAN} < set(areas)
    (new,) = naming.find(reference, "protected_area", name="森林公园")
    assert new.code.startswith("PA-43-") and new.status == "unverified"


def test_a_new_name_is_told_with_the_nearest_known(prepare: Prepare) -> None:
    prepared = prepare("protected_area", [({"name": "湖南莽山国家自然保护区"}, INSIDE)])
    assert any("不在登记中" in words and MANGSHAN_NAME in words for words in prepared.told)


def test_the_same_area_twice_is_refused(prepare: Prepare) -> None:
    rows = [({"name": MANGSHAN_NAME}, INSIDE), ({"name": "莽山国家级自然保护区"}, OVER_IT)]
    with pytest.raises(LayerRefused, match="第 2 个要素（莽山国家级自然保护区）与第 1 个要素是同一名称"):
        prepare("protected_area", rows)


ZONES = [
    ({"保护区名称": MANGSHAN_NAME, "功能区": "核心区"}, shapely.box(112.92, 24.95, 112.96, 25.00)),
    ({"保护区名称": MANGSHAN_NAME, "功能区": "核心区"}, shapely.box(112.97, 24.95, 112.98, 25.00)),
    ({"保护区名称": MANGSHAN_NAME, "功能区": "缓冲区"}, shapely.box(112.90, 24.93, 113.00, 24.95)),
    ({"保护区名称": MANGSHAN_NAME, "功能区": "实验区"}, shapely.box(112.90, 25.00, 113.00, 25.02)),
]
NEW_ZONES = [
    ({"parent_code": MANGSHAN, "zone": "核心保护区"}, shapely.box(112.90, 24.93, 112.98, 25.02)),
    ({"parent_code": MANGSHAN, "zone": "一般控制区"}, shapely.box(112.98, 24.93, 113.00, 25.02)),
]


def test_old_zonings_stand_beside_the_new_by_version(reference: Session, load: Callable[..., Any]) -> None:
    load("zone", ZONES, valid_from=date(2020, 1, 1))
    elsewhere = [({"parent_code": "PA-43-001", "zone": "核心区"}, shapely.box(114.0, 26.4, 114.05, 26.45))]
    load("zone", elsewhere, valid_from=date(2021, 1, 1))
    load("zone", NEW_ZONES, valid_from=date(2024, 1, 1))
    old = {one.code: one for one in naming.find(reference, "zone", on=date(2022, 1, 1), parent=MANGSHAN)}
    assert sorted(old) == [f"{MANGSHAN}/{part}" for part in ("buffer", "core", "core-2", "experimental")]
    assert {one.scheme for one in old.values()} == {"core_buffer_experimental"}
    new = naming.find(reference, "zone", parent=MANGSHAN)
    assert [(one.name_zh, one.scheme) for one in new] == [
        (f"{MANGSHAN_NAME}核心保护区", "core_general"),
        (f"{MANGSHAN_NAME}一般控制区", "core_general"),
    ]
    assert len(naming.find(reference, "zone", parent="PA-43-001")) == 1  # another area's zones are carried over
    assert queries.locate(reference, 112.94, 24.97).zones == (f"{MANGSHAN}/core_protection",)
    assert queries.stamp_many(reference, [("", 112.94, 24.97)], on=date(2022, 1, 1))[""].zones == (f"{MANGSHAN}/core",)


def test_zones_never_take_each_other_s_code(reference: Session, load: Callable[..., Any], prepare: Prepare) -> None:
    load(
        "zone",
        [(facts | {"zone_code": code}, shape) for code, (facts, shape) in zip("1 1 1-2 2".split(), ZONES, strict=True)],
    )
    assert [one.code for one in naming.find(reference, "zone")] == ["1", "1-2", "1-2-2", "2"]
    other = {"parent_code": "PA-43-001", "zone": "核心区", "zone_code": "2"}
    with pytest.raises(LayerRefused, match=f"的代码 2 已是{MANGSHAN_NAME}的分区所用"):
        prepare("zone", [(other, shapely.box(114.0, 26.4, 114.05, 26.45))])


@pytest.mark.parametrize("column", ["保护区代码", "保护地代码", "parent_code", "所属保护地", "保护地"])
def test_the_area_s_code_is_not_the_zone_s(reference: Session, load: Callable[..., Any], column: str) -> None:
    load("zone", [({column: MANGSHAN, "功能区": facts["功能区"], "面积": "1"}, shape) for facts, shape in ZONES])
    found = [one.code for one in naming.find(reference, "zone")]
    assert found == [f"{MANGSHAN}/{part}" for part in ("buffer", "core", "core-2", "experimental")]


def test_the_county_s_code_is_not_the_area_s(reference: Session, load: Callable[..., Any]) -> None:
    load("protected_area", [({"name": MANGSHAN_NAME, "县代码": "431022", "adcode": "431022"}, INSIDE)])
    (found,) = [one for one in naming.find(reference, "protected_area") if one.has_boundary]
    assert (found.code, found.county_codes, found.properties["adcode"]) == (MANGSHAN, ["431022"], "431022")


def test_a_line_and_an_area_are_not_one_section(prepare: Prepare) -> None:
    rows = [
        ({"name": "湘江长沙段"}, shapely.LineString([(112.9, 28), (113, 28.2)])),
        ({"name": "湘江长沙段"}, shapely.box(112.9, 28, 113, 28.1)),
    ]
    with pytest.raises(LayerRefused, match="第 2 个要素（湘江长沙段）与第 1 个要素是同一名称"):
        prepare("river_section", rows)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([*ZONES, (ZONES[0][0] | {"功能区": "一般控制区"}, INSIDE)], "同时有.*旧.*新.*两种分区"),
        ([(ZONES[0][0] | {"功能区": "游憩区"}, INSIDE)], "分区 '游憩区' 不是 核心区、缓冲区"),
        (
            [({"保护区名称": "莽山自然保护区", "功能区": "核心区"}, INSIDE)],
            "'莽山自然保护区' 不在登记中；相近的有 .*莽山",
        ),
        ([({"功能区": "核心区"}, INSIDE)], "找不到所属保护地列；现有的列：功能区.*请把它命名为 parent_code"),
    ],
)
def test_a_zone_names_its_area_and_one_of_five(prepare: Prepare, rows: Rows, words: str) -> None:
    with pytest.raises(LayerRefused, match=words):
        prepare("zone", rows)


def test_lines_of_one_river_section_are_one_place(reference: Session, load: Callable[..., Any]) -> None:
    lines = [shapely.LineString([(112.9, 28.0), (112.95, 28.1)]), shapely.LineString([(112.95, 28.1), (112.95, 28.3)])]
    load("river_section", [({"name": "湘江长沙段"}, line) for line in lines])
    (found,) = naming.find(reference, "river_section", name="湘江长沙段")
    assert found.code == "RS-XJ-05" and found.km == pytest.approx(34, abs=2)
    assert found.properties["river_zh"] == "湘江"


def test_locations_are_points_lines_or_areas(reference: Session, load: Callable[..., Any]) -> None:
    rows = [
        ({"编号": "Y-01", "名称": "样点一"}, shapely.Point(112.93, 24.95)),
        ({"编号": "Y-02", "名称": "样线二"}, shapely.LineString([(112.93, 24.95), (112.94, 24.96)])),
        ({"编号": "Y-03", "名称": "样地三"}, shapely.box(112.93, 24.95, 112.931, 24.951)),
    ]
    load("location", rows)
    assert [one.code for one in naming.find(reference, "location")] == ["Y-01", "Y-02", "Y-03"]


def test_a_grid_has_codes_of_its_own(reference: Session, load: Callable[..., Any]) -> None:
    cells = [({"网格编号": f"G{n:03d}"}, shapely.box(112.9 + n / 10, 25.2, 113.0 + n / 10, 25.3)) for n in range(3)]
    load("grid", cells, label="国家网格")
    assert [one.code for one in naming.find(reference, "grid")] == ["G000", "G001", "G002"]
    assert queries.locate(reference, 112.95, 25.25).grid_cell == "G000"


@pytest.mark.parametrize(
    ("kind", "facts", "shape", "words"),
    [
        ("protected_area", {"name": MANGSHAN_NAME}, shapely.LineString([(112.9, 25), (113, 25)]), "是线，应为面"),
        ("river_section", {"name": "湘江"}, shapely.Point(112.9, 25), "是点，应为线或面"),
        ("protected_area", {"name": ""}, INSIDE, "没有名称"),
        ("grid", {"code": "", "name": "x"}, INSIDE, "没有网格代码"),
        ("grid", {"x": "1"}, INSIDE, "找不到代码列"),
        ("location", {"id": "1"}, INSIDE, "找不到名称列"),
        ("protected_area", {"name": MANGSHAN_NAME, "area_ha": "约两万"}, INSIDE, "面积 '约两万' 不是大于零的数字"),
        ("protected_area", {"name": MANGSHAN_NAME, "area_ha": "-3"}, INSIDE, "不是大于零的数字"),
        ("protected_area", {"name": MANGSHAN_NAME, "county_codes": "宜章县"}, INSIDE, "县代码 宜章县 不是六位数字"),
        ("protected_area", {"name": MANGSHAN_NAME, "status": "大概"}, INSIDE, "核实情况 '大概' 应为 verified"),
        ("protected_area", {"name": MANGSHAN_NAME}, None, "没有图形"),
    ],
)
def test_a_feature_that_is_wrong_is_named(
    prepare: Prepare, kind: str, facts: dict[str, str], shape: Any, words: str
) -> None:
    with pytest.raises(LayerRefused, match=words):
        prepare(kind, [(facts, shape)] if shape is not None else [(facts, shape), (facts, INSIDE)])


def test_a_layer_of_another_province_is_refused_saying_where_it_lies(prepare: Prepare) -> None:
    with pytest.raises(LayerRefused, match=r"不是本省（湖南省）的图层：湖北省 100\.0%"):
        prepare("protected_area", [({"name": "神农架"}, shapely.box(110.3, 31.4, 110.5, 31.6))])
    mostly = [({"name": MANGSHAN_NAME}, shapely.box(112.9, 24.7, 113.0, 24.95))]
    with pytest.raises(LayerRefused, match=r"广东省 9.*湖南省"):
        prepare("protected_area", [({"name": "某地"}, shapely.box(112.9, 24.4, 113.0, 24.93))])
    assert prepare("priority_area", mostly).difference.added  # those span provinces
    across = prepare("protected_area", [({"name": MANGSHAN_NAME}, shapely.box(112.90, 24.85, 113.0, 25.02))])
    assert any("有一部分在省外：湖南省" in words and "广东省" in words for words in across.told)


def test_a_reserve_in_gcj_along_a_county_s_border_is_refused(reference: Session, prepare: Prepare) -> None:
    county = queries.county_shape(reference, "431022")
    reserve = shapely.segmentize(shapely.intersection(county, shapely.box(112.6, 24.8, 113.0, 25.3)), 0.001)
    assert any(
        "没有 GCJ-02 的偏移" in words for words in prepare("protected_area", [({"name": MANGSHAN_NAME}, reserve)]).told
    )
    shifted = shapely.transform(reserve, gcj.from_wgs84)
    with pytest.raises(LayerRefused, match=r"像是 GCJ-02.*经度 \+0\.00[45]"):
        prepare("protected_area", [({"name": MANGSHAN_NAME}, shifted)])
    (place,) = prepare("protected_area", [({"name": MANGSHAN_NAME}, shifted)], datum="gcj02").places
    assert place.shape is not None and shapely.hausdorff_distance(place.shape, reserve) * 111_320 < 5


def test_a_register_that_grew_leaves_boundaries_alone(reference: Session, load: Callable[..., Any]) -> None:
    load("protected_area", [({"code": MANGSHAN, "name": MANGSHAN_NAME}, INSIDE)])
    assert load_registers(reference, read_registers(), "system") == {}
    content = (
        "code,name_zh,status,source\n"
        f"{MANGSHAN},改名,verified,x\nPA-43-001,改名,verified,x\nPA-43-099,新的,verified,x\n"
    )
    grown = read_register("protected_area", "x.csv", content.encode())
    assert load_registers(reference, [grown], "system") == {"protected_area": 2}
    found = {one.code: one for one in naming.find(reference, "protected_area")}
    assert len(found) == 27
    assert (found[MANGSHAN].name_zh, found[MANGSHAN].has_boundary) == (MANGSHAN_NAME, True)
    assert (found["PA-43-001"].name_zh, found["PA-43-099"].name_zh) == ("改名", "新的")


def test_what_is_missing_is_carried_over_or_dropped(reference: Session, prepare: Prepare) -> None:
    rows = [({"code": MANGSHAN, "name": MANGSHAN_NAME}, INSIDE)]
    assert prepare("protected_area", rows).difference.carried == 25
    prepared = prepare("protected_area", rows, drop_missing=True)
    assert (len(prepared.difference.gone), prepared.difference.carried) == (25, 0)
    service.load_layer(reference, prepared, "某人")
    assert [one.code for one in naming.find(reference, "protected_area")] == [MANGSHAN]
    assert "不再有" in "\n".join(prepared.difference.lines())


def test_back_and_forth_are_three_versions(reference: Session, load: Callable[..., Any]) -> None:
    here, there = ([({"code": MANGSHAN, "name": MANGSHAN_NAME}, shape)] for shape in (INSIDE, OVER_IT))
    versions = [load("protected_area", rows).version for rows in (here, there, here)]
    assert len(set(versions)) == 3
    shapes = [
        reference.scalar(
            text("SELECT md5(ST_AsEWKB(geom)) FROM xiangye.named_place WHERE boundary_version = :v AND code = :c"),
            {"v": version, "c": MANGSHAN},
        )
        for version in versions
    ]
    assert shapes[0] == shapes[2] != shapes[1]


def test_a_grid_of_thousands_is_loaded_twice_in_seconds(reference: Session, prepare: Prepare) -> None:
    side = 0.01
    cells = [
        (
            {"code": f"G{n:05d}", "name": f"格{n}"},
            shapely.box(112 + n % 70 * side, 27 + n // 70 * side, 112.01 + n % 70 * side, 27.01 + n // 70 * side),
        )
        for n in range(5_000)
    ]
    service.load_layer(reference, prepare("grid", cells, ".gpkg"), "某人")
    began = time.perf_counter()
    moved = [(facts | {"code": f"H{facts['code']}", "name": facts["name"] + "号"}, shape) for facts, shape in cells]
    difference = prepare("grid", moved, ".gpkg").difference
    assert (len(difference.added), difference.carried) == (5_000, 5_000)
    assert time.perf_counter() - began < 60
