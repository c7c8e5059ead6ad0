"""Cases taken from the announcements, one a row of cases/protection.csv: class, entry, list, and which part says so."""

import csv
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.taxa import provisional, queries
from server.taxa.names import has_chinese, taxon_id_for
from server.taxa.rules import ResolvedTaxon

CASES = list(
    csv.DictReader(Path(__file__).with_name("cases").joinpath("protection.csv").read_text("utf-8").splitlines())
)


def taxon_of(session: Session, name: str) -> ResolvedTaxon:
    pair = (None, name) if has_chinese(name) else (name, None)
    taxon = queries.resolve_many(session, [pair])[0] or provisional.place(session, [pair])[0]
    assert taxon is not None, name
    assert taxon.rank != "unranked", name
    return taxon


@pytest.mark.parametrize("case", CASES, ids=[f"{c['name']}-{c['population']}-{c['date']}-{c['list']}" for c in CASES])
def test_the_announcement_says(reference: Session, case: Mapping[str, str]) -> None:
    taxon, day = taxon_of(reference, case["name"]), date.fromisoformat(case["date"])
    if case["list"].startswith("invasive"):
        entries = queries.coverage(reference, day, case["region"], ("invasive",)).matches(taxon)
        found = {entry.list_id: (entry.category, entry.title()) for entry in entries}
        assert found.get(case["list"], ("", "")) == (case["class"], case["entry"])
        return
    answer = queries.protection(reference, taxon, case["population"], case["region"], day)
    assert (answer["protection_class"] or "", answer["entry"] or "") == (case["class"], case["entry"])
    if case["entry"]:
        [version] = [v for v in queries.list_versions(reference, day) if v.list_id == case["list"]]
        assert (answer["list"], answer["list_version"]) == (version.short_title_zh, version.version)
        assert answer["rule"]


def test_the_cases_are_many_and_touch_every_rule_and_every_exclusion(reference: Session) -> None:
    assert len(CASES) >= 60
    assert all(case["reason"] for case in CASES)
    rules = set(
        reference.execute(
            text("SELECT name_zh || '（所有种）' FROM xiangye.list_rule WHERE list_id LIKE 'protected%'")
        ).scalars()
    )
    assert rules <= {case["entry"] for case in CASES}
    left_out = set(reference.execute(text("SELECT name_zh FROM xiangye.list_rule_exclusion")).scalars())
    assert left_out <= {case["name"] for case in CASES}


def test_a_rule_does_not_reach_into_another_kingdom(reference: Session) -> None:
    """Ormosia is a genus of trees and one of crane flies."""
    fly = ResolvedTaxon(
        taxon_id=taxon_id_for("Ormosia lineata"),
        scientific_name="Ormosia lineata",
        name_zh=None,
        rank="species",
        kingdom="Animalia",
        genus="Ormosia",
    )
    assert set(queries.protection(reference, fly).values()) == {None}


# standards.md §5.1 and §5.2
ANIMALS = {("taxon", "I"): 234, ("group", "I"): 1, ("taxon", "II"): 746, ("group", "II"): 7}
PLANTS = {("taxon", "I"): 54, ("group", "I"): 4, ("taxon", "II"): 401, ("group", "II"): 36}
ANIMALS_BY_CLASS = {
    ("哺乳纲",): (99, 86),
    ("鸟纲",): (92, 302),
    ("爬行纲",): (19, 75),
    ("两栖纲",): (7, 86),
    ("双壳纲", "腹足纲", "头足纲"): (2, 19),
    ("硬骨鱼纲",): (10, 73),
    ("软骨鱼纲", "圆口纲", "文昌鱼纲"): (0, 9),
    ("肠鳃纲",): (2, 5),
    ("昆虫纲",): (3, 72),
    ("珊瑚纲", "水螅纲", "蛛形纲", "肢口纲", "软甲纲"): (1, 26),
}
_ALL = """
    SELECT 'taxon', category, list_group, managed_by FROM xiangye.list_entry WHERE list_id = :list
    UNION ALL SELECT 'group', category, list_group, managed_by FROM xiangye.list_rule WHERE list_id = :list
"""


def test_counts_of_the_national_lists(reference: Session) -> None:
    animals = reference.execute(text(_ALL), {"list": "protected_animals_2021"}).all()
    plants = reference.execute(text(_ALL), {"list": "protected_plants_2021"}).all()
    assert (len(animals), len(plants)) == (988, 455 + 40)
    assert Counter((row[0], row[1]) for row in animals) == ANIMALS
    assert Counter((row[0], row[1]) for row in plants) == PLANTS
    by_class = Counter((row[2], row[1]) for row in animals)
    found = {
        groups: tuple(sum(by_class[group, category] for group in groups) for category in ("I", "II"))
        for groups in ANIMALS_BY_CLASS
    }
    assert found == ANIMALS_BY_CLASS
    assert sum(map(sum, found.values())) == 988
