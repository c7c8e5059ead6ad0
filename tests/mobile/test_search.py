"""Finding a species in three touches, by whatever the surveyor knows of its name."""

import string
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mobile.species.entry import Species, unlisted
from mobile.species.pack import NamedSpecies, PackUnreadable, read_pack
from mobile.species.search import SpeciesIndex
from tests.mobile import plain_search
from tests.mobile.many_names import make_names
from tests.mobile.station import make_pack

# Signs that a keyboard seldom has, some of them outside the first plane, among everyday ones.
SIGNS = "白鹭山甲蛇𬶋𩷶䴙䴘鵟长重"
SYLLABLES = ("bai", "lu", "shan", "jia", "she", "ju", "zhang", "chong", "lv", "an", "e", "xi")
LATIN_PARTS = ("man", "is", "pent", "a", "dac", "tyla", "lu", "tra", "bai")


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
        ("ＭＡＮＩＳ　ｐｅｎｔ", "穿山甲"),
        ("chuan1 shan1 jia3", "穿山甲"),
        ("chuān shān jiǎ", "穿山甲"),
        ("chuan", "穿山甲"),
        ("chuanshan", "穿山甲"),
        ("chuan shan j", "穿山甲"),
        ("chuansj", "穿山甲"),
        ("chsj", "穿山甲"),
        ("shanjia", "穿山甲"),
        ("manispent", "穿山甲"),
        ("M pent", "穿山甲"),
        ("穿 山　甲", "穿山甲"),
        ("dfbg", "东方白鹳"),
        ("dongfbaig", "东方白鹳"),
        ("白鹳", "东方白鹳"),
        ("boyc", "东方白鹳"),
        # one slip: wrong, missing, extra, swapped; at the first and the last letter; in genus, epithet, pinyin, a beginning
        ("chuansbanjia", "穿山甲"),
        ("chuanshnjia", "穿山甲"),
        ("chuanshhanjia", "穿山甲"),
        ("chuanshajnia", "穿山甲"),
        ("vhuanshanjia", "穿山甲"),
        ("chuanshanjis", "穿山甲"),
        ("huanshanjia", "穿山甲"),
        ("chunashan", "穿山甲"),
        ("Manis pentadactila", "穿山甲"),
        ("Mannis penta", "穿山甲"),
        ("pentadctyla", "穿山甲"),
        ("Alternathera philoxeroides", "空心莲子草"),
        ("kongxinlianzicoa", "空心莲子草"),
    ],
)
def test_the_first_result(index: SpeciesIndex, typed: str, first: str) -> None:
    assert index.find(typed)[0].name_zh == first


def test_what_does_not_match_is_not_shown(index: SpeciesIndex) -> None:
    for typed in (
        "",
        "  ",
        "zzzz",
        "Panthera tigris",
        "老虎",
        "12",
        "pent Manis",
        "，。",
        "甲山",
        "\n",
        "😀",
        "cssj",
    ):
        assert index.find(typed) == [], typed
    for two_slips in ("chuansbanjla", "Mannis pentadactila", "hcaunshanjia"):
        assert index.find(two_slips) == [], two_slips
    assert SpeciesIndex(()).find("csj") == [] and SpeciesIndex(()).find("山") == [] and len(SpeciesIndex(())) == 0


def test_each_species_once_and_the_limit_holds(index: SpeciesIndex) -> None:
    assert [species.name_zh for species in index.find("鹭")] == ["白鹭", "苍鹭"]
    assert [species.name_zh for species in index.find("白")] == ["白鹭", "东方白鹳"]
    assert len(index.find("b", limit=1)) == 1 and index.find("b", limit=0) == []
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


def test_every_reading_of_a_name_finds_it() -> None:
    """重楼 is chong lou, but who reads zhong lou shall find it too; ü is v, as keyboards have it."""
    plant = Species("t1", "Paris polyphylla", "重楼")
    swan = Species("t2", "Chloris sinica", "绿翅")
    index = SpeciesIndex(
        [
            NamedSpecies(plant, "重楼", "chong lou", "cl"),
            NamedSpecies(plant, "重楼", "zhong lou", "zl"),
            NamedSpecies(swan, "绿翅", "lü chi", "lc"),
        ]
    )
    for typed in ("cl", "zl", "zhonglou", "chonglou", "zhongl", "重"):
        assert index.find(typed) == [plant], typed
    for typed in ("lvchi", "lüchi", "lǜ chì", "LC"):
        assert index.find(typed) == [swan], typed


def test_marks_of_rank_and_hybrids_may_be_left_out() -> None:
    yew = Species("t1", "Taxus wallichiana var. mairei", "南方红豆杉")
    hybrid = Species("t2", "Populus × canadensis", "")
    index = SpeciesIndex([NamedSpecies(one, one.scientific_name, "", "") for one in (yew, hybrid)])
    for typed in (
        "Taxus wallichiana var. mairei",
        "taxus wallichiana mairei",
        "mairei",
        "taxuswallichianavarm",
        "T w m",
    ):
        assert index.find(typed) == [yew], typed
    for typed in ("Populus × canadensis", "Populus x canadensis", "populus canad", "canadensis"):
        assert index.find(typed)[0] == hybrid, typed
    assert index.exact("taxus wallichiana mairei") == yew and index.exact("Taxus") is None


def test_a_slip_is_looked_for_only_when_next_to_nothing_came() -> None:
    manis = [Species(f"t{n}", f"Manis pent{letter}", "") for n, letter in enumerate("abcdef")]
    other = Species("t9", "Munis pent", "")
    names = [NamedSpecies(one, one.scientific_name, "", "") for one in [other, *manis]]
    assert other not in SpeciesIndex(names).find("manispent")
    assert SpeciesIndex(names[:5]).find("manispent")[-1] == other, "after the four that begin so"


def test_what_is_likely_and_what_was_recorded_lately_comes_first() -> None:
    birds = [
        Species(f"t{n}", "", name) for n, name in enumerate(("白鹭", "白鹤", "白鹳", "白鹇", "白腰文鸟", "小白鹭"))
    ]
    index = SpeciesIndex([NamedSpecies(one, one.name_zh, "", "") for one in birds])

    def found(text: str, likely: dict[str, int], *recent: str) -> list[str]:
        return [one.name_zh for one in index.find(text, likely=likely, recent=recent)]

    assert found("白", {}) == ["白鹭", "白鹤", "白鹳", "白鹇", "白腰文鸟", "小白鹭"]
    assert found("白", {"t2": 3, "t3": 900, "gone": 5})[:3] == ["白鹇", "白鹳", "白鹭"]
    assert found("白", {}, "t4", "t1", "gone")[:3] == ["白腰文鸟", "白鹤", "白鹭"], "the latest first"
    assert found("白", {"t2": 900, "t3": 30}, "t1")[:3] == ["白鹤", "白鹳", "白鹇"]
    assert found("白鹭", {"t5": 99}) == ["白鹭", "小白鹭"], "a whole name before what is likely"
    assert found("白", {"t5": 99})[-1] == "小白鹭", "a beginning before what is inside"
    assert [one.name_zh for one in index.find("白", 2, likely={"t4": 1})] == ["白腰文鸟", "白鹭"]


@st.composite
def name_sets(draw: st.DrawFn) -> list[NamedSpecies]:
    names = []
    for number in range(draw(st.integers(0, 12))):
        chinese = draw(st.text(SIGNS, min_size=0, max_size=4))
        latin_words = draw(st.lists(st.lists(st.sampled_from(LATIN_PARTS), min_size=1, max_size=3), max_size=3))
        latin = " ".join("".join(parts) for parts in latin_words)
        latin = latin.replace(" a ", draw(st.sampled_from([" var. ", " × ", " a ", "-"])))
        species = Species(f"t{number}", latin, chinese)
        for _ in range(draw(st.integers(1, 2)) if chinese else 0):
            syllables = draw(st.lists(st.sampled_from(SYLLABLES), min_size=len(chinese), max_size=len(chinese)))
            names.append(NamedSpecies(species, chinese, " ".join(syllables), "".join(s[0] for s in syllables)))
        if latin or not chinese:
            names.append(NamedSpecies(species, latin, "", ""))
    return names


@st.composite
def typed_for(draw: st.DrawFn, names: list[NamedSpecies]) -> str:
    """Something of one of the names, whole or cut, with or without a slip; or anything."""
    if not names or draw(st.integers(0, 9)) == 0:
        return draw(st.text(SIGNS + " ，x" + "".join(SYLLABLES), max_size=8))
    named = draw(st.sampled_from(names))
    whole = draw(st.sampled_from([named.name, named.pinyin, named.initials, named.pinyin.replace(" ", "")]))
    if draw(st.booleans()):
        whole = draw(st.sampled_from(["", " "])).join(
            word[: draw(st.integers(1, max(1, len(word))))] for word in whole.split()
        )
    start = draw(st.sampled_from([0, 0, draw(st.integers(0, len(whole)))]))
    text = whole[start : draw(st.sampled_from([len(whole), draw(st.integers(0, len(whole)))]))]
    return draw(slips_of(text)) if text and draw(st.booleans()) else text


@st.composite
def slips_of(draw: st.DrawFn, text: str) -> str:
    place = draw(st.integers(0, len(text) - 1))
    letter = draw(st.sampled_from(string.ascii_lowercase))
    head, rest = text[:place], text[place:]
    return draw(
        st.sampled_from(
            [
                head + rest[1:],
                head + letter + rest[1:],
                head + letter + rest,
                head + rest[1::-1] + rest[2:],
                text + letter,
            ]
        )
    )


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_it_finds_what_a_look_at_every_name_finds(data: st.DataObject) -> None:
    names = data.draw(name_sets())
    index = SpeciesIndex(names)
    keys = [named.species.key for named in names] + ["gone"]
    likely = data.draw(st.dictionaries(st.sampled_from(keys), st.integers(1, 5), max_size=4))
    recent = data.draw(st.lists(st.sampled_from(keys), unique=True, max_size=4))
    limit = data.draw(st.sampled_from([40, 40, 3, 1]))
    for _ in range(5):
        typed = data.draw(typed_for(names))
        expected = plain_search.find(names, typed, limit, likely, recent)
        assert index.find(typed, limit, likely=likely, recent=recent) == expected, typed


def test_it_finds_what_a_look_at_every_name_finds_among_realistic_names() -> None:
    names = make_names(1500)
    index = SpeciesIndex(names)
    for named in names[::37]:
        pinyin, latin = named.pinyin.replace(" ", ""), named.species.scientific_name
        for typed in (
            named.initials[:2],
            pinyin,
            pinyin[:4],
            pinyin[1:],
            latin[:-2] + latin[-1],
            named.name[-1],
            latin[:6],
        ):
            assert index.find(typed) == plain_search.find(names, typed), typed


def test_every_name_is_found_by_all_that_one_may_know_of_it() -> None:
    names = make_names(2000)
    index = SpeciesIndex(names)
    for named in names:
        for typed in (named.name, named.name.upper(), named.pinyin, named.pinyin.replace(" ", ""), named.initials):
            assert not typed or named.species in index.find(typed, 400), typed
        assert index.exact(named.name) is not None


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_one_slip_in_a_longer_name_still_finds_it(data: st.DataObject) -> None:
    names = make_names(1500)
    named = data.draw(st.sampled_from(names))
    whole = (named.pinyin or named.name.lower()).replace(" ", "")
    assume(len(whole) >= 6)
    typed = data.draw(slips_of(whole))
    found = SINGLE.find(typed, 400)
    others = [one for one in found if one != named.species]
    assert named.species in found or len(others) >= 5, typed


SINGLE = SpeciesIndex(make_names(1500))


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
