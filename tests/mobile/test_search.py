"""Finding a species in three touches, by whatever the surveyor knows of its name."""

from pathlib import Path

import pytest

from mobile.species.entry import unlisted
from mobile.species.pack import PackUnreadable, read_pack
from mobile.species.search import SpeciesIndex
from tests.mobile.station import make_pack


@pytest.fixture
def index(tmp_path: Path) -> SpeciesIndex:
    make_pack(tmp_path / "taxa.sqlite3")
    return SpeciesIndex(read_pack(tmp_path / "taxa.sqlite3"), "2025")


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("csj", "穿山甲"),
        ("CSJ", "穿山甲"),
        ("chuanshanjia", "穿山甲"),
        ("chuan shan jia", "穿山甲"),
        ("穿山甲", "穿山甲"),
        ("山甲", "穿山甲"),
        ("Manis pent", "穿山甲"),
        ("manis", "穿山甲"),
        ("pentad", "穿山甲"),
        ("Manis aurita", "穿山甲"),
        ("喜旱", "空心莲子草"),
        ("xhlzc", "空心莲子草"),
        ("alt phi", "空心莲子草"),
        ("𬶋", "蛇𬶋"),
        ("bl", "白鹭"),
        ("bailu", "白鹭"),
        ("鹭", "白鹭"),
        ("ｃｓｊ", "穿山甲"),
    ],
)
def test_the_first_result(index: SpeciesIndex, typed: str, first: str) -> None:
    assert index.find(typed)[0].name_zh == first


def test_what_does_not_match_is_not_shown(index: SpeciesIndex) -> None:
    for typed in ("", "  ", "zzzz", "Panthera tigris", "老虎", "12", "pent Manis"):
        assert index.find(typed) == []


def test_each_species_once_and_the_limit_holds(index: SpeciesIndex) -> None:
    assert [species.name_zh for species in index.find("鹭")] == ["白鹭", "苍鹭"]
    assert [species.name_zh for species in index.find("白")] == ["白鹭", "东方白鹳"]
    assert len(index.find("b", limit=1)) == 1
    assert len(index) == 7


def test_marks_and_exact_names(index: SpeciesIndex) -> None:
    pangolin, invader = index.exact("穿山甲"), index.exact("喜旱莲子草")
    assert pangolin is not None and (pangolin.mark, pangolin.sensitivity) == ("国家一级", 1)
    assert invader is not None and (invader.mark, invader.scientific_name) == (
        "外来入侵",
        "Alternanthera philoxeroides",
    )
    assert index.exact("manis pentadactyla") == pangolin
    assert index.exact("白") is None
    egret = index.exact("白鹭")
    assert egret is not None and egret.mark == ""


def test_a_name_that_no_list_knows_is_kept_as_it_is() -> None:
    assert unlisted("某种鱼").as_taxon() == {
        "taxon_id": None,
        "scientific_name": None,
        "name_zh": "某种鱼",
        "verbatim_name": "某种鱼",
    }
    assert unlisted(" Nova species ").as_taxon()["scientific_name"] == "Nova species"
    assert unlisted("待鉴定").as_taxon()["verbatim_name"] == "待鉴定"


def test_an_unreadable_pack_is_named(tmp_path: Path) -> None:
    for content in (b"not sqlite at all, but long enough to look", b""):
        (tmp_path / "bad.sqlite3").write_bytes(content)
        with pytest.raises(PackUnreadable, match="无法读取"):
            read_pack(tmp_path / "bad.sqlite3")
