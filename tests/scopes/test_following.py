"""Who may follow whose record with a new version, and which surveys a tablet is given."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts.model import Device, Person
from server.accounts.service import grant, revoke_grant
from server.accounts.viewer import LOCAL_OPERATOR, Actor
from server.surveys.service import add_dataset, add_survey
from server.sync.admission import Outcome, admit
from server.sync.queries import surveys_for
from shared.clock import FixedClock
from shared.ids import uuid7
from tests import people, records
from tests.admitting import CLOCK, outcomes, set_up
from tests.scopes.ground import IN_LINWU, IN_YUELU, LINWU, YIZHANG

SOMEBODY_ELSES = UUID("01900000-0000-7000-8000-00000000000d")


@pytest.fixture
def egret(reference: Session) -> dict[str, object]:
    set_up(reference)
    made = records.occurrence()
    assert outcomes(reference, made) == ["accepted"]
    return made


def by(session: Session, who: Person, record: dict[str, object]) -> Outcome:
    mine = {**record, "author": str(who.id), "device": str(SOMEBODY_ELSES)}
    return admit(session, Actor(who.id, SOMEBODY_ELSES), CLOCK, [mine])[0]


def edit_by(session: Session, who: Person, record: dict[str, object], **fields: object) -> Outcome:
    return by(session, who, records.edited(record, **(fields or {"individual_count": 7})))


def test_a_stranger_may_not_edit_and_the_bytes_are_kept(reference: Session, egret: dict[str, object]) -> None:
    told = edit_by(reference, people.person(reference), egret)
    assert (told.outcome, told.reason) == ("quarantined", "not_yours")
    assert reference.execute(text("SELECT count(*) FROM xiangye.version")).scalar_one() == 1
    assert reference.execute(text("SELECT individual_count FROM xiangye.occurrence")).scalar_one() == 1
    reference.execute(text("SET LOCAL ROLE xiangye_precise"))
    reason, body = reference.execute(text("SELECT reason, body FROM precise.quarantine")).one()
    assert reason == "not_yours" and b'"individual_count":7' in bytes(body)


def test_a_stranger_may_not_withdraw_it_either(reference: Session, egret: dict[str, object]) -> None:
    assert by(reference, people.person(reference), records.tombstone(egret)).reason == "not_yours"
    assert reference.execute(text("SELECT count(*) FROM xiangye.occurrence")).scalar_one() == 1


@pytest.mark.parametrize(("role", "county", "outcome"), [
    ("station_lead", YIZHANG, "accepted"),
    ("surveyor", YIZHANG, "accepted"),
    ("station_lead", LINWU, "quarantined"),
    ("reviewer", YIZHANG, "quarantined"),
    ("county_admin", YIZHANG, "quarantined"),
    ("auditor", YIZHANG, "quarantined"),
])  # fmt: skip
def test_who_sends_records_where_it_lies_may_edit_it(
    reference: Session, egret: dict[str, object], role: str, county: str, outcome: str
) -> None:
    """P12: reviewers and administrators decide about a record; they do not write it."""
    assert edit_by(reference, people.person(reference, role, "county", county), egret).outcome == outcome


def test_a_grant_that_ended_gives_nothing(reference: Session, egret: dict[str, object]) -> None:
    lead = people.person(reference, "station_lead")
    held = reference.execute(
        text("SELECT id FROM xiangye.role_grant WHERE person_id = :id"), {"id": lead.id}
    ).scalar_one()
    revoke_grant(reference, CLOCK, LOCAL_OPERATOR, held)
    assert edit_by(reference, lead, egret).reason == "not_yours"


def test_a_grant_for_one_group_edits_no_other(reference: Session, egret: dict[str, object]) -> None:
    frogs = people.person(reference, "surveyor", taxon_group="两栖类")
    birds = people.person(reference, "surveyor", taxon_group="鸟类")
    assert edit_by(reference, frogs, egret).reason == "not_yours"
    assert edit_by(reference, birds, egret).outcome == "accepted"


def test_moving_a_point_into_ones_own_county_gives_no_right_to_it(reference: Session, egret: dict[str, object]) -> None:
    """P12: the place is where the server stamped the record, not where the new version says."""
    neighbour = people.person(reference, "station_lead", "county", LINWU)
    assert edit_by(reference, neighbour, egret, place=IN_LINWU).reason == "not_yours"


def test_a_point_that_its_author_moves_takes_the_right_along(reference: Session, egret: dict[str, object]) -> None:
    """P12: across the border the one county's lead loses it, the other's gains it, the author keeps it."""
    here = people.person(reference, "station_lead", "county", YIZHANG)
    there = people.person(reference, "station_lead", "county", LINWU)
    moved = records.edited(egret, place=IN_LINWU)
    assert outcomes(reference, moved) == ["accepted"]
    assert edit_by(reference, here, moved).reason == "not_yours"
    assert edit_by(reference, there, moved, individual_count=2).outcome == "accepted"
    assert outcomes(reference, records.edited(moved, individual_count=3)) in (["accepted"], ["conflict"])


def test_a_lead_who_moved_a_record_out_of_the_county_keeps_what_was_written(
    reference: Session, egret: dict[str, object]
) -> None:
    """Whoever wrote a version has it as an author has; nobody else of that county any longer does."""
    lead, colleague = people.person(reference, "station_lead"), people.person(reference, "station_lead")
    moved = {**records.edited(egret, place=IN_YUELU), "author": str(lead.id), "device": str(SOMEBODY_ELSES)}
    assert by(reference, lead, moved).outcome == "accepted"
    assert edit_by(reference, lead, moved, individual_count=2).outcome == "accepted"
    assert edit_by(reference, colleague, moved, individual_count=4).reason == "not_yours"


def test_no_field_of_a_body_says_where_a_record_lies(reference: Session, egret: dict[str, object]) -> None:
    neighbour = people.person(reference, "station_lead", "county", LINWU)
    told = edit_by(reference, neighbour, egret, county_code=LINWU, scopes=[0], shown_id=str(uuid7()))
    assert told.outcome == "quarantined"


def test_an_original_that_comes_after_its_edit_is_its_authors(reference: Session) -> None:
    set_up(reference)
    colleague = people.person(reference, "surveyor")
    original = records.occurrence()
    edit = {**records.edited(original, individual_count=4), "author": str(colleague.id), "device": str(SOMEBODY_ELSES)}
    assert by(reference, colleague, edit).reason == "waiting"
    assert outcomes(reference, original) == ["accepted"]
    assert reference.execute(text("SELECT individual_count FROM xiangye.occurrence")).scalar_one() == 4


def test_a_second_original_under_a_known_id_is_refused(reference: Session, egret: dict[str, object]) -> None:
    other = {**records.occurrence(individual_count=9), "id": egret["id"]}
    assert by(reference, people.person(reference), other).reason == "not_yours"


def test_an_import_on_the_servers_own_machine_follows_anybody(reference: Session, egret: dict[str, object]) -> None:
    importer = people.person(reference)
    edit = {**records.edited(egret, individual_count=5), "author": str(importer.id), "device": str(SOMEBODY_ELSES)}
    assert (
        admit(reference, Actor(importer.id, SOMEBODY_ELSES, follows_anybody=True), CLOCK, [edit])[0].outcome
        == "accepted"
    )


def test_one_foreign_record_does_not_block_the_others(reference: Session, egret: dict[str, object]) -> None:
    """P6."""
    stranger = people.person(reference)
    sent = [records.edited(egret, individual_count=2), records.occurrence(), records.occurrence()]
    mine = [{**one, "author": str(stranger.id), "device": str(SOMEBODY_ELSES)} for one in sent]
    told = [one.outcome for one in admit(reference, Actor(stranger.id, SOMEBODY_ELSES), CLOCK, mine)]
    assert told == ["quarantined", "accepted", "accepted"]


def test_a_tablet_is_given_the_surveys_of_its_persons_grants(reference: Session) -> None:
    set_up(reference)
    dataset = add_dataset(reference, CLOCK, "某数据集", "某单位")
    for title, counties in (("宜章", [YIZHANG]), ("临武", [LINWU]), ("两县", [YIZHANG, LINWU])):
        add_survey(reference, CLOCK, title, "county_baseline", dataset, counties)

    def titles(who: Person) -> set[str]:
        device = Device(
            id=uuid7(), person_id=who.id, name="x", app_version="1", credential_hash="x", enrolled_at=CLOCK.now()
        )
        return {one["title"] for one in surveys_for(reference, CLOCK, device)}

    anybody = {"测试调查"}  # names no county
    assert titles(people.person(reference)) == anybody
    assert titles(people.person(reference, "surveyor", "county", YIZHANG)) == anybody | {"宜章", "两县"}
    assert titles(people.person(reference, "surveyor", "county", YIZHANG, taxon_group="鸟类")) == anybody | {
        "宜章",
        "两县",
    }
    assert titles(people.person(reference, "surveyor", "prefecture", "431000")) == anybody | {"宜章", "临武", "两县"}
    assert titles(people.person(reference, "scientist", "province", "43")) == anybody | {"宜章", "临武", "两县"}
    both = people.person(reference, "surveyor", "county", YIZHANG)
    grant(reference, FixedClock(datetime(2025, 5, 21, tzinfo=UTC)), LOCAL_OPERATOR, both.id, "ranger", "county", LINWU)
    assert titles(both) == anybody | {"宜章", "临武", "两县"}
