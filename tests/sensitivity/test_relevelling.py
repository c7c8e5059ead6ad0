"""What stands follows the lists and the names: rows, events, photos; never upward."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts.viewer import LOCAL_OPERATOR
from server.audit.model import AuditEntry
from server.events import queries as events
from server.sensitivity.model import Relevelled as RelevelledRow
from server.sensitivity.model import Relevelling
from server.sensitivity.relevelling import Relevelled, moved_since, relevel
from server.sensitivity.scoping import shown_ids
from server.taxa.names import taxon_id_for
from shared.ids import uuid7
from tests.admitting import CLOCK, frozen, outcomes, set_up
from tests.records import EGRET, MANGSHAN, PANGOLIN, PERSON, edited, envelope, event, observed, occurrence, tombstone
from tests.sensitivity.rules_in_force import put_in_force, rule

EGRET_RULE = ("Egretta garzetta", "白鹭")


@pytest.fixture(autouse=True)
def surveyed(reference: Session) -> None:
    set_up(reference)


def row(session: Session, columns: str, table: str = "occurrence", **where: Any) -> tuple[Any, ...]:
    condition = " AND ".join(f"{name} = :{name}" for name in where) or "true"
    return tuple(session.execute(text(f"SELECT {columns} FROM {table} WHERE {condition}"), where).one())


def photo_of(*subjects: str) -> dict[str, Any]:
    about = {"sha256": "ab" * 32, "byte_count": 10, "media_type": "image/jpeg"}
    return envelope("media", observed(subject_ids=list(subjects), captured_at="2025-05-20T08:29:41+08:00", **about))


def test_everything_that_stands_follows_a_list_that_grew_stricter(reference: Session, tmp_path: Path) -> None:
    """L22: a species that becomes sensitive leaves no old row: occurrence, naming, place, event, measurement, photo."""
    walk = event(location_name="泽子坪", event_remarks="泽子坪沿溪", place=MANGSHAN)
    words = [{"code": "damaged_object", "value": "泽子坪的竹林", "unit": None}]
    bird = occurrence(
        taxon={**EGRET, "verbatim_name": "白鹭，泽子坪"},
        event_id=walk["id"],
        occurrence_remarks="泽子坪",
        measurements=words,
    )
    assert set(outcomes(reference, walk, bird, photo_of(bird["id"]))) == {"accepted"}
    put_in_force(reference, tmp_path, rule(*EGRET_RULE, 2))
    assert relevel(reference, "管理员", CLOCK) == Relevelled(1, 1)
    id_ = UUID(bird["id"])
    told = row(reference, "event_id, occurrence_remarks, date_precision, access_class", id=id_)
    assert told == (None, None, "month", "restricted")
    assert row(reference, "level, cell_within_county, latitude, county_code", "disclosed_place", id=id_) == (
        2,
        False,
        None,
        "431022",
    )
    naming = row(
        reference, "verbatim_name, identified_by, extract(day FROM identified_at AT TIME ZONE 'PRC')", "identification"
    )
    assert naming == (None, None, 1)
    assert row(reference, "captured_at", "media_item") == ("2025-05",)
    assert row(reference, "location_name, event_remarks", "event") == (None, None)
    assert row(reference, "level, latitude", "disclosed_place", id=UUID(walk["id"])) == (2, None)
    assert reference.execute(text("SELECT count(*) FROM measurement")).scalar_one() == 0
    assert relevel(reference, "管理员", CLOCK) == Relevelled(1, 0), "a second time finds nothing"


def test_a_relevelling_is_kept_and_logged_and_names_what_is_to_be_recalled(reference: Session, tmp_path: Path) -> None:
    """L22: what was published of a record that moved can be found."""
    bird, other = occurrence(), occurrence(taxon={"scientific_name": "Passer montanus", "name_zh": "麻雀"})
    outcomes(reference, bird, other)
    put_in_force(reference, tmp_path, rule(*EGRET_RULE, 3))
    relevel(reference, "管理员", CLOCK, reason="试验")
    kept = reference.query(Relevelling).order_by(Relevelling.relevelling_id.desc()).first()
    assert kept is not None and (kept.reason, kept.checked_count, kept.moved_count) == ("试验", 2, 1)
    moved = reference.query(RelevelledRow).filter_by(relevelling_id=kept.relevelling_id).one()
    assert (moved.id, moved.level_before, moved.level_after) == (UUID(bird["id"]), 0, 3)
    assert moved_since(reference, CLOCK.now()) == {UUID(bird["id"])}
    last = reference.query(AuditEntry).order_by(AuditEntry.entry_no.desc()).first()
    assert last is not None and (last.action, last.subject, last.detail["moved"]) == ("relevel", "试验", 1)


def test_a_level_is_never_read_upward(reference: Session, tmp_path: Path) -> None:
    """L13: neither a later list nor a later name makes a guarded place open again."""
    bird = occurrence()
    outcomes(reference, bird)
    put_in_force(reference, tmp_path / "a", rule(*EGRET_RULE, 2))
    relevel(reference, "管理员", CLOCK)
    put_in_force(reference, tmp_path / "b", rule("Manis pentadactyla", "穿山甲", 1))
    assert relevel(reference, "管理员", CLOCK) == Relevelled(1, 0)
    outcomes(reference, edited(bird, taxon={"scientific_name": "Passer montanus", "name_zh": "麻雀"}))
    assert row(reference, "level", "disclosed_place") == (2,)
    assert row(reference, "date_precision") == ("month",)
    assert frozen(reference)[bird["id"]].disclosed.level == 2


def name_it(session: Session, record: dict[str, Any], scientific_name: str) -> None:
    """As a reviewer does: an identification beside the observer's, which stays."""
    taxon = {
        "id": uuid7(),
        "of": record["id"],
        "taxon": taxon_id_for(scientific_name),
        "by": PERSON,
        "name": scientific_name,
    }
    session.execute(
        text("""
        INSERT INTO identification (id, occurrence_id, version_digest, taxon_id, scientific_name, method, identified_by, identified_at, received_at)
        VALUES (:id, :of, repeat('a', 64), :taxon, :name, 'eye', :by, now(), now())
        """),
        taxon,
    )


def test_one_new_name_is_enough_and_an_older_one_counts_for_ever(reference: Session) -> None:
    """L13: strictest over all identifications ever made, whoever made them and in whatever order."""
    bird = occurrence(occurrence_remarks="树上")
    outcomes(reference, bird)
    name_it(reference, bird, PANGOLIN["scientific_name"])
    assert relevel(reference, "reviewer", CLOCK, [UUID(bird["id"])], "identification") == Relevelled(1, 1)
    assert row(reference, "level, county_name, latitude", "disclosed_place") == (1, "宜章县", None)
    assert row(reference, "occurrence_remarks") == (None,)
    guarded = occurrence(taxon=PANGOLIN)
    outcomes(reference, guarded)
    name_it(reference, guarded, EGRET["scientific_name"])
    relevel(reference, "reviewer", CLOCK, [UUID(guarded["id"])], "identification")
    assert row(reference, "level", "disclosed_place", id=UUID(guarded["id"])) == (1,)


def test_seasons_areas_and_nests_count_for_what_stands(reference: Session, tmp_path: Path) -> None:
    """Rules by season, area and condition, held against records that stand."""
    may = occurrence()
    december = occurrence(observed_from="2024-12-20T08:00:00+08:00")
    at_nest = occurrence(taxon={"scientific_name": "Ardea cinerea", "name_zh": "苍鹭"}, behavior="营巢于松树")
    outcomes(reference, may, december, at_nest)
    assert row(reference, "level", "disclosed_place", id=UUID(at_nest["id"])) == (2,), "by our own list"
    put_in_force(
        reference,
        tmp_path / "a",
        rule(*EGRET_RULE, 3, months="11;12;1"),
        rule("Ardea cinerea", "苍鹭", 1, condition="nest"),
    )
    assert relevel(reference, "管理员", CLOCK).moved == 2
    levels = {str(id_): level for id_, level in reference.execute(text("SELECT id, level FROM disclosed_place"))}
    assert (levels[may["id"]], levels[december["id"]], levels[at_nest["id"]]) == (0, 3, 1)
    put_in_force(reference, tmp_path / "b", rule(*EGRET_RULE, 4, county_codes="431022"))
    assert relevel(reference, "管理员", CLOCK).moved == 1
    assert row(reference, "level", "disclosed_place", id=UUID(may["id"])) == (4,)


def test_an_area_of_a_rule_is_rounded_out_to_whole_cells(reference: Session, tmp_path: Path) -> None:
    """L4: whether a rule for a county held tells nothing that the cell does not: its neighbours in the cell are kept as closely."""
    put_in_force(reference, tmp_path, rule(*EGRET_RULE, 2, county_codes="440281"))
    in_the_same_cell = occurrence()
    far = occurrence(place={**MANGSHAN, "latitude_e7": 265012345, "longitude_e7": 1135512345})
    outcomes(reference, in_the_same_cell, far)
    levels = {str(id_): level for id_, level in reference.execute(text("SELECT id, level FROM disclosed_place"))}
    assert levels == {in_the_same_cell["id"]: 2, far["id"]: 0}, "440281 begins in the cell of the first"


def test_words_that_speak_of_what_is_guarded_since_today_are_withheld(reference: Session, tmp_path: Path) -> None:
    """L22: free words of records that are not guarded themselves follow the lists too."""
    walk = event(event_remarks="沿溪见白鹭一群，停在水边")
    sparrow = occurrence(
        taxon={"scientific_name": "Passer montanus", "name_zh": "麻雀"}, occurrence_remarks="与白鹭混群"
    )
    outcomes(reference, walk, sparrow)
    assert row(reference, "occurrence_remarks") == ("与白鹭混群",)
    put_in_force(reference, tmp_path, rule(*EGRET_RULE, 2))
    relevel(reference, "管理员", CLOCK)
    assert "白鹭" not in str(row(reference, "occurrence_remarks") + row(reference, "event_remarks", "event"))


def test_an_event_is_as_open_as_the_most_open_of_its_occurrences(reference: Session) -> None:
    """L10: an event of guarded occurrences alone follows the strictest; one that others stand on keeps its place and loses its words."""
    walk = event(place=MANGSHAN, location_name="泽子坪")
    guarded, bird = occurrence(taxon=PANGOLIN, event_id=walk["id"]), occurrence(event_id=walk["id"])
    place = "level, latitude"
    outcomes(reference, walk, guarded)
    assert row(reference, place, "disclosed_place", id=UUID(walk["id"])) == (1, None)
    outcomes(reference, bird)
    assert row(reference, place, "disclosed_place", id=UUID(walk["id"])) == (0, pytest.approx(24.9512345))
    assert row(reference, "location_name", "event") == (None,)
    outcomes(reference, tombstone(bird))
    assert row(reference, place, "disclosed_place", id=UUID(walk["id"])) == (1, None)
    outcomes(reference, tombstone(guarded))
    assert row(reference, "location_name", "event") == ("泽子坪",)


def test_an_event_above_follows_too_and_in_any_order(reference: Session) -> None:
    """L10: the whole tree above a guarded occurrence, whichever came first."""
    visit = event(event_type="visit", location_name="泽子坪", place=MANGSHAN)
    leg = event(parent_event_id=visit["id"], location_name="泽子坪二组")
    found = occurrence(taxon=PANGOLIN, event_id=leg["id"])
    for sent in ([found], [leg], [visit]):
        outcomes(reference, *sent)
    names = reference.execute(text("SELECT location_name FROM event")).scalars().all()
    assert names == [None, None]
    assert row(reference, "level", "disclosed_place", id=UUID(visit["id"])) == (1,)


def test_a_guarded_event_does_not_lead_to_the_open_one_that_it_is_a_part_of(reference: Session) -> None:
    """L10: the one above tells its place, since something open was found along it."""
    visit = event(event_type="visit", place=MANGSHAN)
    leg = event(parent_event_id=visit["id"], place=MANGSHAN)
    found, bird = occurrence(taxon=PANGOLIN, event_id=leg["id"]), occurrence(event_id=visit["id"])
    outcomes(reference, visit, leg, found, bird)
    ids = shown_ids(reference, [UUID(visit["id"]), UUID(leg["id"])])
    above, below = (events.one(reference, LOCAL_OPERATOR, ids[UUID(one["id"])]) for one in (visit, leg))
    assert (above["level"], below["level"], below["parent_event_id"]) == (0, 1, None)
