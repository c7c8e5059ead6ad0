"""Two who have to agree are two people: whoever administers people agrees with no account of their own making."""

from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from server.accounts import service, signing_in
from server.accounts.model import Person
from server.accounts.queries import viewer_of
from server.accounts.second_person import require_independent
from server.accounts.viewer import LOCAL_OPERATOR
from shared.problems import Problem
from tests.admitting import CLOCK
from tests.people import COUNTY, person

PASSWORD = "一个足够长的密码 123"


def agrees(session: Session, first: UUID, second: UUID) -> bool:
    try:
        require_independent(session, CLOCK, first, second)
    except Problem as problem:
        return problem.kind.code != "second_person_needed"
    return True


def appointed(session: Session, by: Person, account: str) -> Person:
    made = service.add_person(session, CLOCK, "新来的", account=account)
    service.grant(session, CLOCK, viewer_of(session, CLOCK, by.id), made.id, "county_admin", "county", COUNTY)
    return made


@pytest.fixture
def admin(session: Session) -> Person:
    return person(session, "county_admin", account="one")


def test_t5_no_account_that_one_appointed_agrees_however_many_stand_between(session: Session, admin: Person) -> None:
    puppet = appointed(session, admin, "two")
    its_own = appointed(session, puppet, "three")
    assert not agrees(session, admin.id, puppet.id) and not agrees(session, admin.id, its_own.id)
    assert agrees(session, puppet.id, admin.id) and agrees(session, its_own.id, admin.id)


def test_whoever_was_appointed_by_others_as_well_agrees(session: Session, admin: Person) -> None:
    other = appointed(session, admin, "two")
    service.grant(session, CLOCK, LOCAL_OPERATOR, other.id, "county_admin", "county", COUNTY)
    assert agrees(session, admin.id, other.id)


def test_t5_nor_one_whose_password_one_set_until_they_set_their_own(session: Session, admin: Person) -> None:
    other = person(session, "county_admin", account="two")
    assert agrees(session, admin.id, other.id)
    signing_in.set_password(session, CLOCK, viewer_of(session, CLOCK, admin.id), other, PASSWORD)
    assert not agrees(session, admin.id, other.id)
    own = viewer_of(session, CLOCK, other.id)
    signing_in.change_password(session, CLOCK, own, PASSWORD, PASSWORD + "新")
    assert agrees(session, admin.id, other.id)
