"""Names as people write them."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.taxa.characters import plain, private_use
from server.taxa.names import (
    NAMESPACE,
    binomial_of,
    clean,
    fold_latin,
    has_chinese,
    lookup_keys,
    parse_latin,
    read_cell,
    split_name,
    taxon_id_for,
)
from server.taxa.readings import Readings

CASES = list(
    csv.DictReader(io.StringIO((Path(__file__).parent / "cases" / "names.csv").read_text("utf-8"), newline=""))
)


@pytest.mark.parametrize("case", CASES, ids=[case["verbatim"] for case in CASES])
def test_names_are_read_as_people_write_them(case: dict[str, str]) -> None:
    cell = read_cell(case["verbatim"])
    parsed = parse_latin(cell.latin, lenient=True)
    read = (parsed.canonical, parsed.rank, parsed.authorship, parsed.qualifier) if parsed else (None,) * 4
    assert read == tuple(case[column] or None for column in ("canonical", "rank", "authorship", "qualifier"))
    assert cell.chinese == (case["chinese"] or None)


def test_there_are_cases_enough() -> None:
    assert len({case["verbatim"] for case in CASES}) == len(CASES) >= 80


def test_cultivars_and_crosses_are_told() -> None:
    named = parse_latin("Citrus reticulata cv. 'Manau Gan'")
    assert named is not None and named.cultivar == "Manau Gan"
    assert [
        name.hybrid for name in map(parse_latin, ("Rosa × alba", "Anas crecca × strepera", "Rosa alba")) if name
    ] == [True, True, False]


def test_names_of_the_reference_lists_are_read_with_their_authors(shared_data: Path) -> None:
    """What is not read back to the letter is cultivars, four ranks in one name, or a heading that bears its authors itself."""
    read = odd = 0
    for file in sorted((shared_data / "species").glob("*.csv")):
        for row in csv.DictReader(io.StringIO(file.read_text("utf-8"), newline="")):
            name, authors = row.get("scientific_name") or "", row.get("authorship") or ""
            parsed = parse_latin(f"{name} {authors}")
            assert parsed is not None or not name, name
            read += 1
            odd += parsed is not None and (parsed.canonical, clean(parsed.authorship)) != (name, clean(authors))
    assert read > 5000 and odd < 50


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(written: str) -> None:
    cell = read_cell(written)
    parsed = parse_latin(written, lenient=True)
    assert parsed is None or parse_latin(parsed.canonical, lenient=False) is not None
    assert all(key == key.strip() and key for key in lookup_keys(written, written))
    assert not cell.chinese or has_chinese(cell.chinese)


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


def test_keys_bear_names_in_capitals_and_counts() -> None:
    assert lookup_keys("Cymbidium Goeringii", None)[0] == "cymbidium goeringii"
    assert lookup_keys("MANIS PENTADACTYLA LINNAEUS", None)[-1] == "manis pentadactyla"
    assert lookup_keys(None, "白鹭×3只") == ["白鹭×3只", "白鹭"]
    assert lookup_keys("⻢尾松", None) == ["马尾松"]


def test_private_use_characters_are_told_and_known_ones_read() -> None:
    assert private_use("普通\ue147和\ue147\ue001") == ["U+E147", "U+E001"]
    assert private_use("鵟𬶋䴙䴘𩷶") == []
    assert plain("\ue147\ue001") == "鵟\ue001"
    assert plain("鵟𬶋䴙䴘𩷶") == "鵟𬶋䴙䴘𩷶"


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
