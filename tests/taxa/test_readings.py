"""Readings of the names of species: what the machine reads wrongly is corrected by species_lists/pinyin.csv."""

from collections.abc import Iterator

import pytest
from pypinyin import Style, pinyin

from server.taxa.lists import read_list
from server.taxa.names import has_chinese
from server.taxa.readings import Readings
from server.taxa.service import LISTS_DIR

CORRECTIONS = {row["text"]: row["pinyin"] for row in read_list(LISTS_DIR / "pinyin.csv").rows}
READINGS = Readings(CORRECTIONS)


def names_of_all_lists() -> Iterator[str]:
    for path in sorted(LISTS_DIR.glob("*.csv")):
        for row in read_list(path).rows:
            for column in ("name_zh", "other_names_zh", "excludes"):
                yield from filter(None, row.get(column, "").split(";"))
            if row.get("language") == "zh":
                yield row["name"]


@pytest.mark.parametrize(
    ("name", "reading"),
    [
        ("华重楼", "hua chong lou"),
        ("重唇鱼", "chong chun yu"),
        ("重口裂腹鱼", "zhong kou lie fu yu"),
        ("白冠长尾雉", "bai guan chang wei zhi"),
        ("藏酋猴", "zang qiu hou"),
        ("长鬣蜥", "chang lie xi"),
        ("单性木兰", "dan xing mu lan"),
        ("朝鲜崖柏", "chao xian ya bai"),
        ("大薸", "da piao"),
        ("大鲵", "da ni"),
        ("蜚蠊", "fei lian"),
        ("薜荔", "bi li"),
        ("大杓鹬", "da shao yu"),
        ("鸊鷉", "pi ti"),
        ("䴙䴘", "pi ti"),
        ("匙吻鲟", "chi wen xun"),
        ("匙叶甘松", "chi ye gan song"),
        ("弹琴蛙", "tan qin wa"),
        ("太行花", "tai hang hua"),
        ("爬行纲", "pa xing gang"),
        ("水芫花", "shui yuan hua"),
        ("荨麻", "qian ma"),
        ("壳斗科", "qiao dou ke"),
        ("双壳纲", "shuang ke gang"),
        ("凹叶厚朴", "ao ye hou po"),
        ("细莪术", "xi e zhu"),
        ("桔梗", "jie geng"),
        ("道县野桔", "dao xian ye ju"),
        ("癞蛤蟆", "lai ha ma"),
        ("帘蛤", "lian ge"),
        ("丰都车前", "feng du che qian"),
        ("薄鳅", "bo qiu"),
        ("家雀", "jia que"),
        ("𩷶", "mang"),
        ("𬶋", "ju"),
        ("伟铗𧈢", "wei jia ba"),
    ],
)
def test_a_name_is_read_as_those_who_know_the_species_read_it(name: str, reading: str) -> None:
    assert READINGS.of(name).pinyin == reading
    assert READINGS.of(name).initials == "".join(syllable[0] for syllable in reading.split())


def test_every_name_of_every_list_is_read_throughout() -> None:
    for name in names_of_all_lists():
        characters = [character for character in name if has_chinese(character)]
        syllables = READINGS.of(name).pinyin.split()
        assert len(syllables) >= len(characters), name
        assert all(syllable.isascii() for syllable in syllables), (name, syllables)


def test_a_correction_says_a_reading_that_the_character_has() -> None:
    """Rare characters are not in pypinyin's dictionary with their reading, or not at all: those are named here."""
    unknown = {"𧈢"}
    for text, reading in CORRECTIONS.items():
        for character, syllable in zip(text, reading.split(), strict=True):
            known = {one for ones in pinyin(character, style=Style.NORMAL, heteronym=True) for one in ones}
            assert syllable in known or character in unknown, (character, syllable, known)
