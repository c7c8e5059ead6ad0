"""Find, protection, facts, sensitivity, the pack: on the lists as they are."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from server.taxa import provisional, queries
from server.taxa.names import taxon_id_for
from server.taxa.service import ensure_taxa, load_lists
from tests.taxa.agency import AGENCY, PLAIN, hand_in


@pytest.mark.parametrize(
    "typed",
    [
        "csj",
        "CSJ",
        "Manis pent",
        "manis pent",
        "pent manis",
        "穿山甲",
        "chuanshanjia",
        "chuan shan",
        "中华穿山甲",
        "鲮鲤",
    ],
)
def test_the_pangolin_is_found_by_any_of_its_names(reference: Session, typed: str) -> None:
    found = queries.find(reference, typed)
    pangolin = next(taxon for taxon in found if taxon["scientific_name"] == "Manis pentadactyla")
    assert set(pangolin) == {"taxon_id", "scientific_name", "name_zh", "rank", "protection_class", "lists", "match"}
    assert (pangolin["name_zh"], pangolin["rank"], pangolin["protection_class"]) == ("穿山甲", "species", "I")
    assert pangolin["lists"] == ["protected_animals_2021"]


@pytest.mark.parametrize(
    ("typed", "first", "match"),
    [
        ("csj", "Manis pentadactyla", "initials"),
        ("Manis pent", "Manis pentadactyla", "latin"),
        ("穿山甲", "Manis pentadactyla", "exact"),
        ("白鹭", "Egretta garzetta", "exact"),
        ("chonglou", "Paris chinensis", "pinyin"),
        ("鵟", "Buteo hemilasius", "chinese"),
        ("xpt", "Tachybaptus ruficollis", "initials"),
        ("Eichhornia crassipes", "Eichhornia crassipes", "exact"),
        ("Pontederia", "Eichhornia crassipes", "latin"),
    ],
)
def test_the_best_match_comes_first(reference: Session, typed: str, first: str, match: str) -> None:
    found = queries.find(reference, typed)
    assert (found[0]["scientific_name"], found[0]["match"]) == (first, match)


def test_find_keeps_its_limit_and_bears_odd_input(reference: Session) -> None:
    assert len(queries.find(reference, "鹭", 3)) == 3
    assert [
        queries.find(reference, odd) for odd in ("", "  ", "%", "_", "没有这个种", "'; DROP TABLE", "\\", "zzzzq")
    ] == [[]] * 8
    assert queries.find(reference, "白鹭", 0) == []


CASES = [
    ("铁坚油杉", None),
    ("油杉", None),
    ("江南油杉", "II"),
    ("硬叶兜兰", "II"),
    ("带叶兜兰", "II"),
    ("杏黄兜兰", "I"),
    ("小叶兜兰", "I"),
    ("美花兰", "I"),
    ("文山红柱兰", "I"),
    ("兔耳兰", None),
    ("春兰", "II"),
    ("暖地杓兰", "I"),
    ("离萼杓兰", None),
    ("曲茎石斛", "I"),
    ("铁皮石斛", "II"),
    ("北重楼", None),
    ("华重楼", "II"),
    ("梧桐", None),
    ("小叶红豆", "I"),
    ("花榈木", "II"),
    ("粗齿桫椤", None),
    ("桫椤", "II"),
    ("苏铁", "I"),
    ("牡丹", None),
    ("滇牡丹", "II"),
    ("紫斑牡丹", "I"),
    ("金花茶", "II"),
    ("毛叶茶", "II"),
    ("大叶茶", "II"),
    ("油茶", None),
    ("南方红豆杉", "I"),
    ("资源冷杉", "I"),
    ("绒毛皂荚", "I"),
    ("银杉", "I"),
    ("穿山甲", "I"),
    ("长江江豚", "I"),
    ("麋鹿", "I"),
    ("大鲵", "II"),
    ("鯮", "II"),
    ("莽山烙铁头蛇", "I"),
    ("莽山瑶螈", "II"),
    ("虎纹蛙", "II"),
    ("白鹭", None),
    ("兜兰属", "I"),
    ("石珊瑚目", "I"),
]


def test_protection_of_entries_groups_and_exclusions(reference: Session) -> None:
    taxa = queries.resolve_many(reference, [(None, name) for name, _ in CASES])
    assert [name for (name, _), taxon in zip(CASES, taxa, strict=True) if taxon is None] == []
    facts = queries.facts(reference, [taxon.taxon_id for taxon in taxa if taxon], date(2025, 6, 1))
    found = {
        name: facts[taxon.taxon_id].protection_class for (name, _), taxon in zip(CASES, taxa, strict=True) if taxon
    }
    assert found == dict(CASES)


def ask(
    session: Session, name: str, population: str = "wild", on: date | None = None, region: str | None = "43"
) -> dict[str, object]:
    pair = (name, None)
    taxon = queries.resolve_many(session, [pair])[0] or provisional.place(session, [pair])[0]
    assert taxon is not None
    return queries.protection(session, taxon, population, region, on)


def test_protection_says_entry_rule_and_list(reference: Session) -> None:
    assert ask(reference, "穿山甲") == {
        "protection_class": "I",
        "entry": "穿山甲",
        "rule": "列入名录的种",
        "list": "国家重点保护野生动物名录（2021）",
        "list_version": "2021",
    }
    typed = ask(reference, "Dendrobium xyz")
    assert (typed["protection_class"], typed["entry"]) == ("II", "石斛属（所有种）")
    excluded = ask(reference, "铁坚油杉")
    assert (excluded["protection_class"], excluded["entry"]) == (None, "油杉属（所有种）")
    assert "铁坚油杉" in str(excluded["rule"])
    assert set(ask(reference, "白鹭").values()) == {None}
    assert set(queries.protection(reference, "00000000-0000-0000-0000-000000000000").values()) == {None}


@pytest.mark.parametrize(
    ("name", "population", "expected"),
    [
        ("大鲵", "wild", "II"),
        ("大鲵", "captive", None),
        ("大鲵", "released", None),
        ("虎纹蛙", "captive", None),
        ("穿山甲", "captive", "I"),
        ("银杏", "wild", "I"),
        ("银杏", "cultivated", None),
        ("Cuora trifasciata", "wild", "II"),
        ("Cuora trifasciata", "captive", None),
    ],
)
def test_protection_by_population(reference: Session, name: str, population: str, expected: str | None) -> None:
    answer = ask(reference, name, population)
    assert answer["protection_class"] == expected
    assert answer["rule"]


def test_protection_follows_the_date(reference: Session) -> None:
    assert ask(reference, "穿山甲", on=date(2021, 2, 4))["protection_class"] is None
    assert ask(reference, "穿山甲", on=date(2021, 2, 5))["protection_class"] == "I"
    assert ask(reference, "银杉", on=date(2021, 9, 6))["protection_class"] is None
    assert ask(reference, "银杉", on=date(2021, 9, 7))["protection_class"] == "I"


def test_facts_carry_classification_lists_and_red_list(reference: Session) -> None:
    names = ["小蓬草", "克氏原螯虾", "资源冷杉", "大鲵", "灰胸竹鸡", "白鹭"]
    taxa = queries.resolve_many(reference, [(None, name) for name in names])
    facts = queries.facts(reference, [taxon.taxon_id for taxon in taxa if taxon], date(2025, 6, 1))
    fleabane, crayfish, fir, salamander, partridge, egret = (facts[taxon.taxon_id] for taxon in taxa if taxon)
    assert fleabane.invasive_lists == ("重点管理外来入侵物种名录（2022）", "中国外来入侵物种名单（第三批）")
    assert crayfish.invasive_lists == ("中国外来入侵物种名单（第二批）",)
    assert (fir.red_list, fir.red_list_source) == ("EN", "中国生物多样性红色名录（来源未注明版本）")
    assert (salamander.protection_class, salamander.wild_only, salamander.list_version) == ("II", True, "2021")
    assert (partridge.endemic, egret.endemic) == (True, None)
    assert (egret.group_zh, egret.family_zh, egret.order_zh, egret.class_zh) == ("鸟类", "鹭科", "鹈形目", "鸟纲")
    early = queries.facts(reference, [crayfish.taxon_id, fleabane.taxon_id], date(2012, 1, 1))
    assert (early[crayfish.taxon_id].invasive_lists, early[fleabane.taxon_id].invasive_lists) == (
        crayfish.invasive_lists,
        (),
    )


def test_thousands_of_names_cost_few_queries(reference: Session) -> None:
    statements: list[str] = []
    engine = reference.get_bind()

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(engine, "before_cursor_execute", note)
    names = [(row[0], None) for row in reference.execute(text("SELECT scientific_name FROM xiangye.taxon"))]
    statements.clear()
    taxa = queries.resolve_many(reference, names)
    facts = queries.facts(reference, [taxon.taxon_id for taxon in taxa if taxon], date(2025, 6, 1))
    event.remove(engine, "before_cursor_execute", note)
    assert len(facts) == len(names) > 2500
    assert len(statements) <= 8


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("穿山甲", 1),
        ("莽山烙铁头蛇", 1),
        ("绒毛皂荚", 1),
        ("资源冷杉", 1),
        ("银杉", 1),
        ("小叶兜兰", 1),
        ("铁皮石斛", 1),
        ("大鲵", 2),
        ("麋鹿", 2),
        ("白鹤", 2),
        ("长江江豚", 3),
        ("小天鹅", 3),
        ("春兰", 3),
        ("白鹭", 0),
        ("小蓬草", 0),
        ("兰科", 2),
        ("猫科", 2),
        ("雀科", 0),
        ("Dendrobium xyz", 1),
    ],
)
def test_default_sensitivity(reference: Session, name: str, level: int) -> None:
    taxon = queries.resolve_many(reference, [(name, None)])[0] or provisional.place(reference, [(name, None)])[0]
    assert taxon is not None
    found, rule, reason, coarsest = queries.sensitivity_rules(reference).level_for(taxon)
    assert found == level
    assert bool(rule and reason) == (level > 0)
    assert (coarsest is not None) == (level == 1)


def test_versions_in_force(reference: Session) -> None:
    assert {v.list_id for v in queries.list_versions(reference, date(2021, 3, 1)) if v.kind == "protected"} == {
        "protected_animals_2021"
    }
    versions = {v.list_id: v for v in queries.list_versions(reference)}
    assert versions["protected_plants_2021"].announcement == "国家林业和草原局 农业农村部公告2021年第15号"
    assert versions["invasive_key_managed_2022"].unverified_count == 22


def id_of(session: Session, name: str) -> str:
    [taxon] = queries.resolve_many(session, [(None, name)])
    assert taxon is not None
    return taxon.taxon_id


def test_a_taxon_may_hold_several_assessments(reference: Session) -> None:
    found = queries.red_list_assessments(reference, id_of(reference, "长江江豚"))
    assert [(one["assessed_year"], one["category"], one["population_zh"]) for one in found] == [
        (2017, "EN", None),
        (2012, "CR", "长江种群"),
    ]
    assert {one["scope"] for one in found} == {"global"}
    assert queries.red_list_assessments(reference, id_of(reference, "长江江豚"), date(1999, 1, 1))


def test_assessments_of_china_make_the_fact_and_the_latest_of_the_whole_species_counts(
    reference: Session, tmp_path: Path
) -> None:
    rows = [
        {
            "scientific_name": "Egretta garzetta",
            "name_zh": "白鹭",
            "category": category,
            "assessed_year": year,
            "population_zh": who,
        }
        for category, year, who in (("无危", "2015", ""), ("近危", "2020", ""), ("濒危", "2021", "洞庭湖种群"))
    ]
    said = {"red_list_scope": "中国", "red_list_title_zh": "中国红色名录（2020）"}
    load_lists(
        reference, [hand_in(tmp_path, rows, id="china_red_list", kind="red_list", region="CN", **PLAIN, **said)], AGENCY
    )
    egret = id_of(reference, "白鹭")
    facts = queries.facts(reference, [egret], date(2025, 1, 1))[egret]
    assert (facts.red_list, facts.red_list_source) == ("NT", "中国红色名录（2020）")
    assert len([one for one in queries.red_list_assessments(reference, egret) if one["scope"] == "China"]) == 3


def test_traits_of_a_taxon_and_of_its_genus(reference: Session) -> None:
    egret, ilex = id_of(reference, "白鹭"), taxon_id_for("Ilex ignota")
    assert queries.traits(reference, [egret]) == {egret: {"residency": ("留鸟",), "ecological_type": ("涉禽",)}}
    ensure_taxa(reference, [("Ilex ignota", None)])
    assert queries.traits(reference, [ilex]) == {ilex: {"genus_areal_type": ("2 泛热带分布",)}}


def test_lookalikes_are_told_from_either_side(reference: Session) -> None:
    porpoise, dolphin = id_of(reference, "长江江豚"), id_of(reference, "白鱀豚")
    [(other, difference)] = queries.lookalikes(reference, porpoise)
    [(again, _)] = queries.lookalikes(reference, dolphin)
    assert (other.taxon_id, again.taxon_id) == (dolphin, porpoise)
    assert "没有背鳍" in difference
    rows = reference.execute(text("SELECT count(*) FROM xiangye.taxon_lookalike")).scalar_one()
    assert rows > 10


def test_identifiers_of_others_are_attributes(reference: Session) -> None:
    pangolin = id_of(reference, "穿山甲")
    assert queries.identifiers(reference, [pangolin])[pangolin]["inaturalist"].isdecimal()
    assert reference.execute(text("SELECT count(*) FROM xiangye.taxon_trait")).scalar_one() > 100


def test_flags(reference: Session, tmp_path: Path) -> None:
    row = {
        "scientific_name": "Egretta garzetta",
        "name_zh": "白鹭",
        "reason": "对湿地水质敏感",
        "threshold": "连续两年未见",
        "responsible_unit": "县林业局",
        "region_code": "430602",
    }
    load_lists(reference, [hand_in(tmp_path, [row], id="indicators", kind="indicator", **PLAIN)], AGENCY)
    porpoise, egret = id_of(reference, "长江江豚"), id_of(reference, "白鹭")
    found = queries.flags(reference, [porpoise, egret], date(2025, 1, 1))
    assert "旗舰" in found[porpoise]["flagship"]["reason"]
    assert found[egret]["indicator"] == {
        "list": "湖南省重点保护野生动物名录（2023）",
        "list_version": "2023",
        "category": None,
        "reason": "对湿地水质敏感",
        "threshold": "连续两年未见",
        "responsible_unit": "县林业局",
    }
    assert "indicator" not in queries.flags(reference, [egret], region="433101")[egret]


@pytest.mark.parametrize(
    ("name", "appendix"),
    [
        ("虎", "I"),
        ("云猫", "I"),
        ("豹猫", "II"),
        ("丹顶鹤", "I"),
        ("灰鹤", "II"),
        ("白尾海雕", "I"),
        ("矛隼", "I"),
        ("红隼", "II"),
        ("滇金丝猴", "I"),
        ("海南长臂猿", "I"),
        ("猕猴", "II"),
        ("黄额闭壳龟", "I"),
        ("云南火焰兰", "I"),
        ("春兰", "II"),
    ],
)
def test_a_species_of_appendix_i_is_not_told_by_the_group_it_is_excepted_from(
    reference: Session, name: str, appendix: str
) -> None:
    [taxon] = queries.resolve_many(reference, [(None, name)])
    assert taxon is not None
    assert [one.category for one in queries.coverage(reference, kinds=("cites",)).matches(taxon)] == [appendix]
