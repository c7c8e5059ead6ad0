"""Loading county borders of an agency: what changes, what is carried over, and every way a file can be wrong."""

import json
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.places import gcj, queries, service
from server.places.drafts import Options
from server.places.preparing import Prepared
from server.places.refusal import LayerRefused
from shared.clock import SystemClock, today_in_china
from tests.places.vector_files import Rows, write

YIZHANG, LINWU = "431022", "431025"
Prepare = Callable[..., Prepared]


@pytest.fixture
def prepare(reference: Session, tmp_path: Path) -> Prepare:
    def made(rows: Rows, ending: str = ".geojson", crs: str = "EPSG:4326", **said: Any) -> Prepared:
        path = write(tmp_path / f"county{ending}", rows, crs)
        return service.prepare(reference, path, "county", Options(**said), "43")

    return made


def shape_of(session: Session, code: str) -> BaseGeometry:
    return queries.county_shape(session, code)


def rows_of(session: Session, *codes: str) -> list[tuple[dict[str, str], BaseGeometry]]:
    return [({"code": code, "name": queries.county(session, code).name_zh}, shape_of(session, code)) for code in codes]


def bitten(session: Session) -> tuple[BaseGeometry, BaseGeometry, BaseGeometry]:
    """宜章县 without a bite at its border with 临武县, 临武县 with it, and the bite."""
    yizhang, linwu = shape_of(session, YIZHANG), shape_of(session, LINWU)
    border = shapely.intersection(yizhang, linwu)
    bite = shapely.intersection(yizhang, shapely.point_on_surface(border).buffer(0.02))
    return shapely.difference(yizhang, bite), shapely.union(linwu, bite), bite


def moved_border(session: Session) -> Rows:
    yizhang, linwu, _ = bitten(session)
    return [({"code": YIZHANG, "name": "宜章县"}, yizhang), ({"code": LINWU, "name": "临武县"}, linwu)]


def bits(session: Session, version: str, but: Sequence[str] = ()) -> object:
    return session.scalar(
        text("""
        SELECT md5(string_agg(concat_ws('|', code, name_zh, prefecture_code, prefecture_name, valid_from, ST_AsEWKB(geom)::text), '#' ORDER BY code))
        FROM xiangye.county WHERE boundary_version = :version AND code <> ALL(:but)
        """),
        {"version": version, "but": list(but)},
    )


@pytest.mark.parametrize(
    ("ending", "crs"), [(".geojson", "EPSG:4326"), (".gpkg", "EPSG:4490"), (".shp", "EPSG:4547"), (".zip", "EPSG:4525")]
)
def test_what_is_in_force_loaded_again_changes_nothing(
    reference: Session, prepare: Prepare, ending: str, crs: str
) -> None:
    transformer = Transformer.from_crs(4490, crs, always_xy=True)
    rows = [
        (facts, shapely.transform(shape, lambda at: np.column_stack(transformer.transform(at[:, 0], at[:, 1]))))
        for facts, shape in rows_of(reference, YIZHANG, "430211")
    ]
    prepared = prepare(rows, ending, crs)
    assert prepared.difference.is_nothing and prepared.difference.same == 2 and prepared.difference.carried == 2889
    before = queries.boundary_version(reference)
    assert service.load_layer(reference, prepared, "某人").changed is False
    assert queries.boundary_version(reference) == before


def test_a_gauss_kruger_shapefile_lands_within_a_metre(reference: Session, prepare: Prepare) -> None:
    transformer = Transformer.from_crs(4490, 4547, always_xy=True)
    original, turned = shape_of(reference, YIZHANG), bitten(reference)[0]
    plane = shapely.transform(turned, lambda at: np.column_stack(transformer.transform(at[:, 0], at[:, 1])))
    prepared = prepare([({"代码": YIZHANG, "名称": "宜章县"}, plane)], ".shp", "EPSG:4547")
    (place,) = prepared.places
    assert place.shape is not None and shapely.hausdorff_distance(place.shape, turned) * 111_320 < 0.01
    assert prepared.crs.startswith("EPSG:4547")
    assert not shapely.equals(original, turned)


def test_a_moved_border_is_shown_and_then_in_force(reference: Session, prepare: Prepare) -> None:
    prepared, bite = prepare(moved_border(reference), source="郴州市民政局"), bitten(reference)[2]
    changed = {one.code: one for one in prepared.difference.changed}
    assert set(changed) == {YIZHANG, LINWU}
    assert changed[YIZHANG].km2_lost == pytest.approx(changed[LINWU].km2_gained, abs=0.001)
    assert changed[YIZHANG].km2_gained == pytest.approx(0, abs=0.001)
    assert "划出" in "\n".join(prepared.difference.lines())
    old = queries.boundary_version(reference)
    old_bits = bits(reference, old)
    at = shapely.point_on_surface(bite)
    assert queries.locate(reference, at.x, at.y).county_code == YIZHANG

    loaded = service.load_layer(reference, prepared, "某人")
    assert (loaded.changed, loaded.written, loaded.carried) == (True, 2, 2889)
    assert queries.locate(reference, at.x, at.y).county_code == LINWU
    assert bits(reference, old) == old_bits
    assert bits(reference, loaded.version, [YIZHANG, LINWU]) == bits(reference, old, [YIZHANG, LINWU])
    row = reference.execute(
        text("SELECT source, file_name, crs, loaded_by, valid_from FROM xiangye.boundary_version WHERE id = :id"),
        {"id": loaded.version},
    ).one()
    assert tuple(row) == ("郴州市民政局", "county.geojson", "EPSG:4326 WGS 84", "某人", today_in_china(SystemClock()))
    county = queries.county(reference, YIZHANG)
    assert (county.prefecture_name, county.province_name) == ("郴州市", "湖南省")
    assert queries.county(reference, "430122").code == "430112"  # aliases stay
    again = prepare(moved_border_of(prepared))
    assert again.difference.is_nothing


def moved_border_of(prepared: Prepared) -> Rows:
    return [({"code": place.code, "name": place.name_zh}, place.shape) for place in prepared.places]


def test_the_same_file_gives_the_same_version(reference: Session, prepare: Prepare) -> None:
    day = today_in_china(SystemClock()) - timedelta(days=1)
    one, other = (prepare(moved_border(reference), valid_from=day) for _ in range(2))
    assert (one.version, one.digest) == (other.version, other.digest)
    assert one.version == f"county-{day}-{one.digest[:8]}"


def test_the_old_version_answers_for_its_days(reference: Session, prepare: Prepare) -> None:
    bite, day = shapely.point_on_surface(bitten(reference)[2]), date(2026, 1, 1)
    service.load_layer(reference, prepare(moved_border(reference), valid_from=day), "某人")
    found = [
        queries.stamp_many(reference, [("", bite.x, bite.y)], on=on)[""].county_code
        for on in (date(2025, 12, 31), day, None)
    ]
    assert found == [YIZHANG, LINWU, LINWU]
    with pytest.raises(LayerRefused, match="早于现行版本"):
        prepare(moved_border(reference), valid_from=date(2025, 12, 31))


def test_a_default_layer_never_replaces_an_agency_s(reference: Session, prepare: Prepare) -> None:
    loaded = service.load_layer(reference, prepare(moved_border(reference)), "某人")
    from tests.places.layers import small_layer, square

    newer = small_layer(square("430101", "甲县", 112.0, 28.0), name="newer")
    assert service.load_counties(reference, newer).boundary_version == loaded.version


def test_a_version_that_came_in_between_stops_the_load(reference: Session, prepare: Prepare) -> None:
    late = prepare(moved_border(reference), valid_from=today_in_china(SystemClock()) - timedelta(days=2))
    loaded = service.load_layer(reference, prepare(moved_border(reference)), "某人")
    with pytest.raises(LayerRefused, match=f"别人已载入了新版本 {loaded.version}"):
        service.load_layer(reference, late, "某人")


def test_a_county_that_ended_leads_to_its_heir(reference: Session, prepare: Prepare) -> None:
    """The bridge of codes when a county becomes a city: same ground, new code."""
    rows = [({"code": "431082", "name": "宜章市"}, shape_of(reference, YIZHANG))]
    with pytest.raises(LayerRefused, match=f"盖住了沿用的 {YIZHANG} 宜章县 的一半以上.*--gone {YIZHANG}"):
        prepare(rows)
    prepared = prepare(rows, gone=(YIZHANG,))
    assert [(one.code, one.name_zh) for one in prepared.difference.gone] == [(YIZHANG, "宜章县")]
    service.load_layer(reference, prepared, "某人")
    county = queries.county(reference, YIZHANG)
    assert (county.code, county.name_zh, county.prefecture_name) == ("431082", "宜章市", "郴州市")
    assert county.alias is not None and (county.alias.basis, county.alias.retired_on) == (
        "ground",
        today_in_china(SystemClock()),
    )
    assert service.load_counties(reference).changed is False


def test_missing_counties_are_dropped_only_of_the_home_province(reference: Session, prepare: Prepare) -> None:
    assert len(prepare(moved_border(reference)).difference.gone) == 0
    prepared = prepare(moved_border(reference), drop_missing=True)
    assert len(prepared.difference.gone) == 120
    assert all(one.code.startswith("43") for one in prepared.difference.gone)


def test_a_gcj_layer_is_refused_with_its_shift_and_taken_when_said_so(reference: Session, prepare: Prepare) -> None:
    rows = [(facts, shapely.transform(shape, gcj.from_wgs84)) for facts, shape in moved_border(reference)]
    with pytest.raises(
        LayerRefused,
        match=r"像是 GCJ-02.*实测偏移 经度 \+0\.005\d+°、纬度 -0\.00[23]\d+°（东西 \+5\d\d 米、南北 -3\d\d 米",
    ) as refused:
        prepare(rows)
    assert "--datum gcj02" in str(refused.value)
    prepared = prepare(rows, datum="gcj02")
    for place, (_, original) in zip(prepared.places, moved_border(reference), strict=True):
        assert shapely.symmetric_difference(place.shape, original).area < 1e-9
    whole = [(facts, shapely.transform(shape, gcj.from_wgs84)) for facts, shape in rows_of(reference, YIZHANG, LINWU)]
    assert prepare(whole, datum="gcj02").difference.same == 2  # vertex by vertex, to 0.2 m
    assert any("已由 GCJ-02 换算" in words for words in prepared.told)
    assert any("按 --datum wgs84 原样采用" in words for words in prepare(rows, datum="wgs84").told)
    with pytest.raises(LayerRefused, match="没有测到这样的偏移"):
        prepare(moved_border(reference), datum="gcj02")


def test_a_layer_with_names_alone_right_is_measured_by_names(reference: Session, prepare: Prepare) -> None:
    rows = [({"code": "x", "name": "宜章县"}, shapely.transform(shape_of(reference, YIZHANG), gcj.from_wgs84))]
    with pytest.raises(LayerRefused, match="像是 GCJ-02"):
        prepare(rows)


def test_a_layer_of_another_province_is_refused_saying_which(reference: Session, prepare: Prepare) -> None:
    hubei = rows_of(reference, "421088", "420502")
    with pytest.raises(LayerRefused, match=r"不是本省（湖南省）的图层：湖北省 2 个县（[\d,]+ km²）"):
        prepare(hubei)
    mixed = prepare([*hubei, *rows_of(reference, YIZHANG)])
    assert any("含外省的县：湖北省 2 个县" in words for words in mixed.told)


@pytest.mark.parametrize(
    ("code", "name", "words"),
    [
        ("", "某县", "没有代码"),
        ("43102", "某县", "不是 GB/T 2260 的六位数字"),
        ("ABCDEF", "某县", "不是 GB/T 2260 的六位数字"),
        ("431022101", "某乡", "不是 GB/T 2260 的六位数字"),
        ("991022", "某县", "不是任何省级行政区"),
        ("431000", "郴州市", "省级或地级的代码"),
        ("430171", "某开发区", "统计用区"),
        ("431079", "某区", "统计用区（71–79）"),
        ("430122", "望城县", "已停用的（望城县），现为 430112"),
        ("439901", "某县", "不在现行代码表中"),
        ("431099", "", "没有名称"),
        (YIZHANG, "临武县", f"代码 {YIZHANG} 是宜章县的，名称却是临武县（其代码是 {LINWU}）"),
    ],
)
def test_a_wrong_code_is_named_with_its_feature(
    reference: Session, prepare: Prepare, code: str, name: str, words: str
) -> None:
    rows = [*rows_of(reference, "431023"), ({"code": code, "name": name}, shapely.box(113, 25, 113.01, 25.01))]
    with pytest.raises(LayerRefused) as refused:
        prepare(rows)
    assert "county.geojson" in str(refused.value) and "第 2 个要素" in str(refused.value)
    assert words in str(refused.value)


def test_a_small_polygon_far_from_its_county_is_not_called_a_shift(reference: Session, prepare: Prepare) -> None:
    rows = [
        ({"code": YIZHANG, "name": "宜章县"}, shapely.box(112.95, 25.3, 113.0, 25.35)),
        ({"code": "430122", "name": "望城县"}, shapely.box(113, 25, 113.1, 25.1)),
    ]
    with pytest.raises(LayerRefused) as refused:
        prepare(rows)
    assert "偏移" not in str(refused.value) and "已停用" in str(refused.value)


def test_a_shift_and_wrong_codes_are_told_together(reference: Session, prepare: Prepare) -> None:
    rows = [(facts, shapely.transform(shape, gcj.from_wgs84)) for facts, shape in moved_border(reference)]
    with pytest.raises(LayerRefused, match="2 处问题") as refused:
        prepare([*rows, ({"code": "430122", "name": "望城县"}, shapely.box(113, 25, 113.1, 25.1))])
    assert "像是 GCJ-02" in refused.value.problems[0] and "已停用" in refused.value.problems[1]


def test_everything_wrong_is_told_at_once(reference: Session, prepare: Prepare) -> None:
    square = shapely.box(113, 25, 113.01, 25.01)
    rows: Rows = [({"code": str(n), "name": ""}, square) for n in range(30)]
    with pytest.raises(LayerRefused, match="30 处问题") as refused:
        prepare(rows)
    assert len(refused.value.problems) == 30
    assert "另有 10 处" in str(refused.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda one, other: [one, one], "代码 431022 重复，第 1 个要素已用（宜章县）"),
        (lambda one, other: [(one[0], None), other], "第 1 个要素（431022 宜章县）没有图形"),
        (lambda one, other: [(one[0], shapely.boundary(one[1]))], "是线，应为面"),
        (lambda one, other: [(one[0], shapely.Point(113, 25))], "是点，应为面"),
        (lambda one, other: [(one[0], other[1]), (other[0], one[1])], "代码与图形对不上"),
        (lambda one, other: [one, (other[0], shapely.union(other[1], one[1]))], "重叠 .* km²，县级行政区不能重叠"),
        (
            lambda one, other: [({"id": "1", "县名": "宜章县"}, one[1])],
            "找不到代码列；现有的列：id、县名.*请用 --code-field",
        ),
        (
            lambda one, other: [({"code": YIZHANG, "nmae": "宜章县"}, one[1])],
            "找不到名称列.*最接近的是 nmae，请用 --name-field",
        ),
    ],
)
def test_a_file_that_is_wrong_is_refused_whole(
    reference: Session, prepare: Prepare, change: Callable[..., Rows], words: str
) -> None:
    before = bits(reference, queries.boundary_version(reference))
    one, other = rows_of(reference, YIZHANG, LINWU)
    with pytest.raises(LayerRefused, match=words):
        prepare(change(one, other))
    assert bits(reference, queries.boundary_version(reference)) == before


def test_columns_may_be_named_by_the_user(reference: Session, prepare: Prepare) -> None:
    rows = [({"a": f"156{YIZHANG}", "b": "宜章县"}, bitten(reference)[0])]
    assert [place.code for place in prepare(rows, code_field="a", name_field="b").places] == [YIZHANG]
    with pytest.raises(LayerRefused, match="没有名为 c 的列；现有的列：a、b"):
        prepare(rows, code_field="c", name_field="b")


def test_a_renamed_county_is_a_change(reference: Session, prepare: Prepare) -> None:
    prepared = prepare([({"code": YIZHANG, "name": "莽山县"}, shape_of(reference, YIZHANG))])
    (changed,) = prepared.difference.changed
    assert changed.facts == {"name_zh": ("宜章县", "莽山县")} and not changed.shape_changed


def test_a_self_crossing_county_is_mended_and_told(reference: Session, prepare: Prepare) -> None:
    ring = np.array(shape_of(reference, YIZHANG).geoms[0].exterior.coords)
    ring[[5, 9]] = ring[[9, 5]]
    crossed = shapely.Polygon(ring)
    assert not crossed.is_valid
    prepared = prepare([({"code": YIZHANG, "name": "宜章县"}, crossed)])
    assert any(
        "第 1 个要素（431022 宜章县）边界自相交（约在 11" in words and "已修复" in words for words in prepared.told
    )
    assert prepared.places[0].shape is not None and prepared.places[0].shape.is_valid


def test_a_day_to_come_is_refused(reference: Session, prepare: Prepare) -> None:
    with pytest.raises(LayerRefused, match="之后；请到生效时再载入"):
        prepare(moved_border(reference), valid_from=today_in_china(SystemClock()) + timedelta(days=1))


def test_gone_codes_must_exist_and_be_gone(reference: Session, prepare: Prepare) -> None:
    with pytest.raises(LayerRefused, match="--gone 431099：现行版本里没有这个代码"):
        prepare(moved_border(reference), gone=("431099",))
    with pytest.raises(LayerRefused, match="文件里仍有这个代码"):
        prepare(moved_border(reference), gone=(YIZHANG,))


def test_the_reference_file_in_gcj_is_refused_and_comes_home_when_said_so(
    reference: Session, tmp_path: Path, shared_data: Path
) -> None:
    content = json.loads((shared_data / "hunan_counties.geojson").read_text(encoding="utf-8"))
    for feature in content["features"]:
        shifted = shapely.transform(shapely.geometry.shape(feature["geometry"]), gcj.from_wgs84)
        feature["geometry"] = shapely.geometry.mapping(shifted)
    path = tmp_path / "counties_gcj.geojson"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(LayerRefused, match=r"经度 \+0\.005[234]\d+°、纬度 -0\.003[123]\d+°"):
        service.prepare(reference, path, "county", Options(), "43")
    home = service.prepare(reference, path, "county", Options(datum="gcj02"), "43")
    assert (home.difference.same, home.difference.is_nothing) == (122, True)
    plain = service.prepare(reference, shared_data / "hunan_counties.geojson", "county", Options(), "43")
    assert (plain.difference.same, plain.difference.carried) == (122, 2769)
