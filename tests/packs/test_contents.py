"""What stands in the pack: names, classes, look-alikes, and what was recorded where and when, but nothing of guarded species."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.packs import queries
from server.packs.queries import contents, numbers_of
from server.taxa.queries import find
from server.taxa.remembered import forget
from tests.admitting import CLOCK, send, set_up
from tests.records import EGRET, MANGSHAN, PANGOLIN, edited, occurrence, tombstone

NOW = CLOCK.now()
LATER = NOW + timedelta(days=1)


def made(session: Session, until: datetime = LATER) -> dict[str, list[Any]]:
    return contents(session, "43", NOW.date(), until)


def likely(session: Session, until: datetime = LATER) -> dict[tuple[str, int, str], int]:
    rows = made(session, until)
    ids = {number: taxon_id for number, taxon_id, *_ in rows["taxon"]}
    return {(county, month, ids[number]): weight for county, month, number, weight in rows["likely"]}


def id_of(session: Session, name: str) -> str:
    return str(find(session, name)[0]["taxon_id"])


def test_the_same_lists_give_the_same_rows(reference: Session) -> None:
    first, second = made(reference), made(reference)
    assert {table: sorted(map(repr, rows)) for table, rows in first.items()} == {
        table: sorted(map(repr, rows)) for table, rows in second.items()
    }
    assert len(first["county"]) == 122


def test_every_name_stands_once_with_its_kind(reference: Session) -> None:
    rows = made(reference)
    numbers = {row[0] for row in rows["taxon"]}
    names = Counter((number, name) for number, name, *_ in rows["name"])
    assert max(names.values()) == 1
    assert {number for number, *_ in rows["name"]} == numbers
    kept = reference.execute(
        text(
            "SELECT count(DISTINCT (taxon_id, name)) FROM xiangye.taxon_name JOIN xiangye.taxon t USING (taxon_id) WHERE t.status = 'accepted'"
        )
    ).scalar_one()
    assert len(names) == kept
    for number, name, language, kind, readings in rows["name"]:
        assert bool(readings) == (language == "zh"), (number, name)
        assert kind in ("accepted", "synonym", "vernacular", "misspelling")


def test_numbers_come_from_the_ids_and_stay(reference: Session) -> None:
    ids = [str(row[0]) for row in reference.execute(text("SELECT taxon_id FROM xiangye.taxon"))]
    numbers = numbers_of(ids)
    assert len(set(numbers.values())) == len(ids)
    assert numbers_of(ids[::2]) == {taxon_id: numbers[taxon_id] for taxon_id in ids[::2]}
    alike = ["00000000-0001-5000-8000-000000000001", "00000000-0001-5000-8000-000000000002"]
    assert sorted(numbers_of(alike).values()) == [1, 2], "two ids that begin alike are still two"


def test_classes_invaders_and_levels(reference: Session) -> None:
    rows = {row[1]: row for row in made(reference)["taxon"]}
    pangolin, invader = rows[id_of(reference, "穿山甲")], rows[id_of(reference, "加拿大一枝黄花")]
    assert pangolin[6:] == ("I", 0, 0, 1)
    assert (invader[6], invader[8]) == (None, 1)


def test_the_list_of_a_province_is_told_apart(reference: Session) -> None:
    add_list(reference, "protected_43", "protected", "43")
    taxon_id = id_of(reference, "白鹭")
    reference.execute(
        text("""INSERT INTO xiangye.list_entry (list_id, version, entry_no, taxon_id, scientific_name, name_zh, category, status)
        VALUES ('protected_43', '2023', 1, :id, 'Egretta garzetta', '白鹭', 'provincial', 'verified')"""),
        {"id": taxon_id},
    )
    rows = {row[1]: row for row in made(reference)["taxon"]}
    assert rows[taxon_id][6:8] == (None, 1)
    assert {row[1]: row for row in contents(reference, "36", NOW.date(), LATER)["taxon"]}[taxon_id][6:8] == (None, 0)


def test_lookalikes_with_what_tells_them_apart(reference: Session) -> None:
    add_list(reference, "lookalikes_test", "lookalikes", "CN")
    one, other = id_of(reference, "白鹭"), id_of(reference, "苍鹭")
    for number, words in ((1, "全身白色"), (2, "趾黄色")):
        reference.execute(
            text("""INSERT INTO xiangye.list_row (list_id, version, entry_no, cells, digest, status)
            VALUES ('lookalikes_test', '2023', :no, '{}', repeat('0', 64), 'verified')"""),
            {"no": number},
        )
        reference.execute(
            text("""INSERT INTO xiangye.taxon_lookalike (list_id, version, entry_no, taxon_id, other_id, difference_zh)
            VALUES ('lookalikes_test', '2023', :no, :one, :other, :words)"""),
            {"no": number, "one": one, "other": other, "words": words},
        )
    rows = made(reference)
    numbers = {taxon_id: number for number, taxon_id, *_ in rows["taxon"]}
    assert (numbers[one], numbers[other], "全身白色；趾黄色") in rows["lookalike"]
    assert (numbers[other], numbers[one], "全身白色；趾黄色") in rows["lookalike"]


def test_records_make_the_likely_list(reference: Session) -> None:
    set_up(reference)
    egret = id_of(reference, "白鹭")
    again = occurrence(taxon=EGRET, observed_from="2024-05-03T09:00:00+08:00")
    night = occurrence(observed_from="2025-04-30T16:30:00+00:00")  # 00:30 on 1 May in China
    send(reference, occurrence(), again, night, occurrence(observed_from="2024-12-01T09:00:00+08:00"))
    assert likely(reference) == {("431022", 5, egret): 3, ("431022", 12, egret): 1}
    send(reference, tombstone(again))
    assert likely(reference)["431022", 5, egret] == 2
    assert likely(reference, until=NOW) == {}, "received since"


def test_a_record_that_was_named_anew_counts_by_its_new_name(reference: Session) -> None:
    set_up(reference)
    first = occurrence()
    send(reference, first)
    send(reference, edited(first, taxon={"name_zh": "苍鹭", "scientific_name": "Ardea cinerea"}))
    assert likely(reference) == {("431022", 5, id_of(reference, "苍鹭")): 1}


def test_what_was_recorded_under_a_replaced_name_counts_for_the_taxon_that_has_it_now(reference: Session) -> None:
    set_up(reference)
    send(reference, occurrence(), occurrence(taxon={"name_zh": "苍鹭", "scientific_name": "Ardea cinerea"}))
    old, new = id_of(reference, "苍鹭"), id_of(reference, "白鹭")
    reference.execute(text("UPDATE xiangye.taxon SET status = 'superseded' WHERE taxon_id = :id"), {"id": old})
    reference.execute(
        text("""INSERT INTO xiangye.taxon_name (taxon_id, name, language, kind, source, status, search_name)
        VALUES (:id, 'Ardea cinerea', 'la', 'synonym', 'test', 'verified', 'ardea cinerea')"""),
        {"id": new},
    )
    forget(reference)
    assert likely(reference) == {("431022", 5, new): 2}


@pytest.mark.parametrize(
    "fields",
    [
        {"taxon": PANGOLIN},
        {"occurrence_status": "absent", "individual_count": None},
        {"degree_of_establishment": "captive"},
        {"observed_from": "2024", "date_precision": "year"},
        {"place": {**MANGSHAN, "latitude_e7": 230_000_000}},
        {"place": None},
        {"taxon": {"name_zh": "没有这种鸟", "scientific_name": None}},
    ],
)
def test_what_makes_nothing_likely(reference: Session, fields: dict[str, Any]) -> None:
    set_up(reference)
    assert [one.outcome for one in send(reference, occurrence(**fields))] == ["accepted"]
    assert likely(reference) == {}


def test_no_guarded_species_and_no_guarded_record_ever(reference: Session) -> None:
    """Taxa of every level are recorded once in one place. Those of level 3 and 4 would be told, but their records are restricted."""
    set_up(reference)
    levels: dict[int | None, list[tuple[str, str]]] = {}
    rows = made(reference)
    names = {row[0]: row[1] for row in rows["name"] if row[2:4] == ("la", "accepted")}
    for number, taxon_id, rank, *_, level in rows["taxon"]:
        if rank == "species" and len(levels.setdefault(level, [])) < 12:
            levels[level].append((taxon_id, names[number]))
    assert {None, 1, 2} <= set(levels)
    sent = [
        occurrence(taxon={"name_zh": None, "scientific_name": name}) for taxa in levels.values() for _, name in taxa
    ]
    send(reference, *sent)
    found = {taxon_id for _, _, taxon_id in likely(reference)}
    guarded = {taxon_id for level in queries.GUARDED_LEVELS for taxon_id, _ in levels[level]}
    assert not found & guarded
    assert {taxon_id for taxon_id, _ in levels[None]} <= found
    reference.execute(
        text("""
        UPDATE xiangye.disclosed_place SET level = 2, cell_x = 1129, cell_y = 249, cell_within_county = true,
            data_generalizations = 't'
        """)
    )
    assert likely(reference) == {}, "the record's own level counts too"


def add_list(session: Session, list_id: str, kind: str, region: str) -> None:
    session.execute(
        text("""INSERT INTO xiangye.species_list (list_id, kind, title_zh, title_en, short_title_zh, region, issuing_body, legal_basis,
            populations_excluded, populations_excluded_basis)
        VALUES (:id, :kind, '试验', 'test', '试验', :region, '试验', '试验', '{}', '')"""),
        {"id": list_id, "kind": kind, "region": region},
    )
    session.execute(
        text("""INSERT INTO xiangye.list_version (list_id, version, announcement, digest, taxon_count, group_count, unverified_count, unverified_rows)
        VALUES (:id, '2023', '', repeat('0', 64), 1, 0, 0, '')"""),
        {"id": list_id},
    )
