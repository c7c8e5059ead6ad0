"""The difference between two versions, and the bridge by which later comparisons follow a taxon."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.taxa import queries, telling
from server.taxa.bridging import Bridge, carry, way
from server.taxa.difference import Difference, Rows, between
from server.taxa.lists import read_list
from server.taxa.matching import Candidate
from server.taxa.names import taxon_id_for
from server.taxa.service import compare, load_lists
from server.taxa.versions import Row
from tests.taxa.agency import AGENCY, animal, hand_in


def row(no: str, scientific_name: str, name_zh: str, **more: str) -> dict[str, str]:
    blank = dict.fromkeys(("category", "family", "former_names", "condition", "population", "region_code", "note"), "")
    return {
        **blank,
        "no": no,
        "entry_kind": "taxon",
        "scientific_name": scientific_name,
        "name_zh": name_zh,
        "status": "verified",
        **more,
    }


def compared(
    old: Sequence[Row], new: Sequence[Row], kind: str = "protected", known: frozenset[str] = frozenset()
) -> Difference:
    empty = Difference("l", kind, "名录", "2", "1", len(new))
    return between(empty, Rows(kind, old, taxon_id_for), Rows(kind, new, taxon_id_for, known))


def told(difference: Difference) -> set[tuple[str, str | None, str | None]]:
    return {(one.change, one.from_value, one.to_value) for one in difference.bridges}


HERON = row("1", "Ardea cinerea", "苍鹭", category="II", family="Ardeidae")
OLD = [HERON, row("2", "Rana a", "甲蛙"), row("3", "Rana b", "乙蛙"), row("4", "Rana c", "丙蛙")]


def test_nothing_changed_though_rows_moved() -> None:
    moved = [{**one, "no": str(9 - int(one["no"]))} for one in OLD]
    difference = compared(OLD, moved)
    assert difference.empty
    assert difference.bridges == ()


def test_added_gone_and_changed_cells() -> None:
    new = [{**HERON, "category": "I", "note": "升级"}, OLD[1], OLD[2], row("4", "Bufo x", "蟾")]
    difference = compared(OLD, new)
    assert [one["no"] for one in difference.added] == ["4"]
    assert [one["scientific_name"] for one in difference.gone] == ["Rana c"]
    assert {(c.row["no"], c.field, c.before, c.after) for c in difference.changed} == {
        ("1", "category", "II", "I"),
        ("1", "note", "", "升级"),
    }
    assert told(difference) == {("reclassified", "II", "I"), ("gone", "Rana c", None), ("added", None, "Bufo x")}


@pytest.mark.parametrize(
    "after",
    [
        row("2", "Pelophylax a", "甲蛙"),
        row("2", "Pelophylax a", "甲侧褶蛙", former_names="甲蛙"),
        row("2", "Pelophylax a", "甲侧褶蛙", former_names="Rana a"),
    ],
)
def test_renamed_by_its_chinese_name_or_by_what_it_was_called(after: dict[str, str]) -> None:
    difference = compared(OLD, [OLD[0], after, OLD[2], OLD[3]])
    assert told(difference) == {("renamed", "Rana a", "Pelophylax a")}
    assert (difference.added, difference.gone) == ((), ())
    assert carry(difference.bridges, [taxon_id_for("Rana a"), taxon_id_for("Rana b")]) == {
        taxon_id_for("Rana a"): {taxon_id_for("Pelophylax a")},
        taxon_id_for("Rana b"): {taxon_id_for("Rana b")},
    }


def test_split_and_merged() -> None:
    new = [
        HERON,
        OLD[1],
        row("3", "Rana nova", "新蛙", former_names="甲蛙"),
        row("4", "Rana bc", "合蛙", former_names="乙蛙;Rana c"),
    ]
    difference = compared(OLD, new)
    assert told(difference) == {
        ("split", "Rana a", "Rana a"),
        ("split", "Rana a", "Rana nova"),
        ("merged", "Rana b", "Rana bc"),
        ("merged", "Rana c", "Rana bc"),
    }
    a, nova, b, bc = (taxon_id_for(name) for name in ("Rana a", "Rana nova", "Rana b", "Rana bc"))
    assert carry(difference.bridges, [a, b]) == {a: {a, nova}, b: {bc}}
    back = [one.backwards() for one in difference.bridges]
    assert carry(back, [nova, bc]) == {nova: {a}, bc: {b, taxon_id_for("Rana c")}}


def test_a_synonym_in_the_list_is_the_same_taxon() -> None:
    def id_of(name: str) -> str:
        return taxon_id_for({"Conyza canadensis": "Erigeron canadensis"}.get(name, name))

    before, after = row("1", "Conyza canadensis", "小蓬草"), row("1", "Erigeron canadensis", "小飞蓬")
    difference = between(
        Difference("l", "invasive", "", "2", "1", 1),
        Rows("invasive", [before], id_of),
        Rows("invasive", [after], id_of),
    )
    [one] = difference.bridges
    assert (one.change, one.from_taxon_id) == ("renamed", one.to_taxon_id)


def test_a_name_that_becomes_a_synonym_is_a_bridge_of_the_list_of_names() -> None:
    before = {
        "no": "1",
        "scientific_name": "Rana b",
        "name": "Rana x",
        "language": "la",
        "kind": "synonym",
        "status": "verified",
    }
    after = {**before, "no": "2", "name": "Rana a"}
    difference = compared([before], [before, after], "names", frozenset({taxon_id_for("Rana a")}))
    assert told(difference) == {("renamed", "Rana a", "Rana b")}


def test_a_taxon_that_is_gone_is_carried_to_none() -> None:
    bridges = [Bridge("gone", "x", None, "X", None, "1", "2"), Bridge("renamed", "y", "z", "Y", "Z", "2", "3")]
    assert carry(bridges, ["x", "y"]) == {"x": frozenset(), "y": {"z"}}


def test_the_way_between_versions() -> None:
    replaces = {"1": None, "2": "1", "3": "2", "2+2": "2", "old": None}
    assert way(replaces, "1", "3") == [("1", "2"), ("2", "3")]
    assert way(replaces, "3", "2+2") == [("3", "2"), ("2", "2+2")]
    assert way(replaces, "2", "2") == []
    assert way(replaces, "old", "2") is None


NAMES = ("Rana a", "Rana b", "Rana c", "Bufo d", "Bufo e")
CELLS = st.builds(
    lambda name, zh, category, family, former, note: row(
        "0", name, zh, category=category, family=family, former_names=former, note=note
    ),
    st.sampled_from(NAMES),
    st.sampled_from(("甲", "乙", "丙")),
    st.sampled_from(("I", "II")),
    st.sampled_from(("Ranidae", "Bufonidae")),
    st.sampled_from(("", "甲", "Rana a;Rana b")),
    st.sampled_from(("", "注")),
)
VERSIONS = st.lists(CELLS, max_size=5, unique_by=lambda one: one["scientific_name"]).map(
    lambda rows: [{**one, "no": str(number)} for number, one in enumerate(rows, start=1)]
)


def content(rows: Sequence[Row]) -> list[list[tuple[str, str]]]:
    return sorted(sorted((key, value) for key, value in one.items() if key != "no" and value) for one in rows)


def applied(rows: Sequence[Row], difference: Difference) -> list[dict[str, str]]:
    """The old rows with the difference applied: the new rows, but for their numbers."""
    gone = {row["no"] for row in difference.gone}
    kept = {row["no"]: dict(row) for row in rows if row["no"] not in gone}
    for change in difference.changed:
        kept[change.before_no][change.field] = change.after
    return [*kept.values(), *(dict(row) for row in difference.added)]


@given(VERSIONS, VERSIONS)
def test_the_difference_applied_to_the_old_rows_gives_the_new(old: list[Row], new: list[Row]) -> None:
    difference = compared(old, new)
    assert content(applied(old, difference)) == content(new)
    assert difference.empty == (content(old) == content(new))


@given(VERSIONS, VERSIONS)
def test_the_bridge_carries_every_taxon_into_the_new_version_or_says_that_it_is_gone(
    old: list[Row], new: list[Row]
) -> None:
    difference = compared(old, new)
    after = {taxon_id_for(one["scientific_name"]) for one in new}
    carried = carry(difference.bridges, [taxon_id_for(one["scientific_name"]) for one in old])
    assert set().union(*carried.values()) <= after
    come = {one.to_taxon_id for one in difference.of("added")}
    assert set().union(*carried.values()) | come == after


def test_words_for_a_person() -> None:
    new = [
        {**HERON, "category": "I"},
        row("2", "Pelophylax a", "甲蛙"),
        *(row(str(n), f"Novus n{n}", f"新{n}") for n in range(3, 13)),
    ]
    lines = list(telling.lines(compared(OLD, new)))
    assert lines[0] == "名录（l），12 行：版本 1 → 2"
    assert "  新增 10 行" in lines
    assert "    ……另有 2 行，全部见 --json" in lines
    assert "    1 苍鹭 Ardea cinerea 一级：级别 二级 → 一级" in lines
    assert "    Rana a → Pelophylax a" in lines
    described = replace(compared(OLD, new), described=("in_force_on",))
    assert "  说明变化：施行日期" in telling.lines(described)
    known = Candidate(taxon_id_for("Pelophylax a"), "Pelophylax a", "甲蛙", "exact", 1.0)
    again = replace(compared(OLD, new), unmatched=((new[1], (known,)),))
    assert "    2 甲蛙 Pelophylax a；先前已按此名收入，仍待核对" in telling.lines(again)
    assert list(telling.lines(compared(OLD, OLD))) == ["名录（l），4 行：版本 2，无变化"]


def test_compare_tells_what_no_list_knows_with_proposals_and_writes_nothing(reference: Session, tmp_path: Path) -> None:
    rows = [animal("Manis pentadactyl", "中华穿山"), animal("Lithobates catesbeianus", "牛蛙")]
    path = hand_in(tmp_path, rows)
    difference = compare(reference, read_list(path))
    [(unknown, candidates)] = difference.unmatched
    assert unknown["scientific_name"] == "Manis pentadactyl"
    assert (candidates[0].scientific_name, candidates[0].reason) == ("Manis pentadactyla", "fuzzy")
    assert "或许是：穿山甲 Manis pentadactyla（相似）" in "\n".join(telling.lines(difference))
    assert not any(one.list_id == difference.list_id for one in queries.list_versions(reference))


def test_the_bridge_is_kept_and_walked_both_ways(session: Session, tmp_path: Path) -> None:
    a, b = animal("Rana alpha", "甲蛙"), animal("Rana beta", "乙蛙")
    renamed = animal("Pelophylax alpha", "甲侧褶蛙", former_names="甲蛙")
    split = animal("Rana gamma", "丙蛙", former_names="Rana beta")
    load_lists(session, [hand_in(tmp_path / "1", [a, b])], AGENCY)
    load_lists(session, [hand_in(tmp_path / "2", [renamed, b])], AGENCY)
    load_lists(session, [hand_in(tmp_path / "3", [renamed, b, split])], AGENCY)
    alpha, beta, gamma = (taxon_id_for(name) for name in ("Rana alpha", "Rana beta", "Rana gamma"))
    pelophylax = taxon_id_for("Pelophylax alpha")
    there = queries.bridge(session, "hunan_animals", "2023", "2023+3")
    assert carry(there, [alpha, beta]) == {alpha: {pelophylax}, beta: {beta, gamma}}
    assert session.execute(text("SELECT count(*) FROM xiangye.taxon_bridge")).scalar_one() == len(there) == 3
    back = queries.bridge(session, "hunan_animals", "2023+3", "2023")
    assert carry(back, [pelophylax, gamma]) == {pelophylax: {alpha}, gamma: {beta}}
    taxa = queries.by_ids(session, [alpha, pelophylax])
    assert (taxa[alpha].status, taxa[pelophylax].status) == ("superseded", "accepted")
    by_old_name, by_old_chinese = queries.resolve_many(session, [("Rana alpha", None), (None, "甲蛙")])
    assert by_old_name and by_old_chinese
    assert (by_old_name.taxon_id, by_old_chinese.taxon_id) == (pelophylax, pelophylax)
    assert {one["taxon_id"] for one in queries.find(session, "甲蛙")} == {pelophylax}
    assert queries.protection(session, alpha, region="43")["protection_class"] == "provincial"
    with pytest.raises(ValueError, match="没有版本 1999"):
        queries.bridge(session, "hunan_animals", "1999", "2023")


def test_versions_loaded_out_of_turn_are_compared_by_their_rows(session: Session, tmp_path: Path) -> None:
    a, b = animal("Rana alpha", "甲蛙"), animal("Rana beta", "乙蛙")
    load_lists(session, [hand_in(tmp_path / "1", [a])], AGENCY)
    load_lists(
        session,
        [hand_in(tmp_path / "2", [{**a, "category": "II"}, b], version="2002", in_force_on="2002-05-01")],
        AGENCY,
    )
    found = queries.bridge(session, "hunan_animals", "2002", "2023")
    assert {(one.change, one.from_value, one.to_value) for one in found} == {
        ("reclassified", "II", "provincial"),
        ("gone", "Rana beta", None),
    }
