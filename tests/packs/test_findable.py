"""Every entry of every list is found on a tablet by Chinese, every reading, initials and Latin."""

import csv
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mobile.species.pack import NamedSpecies, PackUnreadable, read_pack
from mobile.species.proof import prove
from mobile.species.search import SpeciesIndex
from server.packs import service
from server.settings import Settings
from tests.admitting import CLOCK
from tests.house.tree import ROOT

PROTECTED = {"protected_animals_2021": (980, 8), "protected_plants_2021": (455, 40)}
LISTS = sorted(path.stem for path in (ROOT / "species_lists").glob("*.csv") if path.with_suffix(".json").is_file())
ALL = 100_000


@pytest.fixture(scope="module")
def pack(shared_reference: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from server.db import session_factory

    settings = Settings(var_dir=tmp_path_factory.mktemp("pack"))
    with session_factory(shared_reference)() as session:
        made = service.ensure(settings, session, CLOCK)
    return service.register_of(settings).file(made.version)


@pytest.fixture(scope="module")
def names(pack: Path) -> tuple[NamedSpecies, ...]:
    return read_pack(pack)


@pytest.fixture(scope="module")
def index(names: tuple[NamedSpecies, ...]) -> SpeciesIndex:
    return SpeciesIndex(names)


def entries(list_id: str) -> Iterator[dict[str, str]]:
    """Rows that name a taxon or a group by a name of its own."""
    with (ROOT / "species_lists" / f"{list_id}.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row.get("entry_kind") and row["scientific_name"] and row["rank"] != "protection_class":
                yield row


def found(index: SpeciesIndex, typed: str) -> set[str]:
    return {species.key for species in index.find(typed, limit=ALL)}


@pytest.mark.parametrize("list_id", sorted(PROTECTED))
def test_every_entry_of_the_protected_lists_is_there(list_id: str, index: SpeciesIndex) -> None:
    rows = list(entries(list_id))
    taxa, groups = PROTECTED[list_id]
    assert (sum(r["entry_kind"] == "taxon" for r in rows), sum(r["entry_kind"] == "group" for r in rows)) == (
        taxa,
        groups,
    )


@pytest.mark.parametrize("list_id", LISTS)
def test_every_entry_is_found_by_chinese_and_latin(list_id: str, index: SpeciesIndex) -> None:
    for row in entries(list_id):
        by_latin = index.exact(row["scientific_name"])
        assert by_latin is not None, row["scientific_name"]
        assert by_latin.key in found(index, row["scientific_name"]), row
        if row["name_zh"]:
            by_chinese = found(index, row["name_zh"])
            assert by_latin.key in by_chinese, row


def test_every_reading_and_its_initials_find_the_species(names: tuple[NamedSpecies, ...], index: SpeciesIndex) -> None:
    read = [named for named in names if named.pinyin]
    assert len(read) > 3000
    pinyin = {named.pinyin for named in read}
    initials = {named.initials for named in read}
    by_pinyin = {text: found(index, text.replace(" ", "")) for text in pinyin}
    by_initials = {text: found(index, text) for text in initials}
    for named in read:
        assert named.species.key in by_pinyin[named.pinyin], named
        assert named.species.key in by_initials[named.initials], named


def test_every_chinese_name_of_an_entry_has_a_reading(pack: Path, index: SpeciesIndex) -> None:
    with closing(sqlite3.connect(pack)) as opened:
        read = dict(opened.execute("SELECT name, readings FROM name WHERE language = 'zh'").fetchall())
    for list_id in LISTS:
        for row in entries(list_id):
            if row["name_zh"]:
                name = "".join(row["name_zh"].split())
                assert read[name], row
                assert all(syllable.isascii() for syllable in read[name].replace(";", " ").split()), row


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("csj", "穿山甲"),
        ("chonglou", "华重楼"),
        ("zhonglou", "华重楼"),
        ("bgcwz", "白冠长尾雉"),
        ("baiguanchangweizhi", "白冠长尾雉"),
        ("zangqiuhou", "藏酋猴"),
        ("cangqiuhou", "藏酋猴"),
        ("鵟", "普通鵟"),
        ("䴙䴘", "小䴙䴘"),
        ("piti", "小䴙䴘"),
        ("𬶋", "蛇𬶋"),
    ],
)
def test_the_hard_ones(index: SpeciesIndex, typed: str, name: str) -> None:
    wanted = index.exact(name)
    if wanted is None:
        wanted = next(species for species in index.find(name, limit=ALL))
    assert wanted.key in found(index, typed)


def test_tablets_get_what_the_lists_say(index: SpeciesIndex) -> None:
    marks = {name: index.exact(name) for name in ("穿山甲", "大鲵", "加拿大一枝黄花", "春兰")}
    assert {name: species.mark for name, species in marks.items() if species} == {
        "穿山甲": "国家一级",
        "大鲵": "国家二级",
        "加拿大一枝黄花": "外来入侵",
        "春兰": "国家二级",
    }


def test_a_flipped_bit_of_the_real_pack_is_refused_or_changes_nothing(
    pack: Path, names: tuple[NamedSpecies, ...], tmp_path: Path
) -> None:
    data, whole, chosen, path = pack.read_bytes(), prove(pack, None, None), random.Random(11), tmp_path / "flipped"
    refused = 0
    for place in chosen.sample(range(len(data)), 60):
        spoilt = bytearray(data)
        spoilt[place] ^= 1 << chosen.randrange(8)
        path.write_bytes(spoilt)
        try:
            assert (prove(path, None, None), read_pack(path)) == (whole, names), place
        except PackUnreadable:
            refused += 1
    assert refused > 40
