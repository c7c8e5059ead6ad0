"""Entries before groups, exclusions, populations; and the levels of sensitive taxa."""

import pytest

from server.taxa.names import taxon_id_for
from server.taxa.rules import (
    NOT_SENSITIVE,
    UNPLACED,
    Circumstances,
    Coverage,
    Entry,
    ResolvedTaxon,
    SensitivityRule,
    SensitivityRules,
    group_zh,
)


def taxon(name: str, name_zh: str | None = None, rank: str = "species", **places: str) -> ResolvedTaxon:
    genus = None if rank in ("family", "order") else name.split(maxsplit=1)[0]
    return ResolvedTaxon(
        taxon_id=taxon_id_for(name), scientific_name=name, name_zh=name_zh, rank=rank, **{"genus": genus, **places}
    )  # type: ignore[arg-type]


def entry(
    name: str, category: str, rank: str = "species", kind: str = "protected", list_id: str = "l", **more: object
) -> Entry:
    taxon_id = taxon_id_for(name) if rank == "species" else None
    told: dict[str, object] = {"entry_no": 1, "rank": rank, "name": name, "name_zh": name, "category": category}
    return Entry(kind, list_id, "名录", "1", taxon_id=taxon_id, **{**told, **more})  # type: ignore[arg-type]


COVERAGE = Coverage(
    [
        entry("Paphiopedilum", "I", "genus", kingdom="Plantae", excludes=frozenset({"带叶兜兰"})),
        entry("Paphiopedilum hirsutissimum", "II"),
        entry("Keteleeria", "II", "genus", excludes=frozenset({"油杉"})),
        entry("Andrias davidianus", "II", population="wild"),
        entry("Scleractinia", "I", "order"),
        entry("Gleditsia japonica var. velutina", "I"),
        entry("Camellia sect. Thea", "II", "section"),
        entry("Procambarus clarkii", "2", kind="invasive", list_id="i"),
        entry(
            "Ginkgo biloba",
            "I",
            populations_excluded=frozenset({"cultivated"}),
            populations_excluded_basis="条例第二条",
        ),
    ]
)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (taxon("Paphiopedilum armeniacum", "杏黄兜兰", kingdom="Plantae"), "I"),
        (taxon("Paphiopedilum hirsutissimum", "带叶兜兰"), "II"),
        (taxon("Paphiopedilum nusquam"), "I"),
        (taxon("Paphiopedilum", "兜兰属", "genus"), "I"),
        (taxon("Paphiopedilum falsum", kingdom="Animalia"), None),
        (taxon("Keteleeria fortunei", "油杉"), None),
        (taxon("Keteleeria fortunei var. cyclolepis", "江南油杉", "variety"), "II"),
        (taxon("Acropora digitifera", order_name="Scleractinia"), "I"),
        (taxon("Scleractinia", "石珊瑚目", "order"), "I"),
        (taxon("Gleditsia japonica"), None),
        (taxon("Gleditsia japonica var. velutina", rank="variety"), "I"),
        (taxon("Andrias davidianus ignotus", rank="subspecies"), "II"),
        (taxon("Camellia ptilophylla", section="Camellia sect. Thea"), "II"),
        (taxon("Camellia oleifera"), None),
        (taxon("Procambarus clarkii"), None),
    ],
)
def test_class_of_a_wild_taxon(asked: ResolvedTaxon, expected: str | None) -> None:
    assert COVERAGE.class_of(asked)[0] == expected


@pytest.mark.parametrize(
    ("name", "population", "expected"),
    [
        ("Andrias davidianus", "wild", "II"),
        ("Andrias davidianus", "captive", None),
        ("Andrias davidianus", "released", None),
        ("Ginkgo biloba", "wild", "I"),
        ("Ginkgo biloba", "cultivated", None),
        ("Paphiopedilum hirsutissimum", "cultivated", "II"),
    ],
)
def test_class_by_population(name: str, population: str, expected: str | None) -> None:
    protection_class, found = COVERAGE.class_of(taxon(name), population)
    assert protection_class == expected
    assert found is not None
    assert found.words()


def test_words_say_why() -> None:
    assert "仅限野外种群" in str(COVERAGE.class_of(taxon("Andrias davidianus"))[1].words())  # type: ignore[union-attr]
    assert "不含人工栽培（条例第二条）" in str(COVERAGE.class_of(taxon("Ginkgo biloba"))[1].words())  # type: ignore[union-attr]
    left_out = COVERAGE.exclusion_of(taxon("Keteleeria fortunei", "油杉"))
    assert left_out is not None
    assert left_out.words() == "Keteleeria（所有种），油杉除外"


def test_of_several_entries_for_one_taxon_the_strictest_that_holds_counts() -> None:
    rows = [
        entry("Cuora mouhotii", "II", entry_no=1),
        entry("Cuora mouhotii", "I", entry_no=2, population="wild"),
        entry("Pyxidea mouhotii", "provincial", entry_no=3),
    ]
    turtle = taxon("Cuora mouhotii")
    for order in (rows, rows[::-1]):
        covered = Coverage(order, [(taxon_id_for("Pyxidea mouhotii"), turtle.taxon_id, "Pyxidea")])
        assert [covered.class_of(turtle, population)[0] for population in ("wild", "captive")] == ["I", "II"]


def test_the_nominate_variety_of_a_species_left_out_is_left_out_too() -> None:
    rule = entry("Keteleeria", "II", "genus", excluded_ids=frozenset({taxon_id_for("Keteleeria fortunei")}))
    covered = Coverage([rule])
    assert covered.class_of(taxon("Keteleeria fortunei var. fortunei", rank="variety"))[0] is None
    assert covered.class_of(taxon("Keteleeria fortunei var. cyclolepis", "江南油杉", "variety"))[0] == "II"


RULES = SensitivityRules(
    [
        SensitivityRule(
            "1", "species", "Manis pentadactyla", 1, "盗猎", taxon_id_for("Manis pentadactyla"), coarsest_name="county"
        ),
        SensitivityRule("2", "genus", "Dendrobium", 1, "采挖", population="wild", coarsest_name="county"),
        SensitivityRule(
            "3", "species", "Neophocaena asiaeorientalis", 3, "公开", taxon_id_for("Neophocaena asiaeorientalis")
        ),
        SensitivityRule("4", "protection_class", "I", 2, "一级"),
        SensitivityRule("5", "protection_class", "II", 3, "二级"),
        SensitivityRule("6", "family", "Ardeidae", 2, "巢区", condition="nest"),
        SensitivityRule("7", "family", "Manidae", 2, "未定种", condition="unidentified"),
    ],
    COVERAGE,
)


@pytest.mark.parametrize(
    ("asked", "protection_class", "level", "rule"),
    [
        (taxon("Manis pentadactyla"), "I", 1, "1"),
        (taxon("Manis pentadactyla aurita", rank="subspecies"), "I", 1, "1"),
        (taxon("Dendrobium nobile"), "II", 1, "2"),
        (taxon("Neophocaena asiaeorientalis"), "I", 3, "3"),
        (taxon("Ciconia boyciana"), "I", 2, "4"),
        (taxon("Grus grus"), "II", 3, "5"),
        (taxon("Ardea cinerea", family="Ardeidae"), None, 0, ""),
        (taxon("Manidae", rank="family"), None, 2, "7"),
        (taxon("Manis", rank="genus", family="Manidae"), None, 2, "7"),
        (taxon("Manis nova", family="Manidae"), None, 0, ""),
        (taxon("一种鸟", rank="unranked"), None, 2, UNPLACED[1]),
    ],
)
def test_levels(asked: ResolvedTaxon, protection_class: str | None, level: int, rule: str) -> None:
    assert RULES.level_for(asked, protection_class)[:2] == (level, rule)


def test_levels_by_population_condition_and_looked_up_class() -> None:
    heron, orchid = taxon("Ardea cinerea", family="Ardeidae"), taxon("Dendrobium nobile")
    assert RULES.level_for(heron, None, Circumstances(conditions=frozenset({"nest"})))[:2] == (2, "6")
    assert RULES.level_for(orchid, None, Circumstances("cultivated")) == NOT_SENSITIVE
    assert RULES.level_for(orchid, "II", Circumstances("wild"))[3] == "county"
    assert RULES.level_for(taxon("Ginkgo biloba"))[:2] == (2, "4")
    assert RULES.level_for(taxon("Ginkgo biloba"), when=Circumstances("cultivated")) == NOT_SENSITIVE


def test_a_rule_for_the_nest_of_a_species_counts_at_the_nest_alone() -> None:
    stork = taxon("Ciconia boyciana")
    nest = SensitivityRule("8", "species", stork.scientific_name, 1, "巢", stork.taxon_id, condition="nest")
    mild = SensitivityRule("9", "species", stork.scientific_name, 4, "巢", stork.taxon_id, condition="roost")
    rules = SensitivityRules([nest, mild, *RULES.rules], COVERAGE)
    assert rules.level_for(stork, "I")[:2] == (2, "4")
    assert rules.level_for(stork, "I", Circumstances(conditions=frozenset({"nest"})))[:2] == (1, "8")
    assert rules.level_for(stork, "I", Circumstances(conditions=frozenset({"roost"})))[:2] == (2, "4")


def test_a_rule_for_a_season_and_an_area_holds_then_and_there_and_where_that_is_not_known() -> None:
    stork = taxon("Ciconia boyciana")
    rule = SensitivityRule(
        "10",
        "species",
        stork.scientific_name,
        3,
        "越冬",
        stork.taxon_id,
        months=frozenset({11, 12, 1}),
        county_codes=frozenset({"431022", "430600"}),
    )
    rules = SensitivityRules([rule])

    def level(months: set[int] | None, at_3: set[str] | None) -> int:
        counties = None if at_3 is None else {2: frozenset({"431022"}), 3: frozenset(at_3)}
        return rules.level_for(stork, None, Circumstances(months=months and frozenset(months), counties=counties))[0]

    assert level(None, None) == level({12}, {"431022"}) == level({4, 11}, {"430626", "431003"}) == 3
    assert level({4}, {"431022"}) == level({12}, {"431003"}) == level({12}, set()) == 0


@pytest.mark.parametrize(
    ("places", "group"),
    [
        (("Animalia", "Chordata", "Mammalia"), "哺乳类"),
        (("Animalia", "Chordata", "Aves"), "鸟类"),
        (("Animalia", "Chordata", "Petromyzonti"), "鱼类"),
        (("Animalia", "Arthropoda", "Insecta"), "昆虫"),
        (("Animalia", "Mollusca", "Bivalvia"), "其他无脊椎动物"),
        (("Animalia", None, None), "其他"),
        (("Animalia", "Chordata", None), "其他"),
        (("Animalia", "Chordata", "Leptocardii"), "其他无脊椎动物"),
        (("Plantae", "Tracheophyta", "Pinopsida"), "维管束植物"),
        (("Plantae", "Bryophyta", "Bryopsida"), "其他植物"),
        (("Chromista", "Ochrophyta", "Phaeophyceae"), "其他植物"),
        (("Fungi", "Ascomycota", None), "真菌"),
        (("Bacteria", "Proteobacteria", None), "其他"),
        ((None, None, None), "其他"),
    ],
)
def test_groups(places: tuple[str | None, str | None, str | None], group: str) -> None:
    assert group_zh(*places) == group
