"""A version once written never changes: labels, what is in force on a day, rows kept whole, loads one after another."""

import threading
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from server import db
from server.audit.model import AuditEntry
from server.settings import Settings
from server.taxa import queries, service, versions
from server.taxa.lists import ListError, read_list
from server.taxa.names import taxon_id_for
from server.taxa.service import LISTS_DIR, compare, default_paths, load_lists
from server.taxa.versions import Version, in_force, label_of, next_version, row_digest
from tests.taxa.agency import AGENCY, PLAIN, animal, hand_in

HERON, EGRET, WEASEL = (
    animal("Ardea cinerea", "苍鹭"),
    animal("Egretta garzetta", "白鹭"),
    animal("Mustela sibirica", "黄鼬"),
)
PROJECTED = ("list_row", "list_entry", "list_rule", "list_rule_exclusion", "red_list_assessment")


def version(label: str, begins: date | None, loaded_no: int) -> Version:
    return Version("l", label, "protected", begins, loaded_no, "", "system", None, {})


def test_labels() -> None:
    assert next_version("2021", ()) == "2021"
    assert next_version("2021", {"2021"}) == "2021+2"
    assert next_version("2021", {"2021", "2021+2", "2023"}) == "2021+3"
    assert (label_of("2021-02-05+12"), label_of("2021-02-05")) == ("2021-02-05", "2021-02-05")


def test_in_force_is_the_latest_date_that_has_come_then_the_latest_loaded() -> None:
    old, new, corrected = (
        version("1989", None, 1),
        version("2021", date(2021, 2, 5), 2),
        version("2021+2", date(2021, 2, 5), 4),
    )
    late = version("1989+2", None, 5)
    every = [old, new, corrected, late]
    assert in_force(every, date(2021, 2, 4)) == late
    assert in_force(every, date(2021, 2, 5)) == corrected
    assert in_force([version("2030", date(2030, 1, 1), 1)], date(2021, 1, 1)) is None


ROWS = st.dictionaries(st.sampled_from(["no", "status", "name_zh", "note", "category"]), st.text(max_size=6))


@given(ROWS, ROWS)
def test_the_digest_of_a_row_is_what_it_says(one: dict[str, str], other: dict[str, str]) -> None:
    def said(row: Mapping[str, str]) -> dict[str, str]:
        return {key: value for key, value in row.items() if value and key not in ("no", "status")}

    assert (row_digest(one) == row_digest(other)) == (said(one) == said(other))


def stored(session: Session, list_id: str, label: str) -> dict[str, list[str]]:
    """Rows of one version with the transaction that wrote them."""
    key = {"list": list_id, "version": label}
    return {
        table: sorted(
            map(
                repr,
                session.execute(
                    text(f"SELECT xmin::text, * FROM xiangye.{table} WHERE (list_id, version) = (:list, :version)"), key
                ),
            )
        )
        for table in (*PROJECTED, "list_version")
    }


def test_a_then_b_then_a_again(session: Session, tmp_path: Path) -> None:
    first = hand_in(tmp_path / "a", [HERON, EGRET])
    second = hand_in(tmp_path / "b", [HERON, {**EGRET, "population": "仅限野外种群"}, WEASEL])
    [a] = load_lists(session, [first], AGENCY)
    before = stored(session, "hunan_animals", "2023")
    assert (a.version, a.changed, len(before["list_row"]), len(before["list_entry"])) == ("2023", True, 2, 2)
    [again] = load_lists(session, [first], AGENCY)
    assert (again.version, again.changed) == ("2023", False)
    [b] = load_lists(session, [second], AGENCY)
    [back] = load_lists(session, [first], AGENCY)
    assert [(b.version, b.changed), (back.version, back.changed)] == [("2023+2", True), ("2023+3", True)]
    assert stored(session, "hunan_animals", "2023") == before
    replaced = session.execute(
        text(
            "SELECT version, replaces, loaded_by FROM xiangye.list_version WHERE list_id = 'hunan_animals' ORDER BY loaded_no"
        )
    ).all()
    logged = session.query(AuditEntry).order_by(AuditEntry.entry_no).all()
    assert [(one.action, one.subject, one.detail["version"]) for one in logged] == [
        ("load_list", "hunan_animals", label) for label in ("2023", "2023+2", "2023+3")
    ]
    assert [tuple(row) for row in replaced] == [
        ("2023", None, AGENCY),
        ("2023+2", "2023", AGENCY),
        ("2023+3", "2023+2", AGENCY),
    ]


POOL = [
    animal(name, zh, kind, population=population)
    for name, zh in (
        ("Ardea cinerea", "苍鹭"),
        ("Egretta garzetta", "白鹭"),
        ("Mustela sibirica", "黄鼬"),
        ("Novus ignotus", "新种"),
    )
    for kind in ("provincial", "II")
    for population in ("", "仅限野外种群")
]
LISTS = st.lists(st.sampled_from(POOL), min_size=1, max_size=4, unique_by=lambda row: row["scientific_name"])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LISTS, min_size=2, max_size=4))
def test_no_load_touches_what_was_loaded(session: Session, tmp_path: Path, loads: list[list[dict[str, str]]]) -> None:
    with session.begin_nested() as savepoint:
        kept: dict[str, dict[str, list[str]]] = {}
        for number, rows in enumerate(loads):
            [loaded] = load_lists(session, [hand_in(tmp_path / str(number), rows)], AGENCY)
            for label, before in kept.items():
                assert stored(session, "hunan_animals", label) == before
            kept[loaded.version] = stored(session, "hunan_animals", loaded.version)
            assert len(kept[loaded.version]["list_row"]) == len(rows)
        savepoint.rollback()


def test_rows_may_not_be_changed_by_the_application(reference: Session) -> None:
    for statement in ("UPDATE xiangye.list_row SET status = 'verified'", "DELETE FROM xiangye.list_row"):
        with pytest.raises(Exception, match="permission denied"), reference.begin_nested():
            reference.execute(text(statement))


def test_every_row_of_every_kind_is_kept_whole(reference: Session) -> None:
    for path in default_paths():
        parsed = read_list(path)
        kept = versions.rows_of(reference, parsed.list_id, parsed.version)
        assert list(kept) == [dict(row) for row in parsed.rows]


def protection(session: Session, name: str, on: date, region: str = "43", population: str = "wild") -> str | None:
    [taxon] = queries.resolve_many(session, [(None, name)])
    assert taxon is not None
    found: str | None = queries.protection(session, taxon, population, region, on)["protection_class"]
    return found


def test_a_list_counts_from_its_day_and_in_its_region(session: Session, tmp_path: Path) -> None:
    load_lists(session, [hand_in(tmp_path / "a", [HERON, EGRET])], AGENCY)
    load_lists(
        session,
        [hand_in(tmp_path / "b", [HERON, {**WEASEL, "region_code": "4331"}], version="2028", in_force_on="2028-01-01")],
        AGENCY,
    )
    assert protection(session, "苍鹭", date(2023, 8, 27)) is None
    assert protection(session, "苍鹭", date(2023, 8, 28)) == "provincial"
    assert protection(session, "苍鹭", date(2025, 1, 1), region="44") is None
    assert [protection(session, "白鹭", date(year, 1, 1)) for year in (2027, 2028)] == ["provincial", None]
    assert [protection(session, "黄鼬", date(2028, 1, 1), region) for region in ("433101", "43", "430102")] == [
        "provincial",
        None,
        None,
    ]


def test_national_classes_stand_above_provincial_ones(reference: Session, tmp_path: Path) -> None:
    toad = animal("Hoplobatrachus chinensis", "虎纹蛙")
    load_lists(reference, [hand_in(tmp_path, [toad, HERON])], AGENCY)
    [frog, heron] = queries.resolve_many(reference, [(None, "虎纹蛙"), (None, "苍鹭")])
    assert frog and heron
    wild = queries.protection(reference, frog, "wild", "43", date(2025, 1, 1))
    assert (wild["protection_class"], wild["list"]) == ("II", "国家重点保护野生动物名录（2021）")
    [other] = wild["also"]
    assert (other["protection_class"], other["list"], other["list_version"]) == (
        "provincial",
        "湖南省重点保护野生动物名录（2023）",
        "2023",
    )
    captive = queries.protection(reference, frog, "captive", "43", date(2025, 1, 1))
    assert (captive["protection_class"], captive["also"][0]["protection_class"]) == ("provincial", None)
    facts = queries.facts(reference, [frog.taxon_id, heron.taxon_id], date(2025, 1, 1))
    assert (facts[frog.taxon_id].protection_class, facts[frog.taxon_id].protection_list) == (
        "II",
        "protected_animals_2021",
    )
    assert (facts[heron.taxon_id].protection_class, facts[heron.taxon_id].provincial_list) == (
        None,
        "湖南省重点保护野生动物名录（2023）",
    )


def test_the_facts_of_a_county_are_not_those_of_another(session: Session, tmp_path: Path) -> None:
    load_lists(session, [hand_in(tmp_path, [HERON, {**EGRET, "region_code": "4331"}])], AGENCY)
    heron, egret = taxon_id_for("Ardea cinerea"), taxon_id_for("Egretta garzetta")
    told = queries.facts(session, [heron, egret], date(2025, 1, 1), "430102")
    assert told[heron].provincial_list and not told[egret].provincial_list
    assert queries.facts(session, [egret], date(2025, 1, 1), "433101")[egret].provincial_list


def test_a_name_no_list_knows_is_kept_and_placed_by_its_genus(reference: Session, tmp_path: Path) -> None:
    row = {"scientific_name": "Ardea nova", "name_zh": "新鹭", "category": "省级", "status": "已核对"}
    [loaded] = load_lists(reference, [hand_in(tmp_path / "a", [row, HERON])], AGENCY)
    [taxon] = queries.resolve_many(reference, [(None, "新鹭")])
    assert taxon is not None
    assert (taxon.scientific_name, taxon.family, taxon.group_zh, taxon.status) == (
        "Ardea nova",
        "Ardeidae",
        "鸟类",
        "accepted",
    )
    entries = reference.execute(
        text("SELECT name_zh, status FROM xiangye.list_entry WHERE list_id = :list ORDER BY entry_no"),
        {"list": loaded.list_id},
    ).all()
    assert [tuple(one) for one in entries] == [("新鹭", "unverified"), ("苍鹭", "verified")]
    load_lists(reference, [hand_in(tmp_path / "b", [row, HERON, EGRET])], AGENCY)
    [open_rows] = [one for one in queries.unverified(reference) if one["list_id"] == "hunan_animals"]
    assert (open_rows["version"], open_rows["rows"]) == ("2023+2", [1])


def test_ids_stay_when_a_list_of_names_changes(reference: Session, tmp_path: Path) -> None:
    """A name that becomes a synonym leaves its taxon where it is; whatever either says holds for both."""
    pangolin, new = taxon_id_for("Manis pentadactyla"), taxon_id_for("Phataginus nova")
    load_lists(
        reference,
        [
            hand_in(
                tmp_path / "a",
                [{"scientific_name": "Phataginus nova", "name_zh": "新穿山甲"}],
                id="mine",
                kind="checklist",
                **PLAIN,
            )
        ],
        AGENCY,
    )
    names = [
        {"scientific_name": "Phataginus nova", "name": name, "language": "la", "kind": "synonym"}
        for name in ("Manis oldia",)
    ]
    load_lists(reference, [hand_in(tmp_path / "b", names, id="my_names", kind="names", version="1", **PLAIN)], AGENCY)
    names.append({**names[0], "name": "Manis pentadactyla"})
    load_lists(reference, [hand_in(tmp_path / "c", names, id="my_names", kind="names", version="1", **PLAIN)], AGENCY)
    taxa = queries.by_ids(reference, [pangolin, new])
    assert (taxa[pangolin].status, taxa[pangolin].name_zh, taxa[new].status) == ("superseded", "穿山甲", "accepted")
    [resolved] = queries.resolve_many(reference, [("Manis pentadactyla", None)])
    assert resolved is not None
    assert resolved.taxon_id == new
    for taxon_id in (pangolin, new):
        assert queries.protection(reference, taxon_id)["protection_class"] == "I"
        assert queries.sensitivity_rules(reference).level_for(taxa[taxon_id])[0] == 1
    facts = queries.facts(reference, [pangolin, new], date(2025, 1, 1))
    assert {(one.taxon_id, one.protection_class) for one in facts.values()} == {(new, "I")}
    assert set(facts) == {pangolin, new}
    [row] = queries.bridge(reference, "my_names", "1", "1+2")
    assert (row.change, row.from_taxon_id, row.to_taxon_id) == ("renamed", pangolin, new)


def test_what_an_agency_made_of_our_list_stays(reference: Session, tmp_path: Path) -> None:
    parsed = read_list(LISTS_DIR / "checklist_rule_members.csv")
    rows = [{key: value for key, value in row.items() if key != "no"} for row in parsed.rows[:3]]
    mine = hand_in(tmp_path, rows, id=parsed.list_id, kind="checklist", version=parsed.version, region="CN", **PLAIN)
    [loaded] = load_lists(reference, [mine], AGENCY)
    assert loaded.version == "1+2"
    assert not {one.list_id: one.changed for one in load_lists(reference)}[parsed.list_id]
    in_use = {one.list_id: one.version for one in queries.list_versions(reference)}
    assert in_use[parsed.list_id] == "1+2"


def test_a_list_keeps_its_kind(session: Session, tmp_path: Path) -> None:
    load_lists(session, [hand_in(tmp_path / "a", [HERON])], AGENCY)
    row = {key: value for key, value in HERON.items() if key != "category"}
    with pytest.raises(ListError, match="种类不同"):
        load_lists(session, [hand_in(tmp_path / "b", [row], kind="valued")], AGENCY)


def test_a_load_that_another_overtook_is_refused(session: Session, tmp_path: Path) -> None:
    first, second = hand_in(tmp_path / "a", [HERON]), hand_in(tmp_path / "b", [EGRET])
    seen = compare(session, read_list(first))
    load_lists(session, [second], AGENCY)
    with pytest.raises(ListError, match="有了新版本 2023"):
        load_lists(session, [first], AGENCY, {seen.list_id: seen.base})


def test_one_bad_row_among_a_thousand_leaves_nothing(session: Session, tmp_path: Path) -> None:
    rows = [
        animal(f"Novus {'abcdefghij'[i // 100]}{'abcdefghij'[i // 10 % 10]}{'abcdefghij'[i % 10]}", f"新{i}")
        for i in range(1000)
    ]
    rows[700] = {**rows[700], "category": "特级"}
    before = session.execute(text("SELECT count(*) FROM xiangye.taxon")).scalar_one()
    with pytest.raises(ListError, match=r"hunan_animals\.csv 第 702 行 字段 category"):
        load_lists(session, [hand_in(tmp_path, rows)], AGENCY)
    assert session.execute(text("SELECT count(*) FROM xiangye.taxon")).scalar_one() == before


def test_two_loads_at_once_come_one_after_the_other(reference_settings: Settings, tmp_path: Path) -> None:
    paths = [hand_in(tmp_path / str(number), rows) for number, rows in enumerate(([HERON], [EGRET], [HERON, WEASEL]))]
    faults: list[Exception] = []

    def load(path: Path) -> None:
        try:
            with db.open_session(reference_settings) as session:
                load_lists(session, [path], AGENCY)
        except (ListError, SQLAlchemyError) as error:
            faults.append(error)

    threads = [threading.Thread(target=load, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with db.open_session(reference_settings) as session:
        rows = session.execute(
            text(
                "SELECT version, replaces FROM xiangye.list_version WHERE list_id = 'hunan_animals' ORDER BY loaded_no"
            )
        ).all()
    assert [tuple(row) for row in rows] == [("2023", None), ("2023+2", "2023"), ("2023+3", "2023+2")]


def test_a_species_left_out_by_its_chinese_name_stays_out_whatever_a_list_calls_it(
    reference: Session, tmp_path: Path
) -> None:
    row = {"scientific_name": "Cymbidium lancifolium", "name_zh": "兔耳兰草", "kingdom": "Plantae"}
    load_lists(reference, [hand_in(tmp_path, [row], id="hunan_valued", kind="valued")], AGENCY)
    [orchid] = queries.resolve_many(reference, [("Cymbidium lancifolium", None)])
    assert orchid is not None
    assert orchid.name_zh == "兔耳兰草"
    answer = queries.protection(reference, orchid)
    assert (answer["protection_class"], answer["entry"]) == (None, "兰属（所有种）")


def test_a_species_that_moves_to_another_genus_keeps_what_the_rule_of_the_old_one_says(
    reference: Session, tmp_path: Path
) -> None:
    [before] = queries.resolve_many(reference, [("Dendrobium officinale", None)])
    assert before is not None
    assert (before.status, before.genus) == ("accepted", "Dendrobium")
    renamed = [{"scientific_name": "Callista officinalis", "name_zh": "铁皮石斛", "kingdom": "Plantae"}]
    names = [
        {
            "scientific_name": "Callista officinalis",
            "name": "Dendrobium officinale",
            "language": "la",
            "kind": "synonym",
        }
    ]
    load_lists(
        reference,
        [
            hand_in(tmp_path, renamed, id="my_orchids", kind="checklist", **PLAIN),
            hand_in(tmp_path, names, id="my_names", kind="names", **PLAIN),
        ],
        AGENCY,
    )
    [after] = queries.resolve_many(reference, [("Dendrobium officinale", None)])
    assert after is not None
    assert after.scientific_name == "Callista officinalis"
    assert queries.protection(reference, after)["entry"] == "石斛属（所有种）"
    assert queries.sensitivity_rules(reference).level_for(after)[0] == 1


def test_names_of_a_version_count_from_its_day(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_lists(session, [hand_in(tmp_path / "1", [HERON])], AGENCY)
    later = [{**HERON, "name_zh": "灰鹭"}]
    load_lists(session, [hand_in(tmp_path / "2", later, version="2999", in_force_on="2999-01-01")], AGENCY)
    heron = taxon_id_for("Ardea cinerea")
    assert queries.by_ids(session, [heron])[heron].name_zh == "苍鹭"
    monkeypatch.setattr(service, "today", lambda: date(2999, 1, 1))
    load_lists(session, [], AGENCY)
    assert queries.by_ids(session, [heron])[heron].name_zh == "灰鹭"
