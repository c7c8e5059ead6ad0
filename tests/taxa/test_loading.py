"""Lists into the database: all or nothing, twice the same, every character kept."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.taxa import queries
from server.taxa.lists import ListError
from server.taxa.service import LISTS_DIR, ensure_taxa, load_lists
from tests.taxa.agency import AGENCY, PLAIN, animal, hand_in

TABLES = (
    "list_row",
    "taxon_identifier",
    "taxon",
    "taxon_name",
    "pinyin_reading",
    "species_list",
    "list_version",
    "list_entry",
    "list_rule",
    "list_rule_exclusion",
    "sensitivity_rule",
    "red_list_assessment",
)


def contents(session: Session) -> Mapping[str, Sequence[object]]:
    """Rows with the transaction that wrote them, so that a rewrite in place shows too."""
    return {t: sorted(map(repr, session.execute(text(f"SELECT xmin::text, * FROM xiangye.{t}")))) for t in TABLES}


def count(session: Session, table: str) -> int:
    return int(session.execute(text(f"SELECT count(*) FROM xiangye.{table}")).scalar_one())


def test_a_second_load_changes_nothing(reference: Session) -> None:
    before = contents(reference)
    assert all(before[table] for table in TABLES)
    assert not any(loaded.changed for loaded in load_lists(reference))
    assert contents(reference) == before


def test_counts_in_the_database_are_the_descriptors(reference: Session) -> None:
    for version in queries.list_versions(reference):
        descriptor = json.loads((LISTS_DIR / f"{version.list_id}.json").read_text("utf-8"))
        counts = descriptor["counts"]
        assert (version.taxon_count, version.group_count) == (counts.get("taxa", 0), counts.get("groups", 0))
        if version.kind in ("protected", "invasive", "checklist"):
            stored = [
                reference.execute(
                    text(f"SELECT count(*) FROM xiangye.{t} WHERE list_id = :list"), {"list": version.list_id}
                ).scalar_one()
                for t in ("list_entry", "list_rule")
            ]
            assert stored == [counts["taxa"], counts["groups"]]
    assert (
        reference.execute(
            text("""
        SELECT (SELECT count(*) FROM xiangye.list_entry WHERE population = 'wild')
            + (SELECT count(*) FROM xiangye.list_rule WHERE population = 'wild')
        """)
        ).scalar_one()
        == 63
    )


@pytest.mark.parametrize(
    ("name", "latin"),
    [
        ("蛇𬶋", "Saurogobio dabryi"),
        ("普通鵟", "Buteo japonicus"),
        ("小䴙䴘", "Tachybaptus ruficollis"),
        ("滇䴓", "Sitta yunnanensis"),
        ("长丝𩷶", "Pangasius sanitwangsei"),
        ("伟铗𧈢", "Atlasjapyx atlas"),
        ("中华叶䗛", "Phyllium sinensis"),
        ("䱗", "Hemiculter leucisculus"),
    ],
)
def test_rare_characters_survive(reference: Session, name: str, latin: str) -> None:
    [taxon] = queries.resolve_many(reference, [(None, name)])
    assert taxon is not None
    assert (taxon.name_zh, taxon.scientific_name) == (name, latin)
    assert taxon.name_zh is not None
    assert taxon.name_zh.encode() == name.encode()


@pytest.mark.parametrize(
    ("written", "accepted"),
    [
        ("Abies ziyuanensis", "资源冷杉"),
        ("Pontederia crassipes", "凤眼蓝"),
        ("Conyza canadensis", "小蓬草"),
        ("Lithobates catesbeianus", "美洲牛蛙"),
        ("Neophocaena phocaenoid", "印太江豚"),
        ("Macroclemys temminckii", "大鳄龟"),
        ("Eupatorium adenophorum", "紫茎泽兰"),
        ("水葫芦", "凤眼蓝"),
    ],
)
def test_synonyms_and_other_names_lead_to_the_accepted_taxon(reference: Session, written: str, accepted: str) -> None:
    [taxon] = queries.resolve_many(reference, [(written, None)])
    assert taxon is not None
    assert taxon.name_zh == accepted


def copy_list(list_id: str, folder: Path) -> Path:
    for suffix in (".csv", ".json"):
        shutil.copy(LISTS_DIR / f"{list_id}{suffix}", folder)
    return folder / f"{list_id}.csv"


def test_one_broken_list_loads_none(session: Session, tmp_path: Path) -> None:
    good, broken = copy_list("invasive_mee_batch_1", tmp_path), copy_list("invasive_mee_batch_2", tmp_path)
    broken.write_text(broken.read_text("utf-8").replace("Lantana camara", "lantana"), "utf-8")
    with pytest.raises(ListError, match=r"invasive_mee_batch_2\.csv 第 2 行 字段 scientific_name"):
        load_lists(session, [good, broken])
    assert {table: count(session, table) for table in TABLES} == dict.fromkeys(TABLES, 0)


def test_a_list_alone_uses_the_synonyms(session: Session) -> None:
    load_lists(session, [LISTS_DIR / "invasive_mee_batch_3.csv"])
    [entry] = session.execute(
        text("""
        SELECT e.scientific_name, t.scientific_name FROM xiangye.list_entry e JOIN xiangye.taxon t USING (taxon_id)
        WHERE e.name_zh = '小蓬草'""")
    ).all()
    assert tuple(entry) == ("Conyza canadensis", "Erigeron canadensis")


def test_a_name_for_a_taxon_that_is_not_there_is_refused(session: Session) -> None:
    with pytest.raises(ListError, match=r"names\.csv 第 2 行 字段 学名（scientific_name）：没有学名为"):
        load_lists(session, [LISTS_DIR / "names.csv"])


def test_a_corrected_file_is_a_new_version(reference: Session, tmp_path: Path) -> None:
    path = copy_list("invasive_mee_batch_1", tmp_path)
    path.write_text(path.read_text("utf-8").replace("毒麦", "毒麦草"), "utf-8")
    entries = count(reference, "list_entry")
    [loaded] = load_lists(reference, [path])
    assert (loaded.changed, loaded.version) == (True, "2003+2")
    assert count(reference, "list_entry") == entries + 16
    assert queries.resolve_many(reference, [(None, "毒麦")]) == [None]
    [taxon] = queries.resolve_many(reference, [("Lolium temulentum", None)])
    assert taxon is not None
    assert taxon.name_zh == "毒麦草"


def test_unknown_names_become_provisional_taxa_once(reference: Session) -> None:
    names = [
        ("Dendrobium xyz", None),
        ("Corvus dauuricus Pallas, 1776", "达乌里寒鸦"),
        ("某种鸟", None),
        ("unknown bird", None),
        ("Manis pentadactyla", None),
        (None, None),
    ]
    assert ensure_taxa(reference, names) == 4
    assert ensure_taxa(reference, names) == 0
    orchid, crow, zh, words, pangolin, nothing = queries.resolve_many(reference, names)
    assert orchid and crow and zh and words and pangolin
    assert (orchid.family, orchid.group_zh, orchid.status, orchid.rank) == (
        "Orchidaceae",
        "维管束植物",
        "provisional",
        "species",
    )
    assert (crow.name_zh, crow.family) == ("达乌里寒鸦", "Corvidae")
    assert (zh.rank, zh.name_zh, words.scientific_name) == ("unranked", "某种鸟", "unknown bird")
    assert (pangolin.status, nothing) == ("accepted", None)


def test_a_list_takes_over_a_provisional_taxon(session: Session) -> None:
    ensure_taxa(session, [("Lolium temulentum L.", "野毒麦")])
    [before] = queries.resolve_many(session, [("Lolium temulentum", None)])
    load_lists(session, [LISTS_DIR / "invasive_mee_batch_1.csv"])
    [after] = queries.resolve_many(session, [("Lolium temulentum", None)])
    assert before and after
    assert (before.taxon_id, before.status) == (after.taxon_id, "provisional")
    assert (after.status, after.name_zh, after.family) == ("accepted", "毒麦", "Poaceae")


@pytest.mark.parametrize("said", [{"category": "1"}, {"category": "2", "coarsest_name": "县"}])
def test_how_coarse_a_place_may_be_named_is_said_for_level_one_alone(
    session: Session, tmp_path: Path, said: dict[str, str]
) -> None:
    row = {"scientific_name": "Ardea cinerea", "name_zh": "苍鹭", "reason": "巢区", "review_on": "2030-01-01", **said}
    path = hand_in(tmp_path, [row], id="my_rules", kind="sensitivity", **PLAIN)
    with pytest.raises(ListError, match=r"my_rules\.csv 第 2 行 字段 公开地名至多到（coarsest_name）：级别 1"):
        load_lists(session, [path], AGENCY)


def test_a_rule_is_of_a_group_and_leaves_a_species_out_once(session: Session, tmp_path: Path) -> None:
    species = animal("Ardea cinerea", "苍鹭", entry_kind="类群")
    with pytest.raises(ListError, match=r"第 2 行 字段 条目类型（entry_kind）：类群应为属"):
        load_lists(session, [hand_in(tmp_path / "1", [species])], AGENCY)
    session.rollback()
    genus = animal("Ardea spp.", "鹭属", excludes="草鹭；草鹭；苍鹭")
    load_lists(session, [hand_in(tmp_path / "2", [genus])], AGENCY)
    assert count(session, "list_rule_exclusion") == 2


def test_what_only_the_database_refuses_is_told_in_words(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.taxa.loading.GROUP_RANKS", ("species",))
    with pytest.raises(ListError, match=r"hunan_animals\.csv：有一行数据库不收：.*list_rule_rank_check"):
        load_lists(session, [hand_in(tmp_path, [animal("Ardea cinerea", "苍鹭", entry_kind="类群")])], AGENCY)
