"""Exact places are read by leave alone: for a purpose, approved by another, for some days; each reading logged and counted."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts.queries import viewer_of
from server.accounts.rights import APPROVE_PRECISE, ASK_PRECISE, MANAGE_PEOPLE, VERIFY
from server.accounts.service import grant
from server.accounts.viewer import Viewer
from server.audit.model import AuditEntry
from server.db import EVERYTHING, look_through
from server.sensitivity import granting, precise_reading, reading_rate
from server.sensitivity.granting import Wanted
from server.sensitivity.model import PreciseGrant, PreciseReading, PreciseStop
from server.taxa.names import taxon_id_for
from server.verification import deciding
from shared.clock import FixedClock
from shared.problems import Problem
from tests.admitting import CLOCK, outcomes, set_up
from tests.people import person
from tests.records import MANGSHAN, PANGOLIN, occurrence
from tests.scopes.ground import IN_YUELU

PURPOSE = "核实红外相机布设位置"


@dataclass
class Case:
    session: Session
    record: UUID
    elsewhere: UUID

    def viewer(self, role: str, right: str, *area: str) -> Viewer:
        """Looking for themselves, as a request would."""
        look_through(self.session, EVERYTHING)
        made = person(self.session, role, *area)
        return self.again(made.id, right)

    def again(self, person_id: UUID | None, right: str) -> Viewer:
        assert person_id is not None
        look_through(self.session, EVERYTHING)
        found = viewer_of(self.session, CLOCK, person_id).within(right)
        look_through(self.session, found.scopes)
        return found


@pytest.fixture
def case(reference: Session) -> Case:
    set_up(reference)
    here, there = occurrence(taxon=PANGOLIN), occurrence(taxon=PANGOLIN, place=IN_YUELU)
    assert outcomes(reference, here, there) == ["accepted"] * 2
    return Case(reference, UUID(here["id"]), UUID(there["id"]))


def granted(case: Case, days: int = 7, **wanted: Any) -> tuple[Viewer, PreciseGrant]:
    reviewer = case.viewer("reviewer", ASK_PRECISE)
    asked = granting.ask(
        case.session, reviewer, CLOCK, Wanted(PURPOSE, days=days, **(wanted or {"record_ids": [case.record]}))
    )
    approver = case.viewer("county_admin", APPROVE_PRECISE)
    granting.approve(case.session, approver, CLOCK, asked.id, "同意")
    return case.again(reviewer.person_id, ASK_PRECISE), asked


def refused(code: str, act: Any, *args: Any) -> None:
    with pytest.raises(Problem) as told:
        act(*args)
    assert told.value.kind.code == code


def test_a_grant_is_asked_approved_by_another_and_read(case: Case) -> None:
    """P13, T5: each reading is logged with who, why and what."""
    reviewer, grant = granted(case)
    found = granting.read_places(case.session, reviewer, grant.id, [case.record], CLOCK)
    assert (found[case.record].latitude_e7, found[case.record].longitude_e7) == (
        MANGSHAN["latitude_e7"],
        MANGSHAN["longitude_e7"],
    )
    entry = case.session.query(AuditEntry).order_by(AuditEntry.entry_no.desc()).first()
    assert entry is not None and (entry.action, entry.actor) == ("read_precise", reviewer.name)
    assert entry.detail == {"grant": str(grant.id), "purpose": PURPOSE, "ids": [str(case.record)]}
    assert case.session.query(PreciseReading).one().place_count == 1


def test_nobody_approves_their_own_and_nobody_beyond_their_area(case: Case) -> None:
    admin = case.viewer("county_admin", ASK_PRECISE)
    own = granting.ask(case.session, admin, CLOCK, Wanted(PURPOSE, [case.record]))
    refused(
        "second_person_needed",
        granting.approve,
        case.session,
        case.again(admin.person_id, APPROVE_PRECISE),
        CLOCK,
        own.id,
    )
    stranger = case.viewer("county_admin", APPROVE_PRECISE, "county", "431025")
    refused("not_found", granting.approve, case.session, stranger, CLOCK, own.id)
    assert granting.waiting_for(case.session, stranger, CLOCK) == []
    neighbour = case.viewer("county_admin", APPROVE_PRECISE)
    assert [one.id for one in granting.waiting_for(case.session, neighbour, CLOCK)] == [own.id]
    granting.refuse(case.session, neighbour, CLOCK, own.id, "用途不明")
    reader = case.again(admin.person_id, ASK_PRECISE)
    refused("not_found", granting.read_places, case.session, reader, own.id, [case.record], CLOCK)


def test_t5_no_account_of_the_asker_s_own_making_approves(case: Case) -> None:
    admin = case.viewer("county_admin", ASK_PRECISE)
    own = granting.ask(case.session, admin, CLOCK, Wanted(PURPOSE, [case.record]))
    look_through(case.session, EVERYTHING)
    puppet = person(case.session)
    grant(
        case.session, CLOCK, case.again(admin.person_id, MANAGE_PEOPLE), puppet.id, "county_admin", "county", "431022"
    )
    approver = case.again(puppet.id, APPROVE_PRECISE)
    refused("second_person_needed", granting.approve, case.session, approver, CLOCK, own.id)


@pytest.mark.parametrize("changed", ["asked only", "expired", "another's", "another record", "no grant"])
def test_whatever_is_not_granted_answers_like_what_is_not_there(case: Case, changed: str) -> None:
    reviewer, grant = granted(case)
    ids, grant_id, clock = [case.record], grant.id, CLOCK
    if changed == "asked only":
        grant_id = granting.ask(case.session, reviewer, CLOCK, Wanted(PURPOSE, ids)).id
    elif changed == "expired":
        clock = FixedClock(CLOCK.now() + timedelta(days=7, seconds=1))
    elif changed == "another's":
        reviewer = case.viewer("reviewer", ASK_PRECISE)
    elif changed == "another record":
        ids = [case.record, case.elsewhere]
    else:
        grant_id = case.record
    refused("not_found", granting.read_places, case.session, reviewer, grant_id, ids, clock)
    assert case.session.query(PreciseReading).count() == 0


def test_with_the_program_s_check_removed_the_database_still_gives_nothing(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P11: the second wall: granting.usable says yes to everything, and the database does not."""
    reviewer, grant = granted(case)
    other = case.viewer("scientist", ASK_PRECISE, "province", "43")
    asked = granting.ask(case.session, other, CLOCK, Wanted(PURPOSE, [case.record]))
    monkeypatch.setattr(granting, "_covers", lambda *_: True)
    late = FixedClock(CLOCK.now() + timedelta(days=8))
    for viewer, grant_id, ids, clock in (
        (other, grant.id, [case.record], CLOCK),
        (other, asked.id, [case.record], CLOCK),
        (reviewer, grant.id, [case.record], late),
        (reviewer, grant.id, [case.elsewhere], CLOCK),
    ):
        assert granting.read_places(case.session, case.again(viewer.person_id, ASK_PRECISE), grant_id, ids, clock) == {}
    monkeypatch.undo()
    again = case.again(reviewer.person_id, ASK_PRECISE)
    assert granting.read_places(case.session, again, grant.id, [case.record], CLOCK).keys() == {case.record}


def test_with_every_check_removed_row_level_security_still_hides_what_is_elsewhere(case: Case) -> None:
    """P12: even the role `precise` reads no place outside the viewer's scopes."""
    case.viewer("reviewer", ASK_PRECISE)
    assert precise_reading.read_places_of(case.session, [case.record, case.elsewhere]).keys() == {case.record}


def test_a_taxon_in_a_county_is_granted_as_such(case: Case) -> None:
    pangolin = UUID(taxon_id_for(PANGOLIN["scientific_name"]))
    reviewer, grant = granted(case, county_code="431022", taxon_id=pangolin)
    assert granting.read_places(case.session, reviewer, grant.id, [case.record], CLOCK).keys() == {case.record}
    look_through(case.session, EVERYTHING)
    bird = occurrence()
    outcomes(case.session, bird)
    reviewer = case.again(reviewer.person_id, ASK_PRECISE)
    refused("not_found", granting.read_places, case.session, reviewer, grant.id, [UUID(bird["id"])], CLOCK)
    for county in ("431025", "440281", "999999"):
        wanted = Wanted(PURPOSE, county_code=county, taxon_id=pangolin)
        refused("not_found", granting.ask, case.session, reviewer, CLOCK, wanted)


def test_a_county_that_does_not_exist_is_told_to_who_sees_every_county(case: Case) -> None:
    scientist = case.viewer("scientist", ASK_PRECISE, "province", "43")
    wanted = Wanted(PURPOSE, county_code="999999", taxon_id=UUID(taxon_id_for(PANGOLIN["scientific_name"])))
    refused("county_unknown", granting.ask, case.session, scientist, CLOCK, wanted)


def test_a_name_that_the_reader_gave_opens_no_place(case: Case) -> None:
    """P13: leave to read one taxon in a county is not leave to read all that one calls by its name."""
    egret = UUID(taxon_id_for("Egretta garzetta"))
    reviewer, grant = granted(case, county_code="431022", taxon_id=egret)
    order = deciding.Order("reidentify", scientific_name="Egretta garzetta")
    deciding.decide(case.session, case.again(reviewer.person_id, VERIFY), CLOCK, [case.record], order)
    reader = case.again(reviewer.person_id, ASK_PRECISE)
    refused("not_found", granting.read_places, case.session, reader, grant.id, [case.record], CLOCK)


@pytest.mark.parametrize(
    "wanted",
    [
        {"purpose": "看"},
        {"days": 8},
        {"days": 0},
        {"record_ids": []},
        {"county_code": "431022"},
        {"county_code": "431022", "taxon_id": UUID(int=1)},
    ],
)
def test_what_cannot_be_asked(case: Case, wanted: dict[str, Any]) -> None:
    reviewer = case.viewer("reviewer", ASK_PRECISE)
    asked = {"purpose": PURPOSE, "record_ids": [case.record], **wanted}
    refused("invalid", granting.ask, case.session, reviewer, CLOCK, Wanted(**asked))


def test_who_reads_too_much_reads_no_more_until_an_administrator_has_looked(case: Case) -> None:
    """T4: thirty readings an hour, then an entry in the audit log and no more."""
    reviewer, grant = granted(case)

    def read(clock: FixedClock) -> None:
        again = case.again(reviewer.person_id, ASK_PRECISE)
        granting.read_places(case.session, again, grant.id, [case.record], clock)

    for minute in range(reading_rate.MOST_AN_HOUR):
        read(FixedClock(CLOCK.now() + timedelta(minutes=minute)))
    last = case.session.query(AuditEntry).order_by(AuditEntry.entry_no.desc()).first()
    assert last is not None and (last.action, last.subject) == ("precise_rate", str(reviewer.person_id))
    tomorrow = FixedClock(CLOCK.now() + timedelta(days=1))
    refused("too_many_requests", read, tomorrow)
    admin = case.viewer("county_admin", MANAGE_PEOPLE)
    elsewhere = case.viewer("county_admin", MANAGE_PEOPLE, "county", "431025")
    assert reviewer.person_id is not None
    refused("not_found", reading_rate.clear, case.session, elsewhere, CLOCK, reviewer.person_id)
    reading_rate.clear(case.session, admin, tomorrow, reviewer.person_id)
    assert case.session.query(PreciseStop).one().cleared_by == admin.person_id
    read(tomorrow)
    refused("not_found", reading_rate.clear, case.session, admin, CLOCK, reviewer.person_id)


def test_readings_spread_over_a_day_are_not_too_many(case: Case) -> None:
    reviewer, grant = granted(case)
    for hour in range(40):
        again = case.again(reviewer.person_id, ASK_PRECISE)
        at = FixedClock(CLOCK.now() + timedelta(minutes=3 * hour))
        granting.read_places(case.session, again, grant.id, [case.record], at)
    assert case.session.query(PreciseStop).count() == 0


def test_grants_and_readings_cannot_be_taken_back(case: Case) -> None:
    granted(case)
    for statement in (
        "DELETE FROM precise_grant",
        "UPDATE precise_reading SET place_count = 0",
        "DELETE FROM precise_stop",
        "UPDATE precise_grant_record SET record_id = grant_id",
    ):
        with pytest.raises(Exception, match="permission denied"), case.session.begin_nested():
            case.session.execute(text(statement))
