"""L11: free words that tell where something guarded is, in whatever way people write a place."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.sensitivity.mentions import guarded_names
from server.sensitivity.words import WITHHELD_ZH, tells_place, tells_position
from server.snapshots.rules import disclosed_body
from tests.admitting import frozen, outcomes, set_up
from tests.channels.notes import ordinary, positions, telling
from tests.records import EGRET, event, occurrence


def test_1000_notes_about_guarded_taxa_are_found(reference: Session) -> None:
    """L11: recall at least 99 % on 1,000 synthetic notes."""
    names = guarded_names(reference)
    missed = [note for note in telling(1000) if not names.spoken_of(note)]
    assert len(missed) <= 10, missed[:20]


def test_1000_places_are_found_however_they_are_written() -> None:
    """L11: decimal, degrees and minutes, GCJ-02, in Chinese words, whole numbers, metres, codes, links, stakes, names of places."""
    missed = [note for note in positions(1000) if not tells_place(note)]
    assert len(missed) <= 10, missed[:20]


def test_ordinary_notes_stay(reference: Session) -> None:
    """L11: what is withheld without need is little, else people would stop writing."""
    names = guarded_names(reference)
    withheld = [note for note in ordinary(1000) if names.spoken_of(note)]
    assert len(withheld) <= 10, withheld[:20]
    taken_for_positions = [note for note in ordinary(1000) if tells_position(note)]
    assert len(taken_for_positions) <= 10, taken_for_positions[:20]


@pytest.mark.parametrize(
    "note",
    [
        "在此处见穿山甲粪便",
        "穿 山 甲 洞",
        "见虎一只",
        "附近有 MANIS PENTADACTYLA",
        "发现苍鹭巢三个",
        "国家一级保护动物，泽子坪",
    ],
)
def test_a_guarded_taxon_is_heard_however_it_is_said(reference: Session, note: str) -> None:
    """L11: names apart, in capitals, of one character, at a nest, or only as what is protected."""
    assert guarded_names(reference).spoken_of(note)


@pytest.mark.parametrize(
    "note", ["见壁虎一只", "虎耳草成片", "苍鹭 3 只觅食", "按国家一级标准执行", "马虎了一点", "", None]
)
def test_what_only_sounds_like_one_is_not(reference: Session, note: str | None) -> None:
    """L11: and ordinary words stay."""
    assert not guarded_names(reference).spoken_of(note)


def test_no_row_and_no_edition_prints_such_words(reference: Session) -> None:
    """L11: remarks of a bird, words of a walk, the name of a monitoring point, a measured object, an imported column."""
    set_up(reference)
    walk = event(
        location_name="穿山甲监测点",
        event_remarks="泽子坪见穿山甲洞 25.12345, 112.92876",
        measurements=[damaged("穿山甲洞旁的杉木")],
    )
    bird = occurrence(
        taxon=EGRET,
        event_id=walk["id"],
        occurrence_remarks="树下是穿山甲的洞",
        behavior="停在穿山甲洞口",
        verbatim={"locality": "穿山甲洞东北 30 米", "habitat": "阔叶林"},
    )
    assert outcomes(reference, walk, bird) == ["accepted"] * 2
    for table in ("occurrence", "event", "measurement"):
        assert "穿山甲" not in "".join(reference.execute(text(f"SELECT t::text FROM {table} t")).scalars())
    assert reference.execute(text("SELECT occurrence_remarks FROM occurrence")).scalar_one() == WITHHELD_ZH
    records = frozen(reference)
    assert set(records[bird["id"]].withheld) == {"behavior", "occurrence_remarks", "verbatim.locality"}
    assert "穿山甲" not in "".join(str(disclosed_body(record)) for record in records.values())


def damaged(value: str) -> dict[str, str | None]:
    return {"code": "damaged_object", "value": value, "unit": None}


def test_a_name_with_a_position_in_it_makes_no_taxon_for_everybody(reference: Session) -> None:
    """L11, L18: the list of taxa is for all to search."""
    set_up(reference)
    outcomes(
        reference,
        occurrence(taxon={"name_zh": "穿山甲 25.12345,112.92876"}),
        occurrence(taxon={"verbatim_name": "一种兽 N25.1234 E112.9287"}),
    )
    for table in ("taxon", "taxon_name", "identification"):
        assert "112.92" not in "".join(reference.execute(text(f"SELECT t::text FROM {table} t")).scalars())
    levels = reference.execute(text("SELECT level FROM disclosed_place ORDER BY level")).scalars().all()
    assert levels == [1, 2], "closed by default"
