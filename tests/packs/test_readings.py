"""Pinyin as hands type it: the right reading first, other living readings of a character after it, archaic ones never."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.packs.readings import PER_NAME, every_reading
from server.taxa.readings import Readings

READINGS = Readings(
    {"重": "chong", "藏": "zang", "长": "chang", "柏": "bai", "厚朴": "hou po", "绿": "lv", "杉": "shan"}
)


@pytest.mark.parametrize(
    ("name", "first", "others"),
    [
        ("重楼", "chong lou", {"zhong lou"}),
        ("白冠长尾雉", "bai guan chang wei zhi", {"bai guan zhang wei zhi"}),
        ("藏酋猴", "zang qiu hou", {"cang qiu hou"}),
        ("柏木", "bai mu", {"bo mu"}),
        ("水杉", "shui shan", {"shui sha"}),
        ("绿头鸭", "lv tou ya", {"lu tou ya"}),
        ("长江江豚", "chang jiang jiang tun", {"zhang jiang jiang tun"}),
    ],
)
def test_the_right_reading_first_and_the_others_after_it(name: str, first: str, others: set[str]) -> None:
    found = every_reading(READINGS, name)
    assert found[0] == first
    assert others <= set(found[1:])


def test_archaic_readings_are_not_typed() -> None:
    assert every_reading(READINGS, "白鹭") == ["bai lu"]
    assert every_reading(READINGS, "红尾鱼") == ["hong wei yu"]


def test_latin_has_no_reading() -> None:
    assert every_reading(READINGS, "Manis pentadactyla") == []


def test_digits_stay() -> None:
    assert every_reading(READINGS, "香蕉枯萎病菌4号小种")[0] == "xiang jiao ku wei bing jun 4 hao xiao zhong"


@given(st.text("重长藏柏绿参薄单红山𬶋鵟䴙·4a（）", min_size=1, max_size=14))
def test_the_first_is_the_rooms_own_and_none_stands_twice(name: str) -> None:
    found = every_reading(READINGS, name)
    assert len(found) == len(set(found)) <= PER_NAME
    if found:
        assert found[0] == READINGS.of(name).pinyin
        assert all(len(reading.split()) == len(found[0].split()) for reading in found)
        assert not any(";" in reading for reading in found)


def test_a_character_without_a_reading_brings_none_of_its_own() -> None:
    assert every_reading(Readings({"𧈢": "ba"}), "伟铗𧈢") == ["wei jia ba"]
