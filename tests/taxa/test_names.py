"""Names as people write them."""

import pytest

from server.taxa.names import (
    NAMESPACE,
    binomial_of,
    clean,
    fold_latin,
    lookup_keys,
    parse_latin,
    split_name,
    taxon_id_for,
)
from server.taxa.readings import Readings


@pytest.mark.parametrize(
    ("written", "canonical", "rank"),
    [
        ("Manis pentadactyla Linnaeus, 1758", "Manis pentadactyla", "species"),
        ("Ageratina adenophora (Spreng.) R.M. King & H. Rob.", "Ageratina adenophora", "species"),
        ("Gleditsia japonica Miq. var. velutina L. C. Li", "Gleditsia japonica var. velutina", "variety"),
        (
            "Abies beshanzuensis var. ziyuanensis (L. K. Fu & S. L. Mo) L. K. Fu",
            "Abies beshanzuensis var. ziyuanensis",
            "variety",
        ),
        ("Disanthus cercidifolius ssp. longipes", "Disanthus cercidifolius subsp. longipes", "subspecies"),
        ("Trachemys scripta elegans (Wied, 1838)", "Trachemys scripta elegans", "subspecies"),
        ("Populus x irtyschensis", "Populus ×irtyschensis", "species"),
        ("Poncirus × polyandra", "Poncirus ×polyandra", "species"),
        ("Fusarium oxysporum f. sp. cubense", "Fusarium oxysporum f. sp. cubense", "forma_specialis"),
        ("Paphiopedilum sp.", "Paphiopedilum", "genus"),
        ("Paphiopedilum sp. 1", "Paphiopedilum", "genus"),
        ("Carex spp.", "Carex", "genus"),
        ("Manis aff. pentadactyla", "Manis", "genus"),
        ("Manis cf. pentadactyla", "Manis pentadactyla", "species"),
        ("Papilio (Princeps) xuthus", "Papilio xuthus", "species"),
        ("Polygonia c-aureum (L.)", "Polygonia c-aureum", "species"),
        ("MANIS PENTADACTYLA", "Manis pentadactyla", "species"),
        ("Manis_pentadactyla", "Manis pentadactyla", "species"),
        ("Ardeidae", "Ardeidae", "family"),
        ("Orchidaceae", "Orchidaceae", "family"),
        ("Pinales", "Pinales", "order"),
        ("Anseriformes", "Anseriformes", "order"),
        ("Plantae", "Plantae", "kingdom"),
        ("Ardea", "Ardea", "genus"),
        ("Quercus fabri Hance ex de Vries", "Quercus fabri", "species"),
    ],
)
def test_latin_names_are_read_without_their_authors(written: str, canonical: str, rank: str) -> None:
    parsed = parse_latin(written)
    assert parsed is not None
    assert (parsed.canonical, parsed.rank) == (canonical, rank)


@pytest.mark.parametrize("written", ["", None, "unknown bird", "123", "?", "sp.", "穿山甲", "-"])
def test_what_does_not_begin_like_a_name_is_none(written: str | None) -> None:
    assert parse_latin(written) is None


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("白鹭 Egretta garzetta", ("Egretta garzetta", "白鹭")),
        ("Egretta garzetta（白鹭）", ("Egretta garzetta", "白鹭")),
        ("小䴙䴘", (None, "小䴙䴘")),
        ("蛇𬶋", (None, "蛇𬶋")),
        ("Manis pentadactyla", ("Manis pentadactyla", None)),
        ("  ", (None, None)),
        (None, (None, None)),
    ],
)
def test_one_field_may_hold_two_languages(written: str | None, parts: tuple[str | None, str | None]) -> None:
    assert split_name(written) == parts


def test_keys_put_latin_before_chinese_and_fold_spelling() -> None:
    assert lookup_keys("Abies beshanzuensis subsp. ziyuanensis", "资源冷杉")[0] == "abies beshanzuensis ziyuanensis"
    assert lookup_keys("manis pentadactyla", None)[0] == "manis pentadactyla"
    assert lookup_keys("穿 山 甲", None) == ["穿山甲"]
    assert lookup_keys(None, "兜兰属一种") == ["兜兰属一种", "兜兰属"]
    assert lookup_keys(None, None) == []
    assert fold_latin("Populus ×irtyschensis") == "populus irtyschensis"


def test_ids_and_species_of_a_name_are_fixed() -> None:
    assert str(NAMESPACE) == "6f1b4a0e-5a0b-5f0e-9d53-0a6d1f2c7e43"
    assert taxon_id_for("Manis pentadactyla") == "8b654069-d3ab-5f61-acfe-b80031dac3f8"
    assert binomial_of("Gleditsia japonica var. velutina") == "Gleditsia japonica"
    assert binomial_of("Camellia sect. Thea") == "Camellia sect. Thea"


def test_invisible_characters_and_length_are_tamed() -> None:
    assert clean(" Manis\u0085penta\u0000dactyla\u200b ") == "Manis penta dactyla"
    assert len(clean("长" * 5000)) == 200


@pytest.mark.parametrize(
    ("name", "pinyin", "initials"),
    [
        ("穿山甲", "chuan shan jia", "csj"),
        ("北重楼", "bei chong lou", "bcl"),
        ("小䴙䴘", "xiao pi ti", "xpt"),
        ("蛇𬶋", "she ju", "sj"),
        ("伟铗𧈢", "wei jia ba", "wjb"),
        ("香蕉枯萎病菌4号小种", "xiang jiao ku wei bing jun 4 hao xiao zhong", "xjkwbj4hxz"),
        ("癞蛤蟆", "lai ha ma", "lhm"),
    ],
)
def test_readings_follow_the_table_of_corrections(name: str, pinyin: str, initials: str) -> None:
    readings = Readings({"重": "chong", "䴙": "pi", "䴘": "ti", "𬶋": "ju", "𧈢": "ba", "蛤": "ge", "蛤蟆": "ha ma"})
    assert (readings.of(name).pinyin, readings.of(name).initials) == (pinyin, initials)
