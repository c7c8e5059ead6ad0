"""Nobody grants more than they hold; what ends has ended at the next question."""

from datetime import datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts import queries
from server.accounts.model import Person, RoleGrant
from server.accounts.rights import MANAGE_PEOPLE, READ_AUDIT, ROLES
from server.accounts.rules import HANDED_ON, Term, may_be_granted_for, may_hand_on
from server.accounts.service import grant, revoke_grant
from server.accounts.viewer import LOCAL_OPERATOR, Viewer
from server.audit.model import AuditEntry
from shared.clock import FixedClock
from shared.ids import uuid7
from shared.problems import Problem
from tests.admitting import CLOCK
from tests.people import COUNTY, PREFECTURE, PROVINCE, person

SIBLING, ELSEWHERE = "431024", "430602"
LATER = CLOCK.now() + timedelta(days=30)
ENDS = st.sampled_from([None, LATER, LATER + timedelta(days=1)])
GROUPS = st.sampled_from([None, "鸟类", "哺乳类"])
FURTHEST = datetime.max.replace(tzinfo=timezone(timedelta(hours=-14)))
TERMS = st.builds(Term, st.sampled_from(sorted(ROLES)), GROUPS, ENDS)


def viewer_of(session: Session, one: Person, clock: FixedClock = CLOCK) -> Viewer:
    return queries.viewer_of(session, clock, one.id)


def refused(session: Session, by: Person, whom: UUID, *terms: object, **more: object) -> str:
    with pytest.raises(Problem) as caught:
        grant(session, CLOCK, viewer_of(session, by), whom, *terms, **more)  # type: ignore[arg-type]
    return caught.value.kind.code


def test_an_administrator_appoints_people_of_the_field_in_the_own_county(reference: Session) -> None:
    admin, ranger = person(reference, "county_admin"), person(reference)
    for role in ("surveyor", "ranger", "station_lead", "reviewer", "public_reporter", "county_admin"):
        given_one = grant(reference, CLOCK, viewer_of(reference, admin), ranger.id, role, "county", COUNTY)
        assert given_one.granted_by == viewer_of(reference, admin).name
    held = viewer_of(reference, ranger)
    assert {one.role for one in held.held} >= {"surveyor", "station_lead"}
    logged = reference.scalars(select(AuditEntry).where(AuditEntry.subject == str(given_one.id))).one()
    assert (logged.action, logged.detail["role"]) == ("grant", "county_admin")
    assert admin.name not in str(logged.detail) + logged.actor


@pytest.mark.parametrize(
    ("role", "kind", "code"),
    [
        ("surveyor", "county", SIBLING),
        ("surveyor", "county", ELSEWHERE),
        ("surveyor", "prefecture", PREFECTURE),
        ("surveyor", "province", PROVINCE),
        ("prefecture_admin", "prefecture", PREFECTURE),
        ("province_admin", "province", PROVINCE),
        ("scientist", "county", COUNTY),  # edits rules
        ("auditor", "county", COUNTY),  # reads the log in which the administrator stands
    ],
)
def test_nobody_grants_more_than_they_hold(reference: Session, role: str, kind: str, code: str) -> None:
    admin, other = person(reference, "county_admin"), person(reference)
    assert refused(reference, admin, other.id, role, kind, code) == "not_allowed"
    assert viewer_of(reference, other).rights == frozenset()


def test_nobody_grants_to_themselves(reference: Session) -> None:
    admin = person(reference, "province_admin")
    assert refused(reference, admin, admin.id, "surveyor", "county", COUNTY) == "not_allowed"


@pytest.mark.parametrize("role", sorted(role for role in ROLES if MANAGE_PEOPLE not in ROLES[role]))
def test_who_does_not_manage_people_grants_nothing(reference: Session, role: str) -> None:
    one, other = person(reference, role), person(reference)
    assert refused(reference, one, other.id, "public_reporter", "county", COUNTY) == "not_allowed"


def test_a_group_and_an_end_are_handed_on_too(reference: Session) -> None:
    admin, other = person(reference), person(reference)
    grant(reference, CLOCK, LOCAL_OPERATOR, admin.id, "county_admin", "county", COUNTY, "鸟类", LATER)
    assert refused(reference, admin, other.id, "reviewer", "county", COUNTY) == "not_allowed"
    assert refused(reference, admin, other.id, "reviewer", "county", COUNTY, "鸟类") == "not_allowed"
    assert refused(reference, admin, other.id, "reviewer", "county", COUNTY, "哺乳类", LATER) == "not_allowed"
    grant(reference, CLOCK, viewer_of(reference, admin), other.id, "reviewer", "county", COUNTY, "鸟类", LATER)


def lasts(held: Term, wanted: Term) -> bool:
    return held.expires_at is None or (wanted.expires_at is not None and wanted.expires_at <= held.expires_at)


@given(st.lists(TERMS, max_size=4), TERMS)
def test_whatever_is_held_no_right_grows(held: list[Term], wanted: Term) -> None:
    """In taxa and in time too; what is handed on without being held is of the field alone."""
    if not may_hand_on(held, wanted):
        return
    fitting = [one for one in held if lasts(one, wanted) and one.taxon_group in (None, wanted.taxon_group)]
    rights = frozenset().union(*(ROLES[one.role] for one in fitting))
    assert MANAGE_PEOPLE in rights
    assert ROLES[wanted.role] - HANDED_ON <= rights
    assert READ_AUDIT not in ROLES[wanted.role] or READ_AUDIT in rights


@pytest.mark.parametrize(
    ("role", "kind", "fits"),
    [
        ("province_admin", "county", False),
        ("province_admin", "province", True),
        ("county_admin", "prefecture", False),
        ("ranger", "area", True),
    ],
)
def test_a_title_says_how_far_it_reaches(role: str, kind: str, fits: bool) -> None:
    assert may_be_granted_for(role, kind) is fits


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (("emperor", "county", COUNTY), "role"),
        (("surveyor", "planet", COUNTY), "area_kind"),
        (("province_admin", "county", COUNTY), "area_kind"),
        (("surveyor", "county", "439999"), "area_code"),
        (("surveyor", "prefecture", "439900"), "area_code"),
        (("surveyor", "area", "PA-nowhere"), "area_code"),
        (("surveyor", "organisation", "𬶋"), "area_code"),
        (("surveyor", "province", "湖南"), "area_code"),
        (("province_admin", "province", "44"), "area_code"),
        (("surveyor", "county", COUNTY, "龙类"), "taxon_group"),
        (("surveyor", "county", COUNTY, None, CLOCK.now()), "expires_at"),
        (("surveyor", "county", COUNTY, None, FURTHEST), "expires_at"),
    ],
)
def test_what_there_is_not_is_named(reference: Session, terms: tuple[object, ...], field: str) -> None:
    other = person(reference)
    with pytest.raises(Problem) as caught:
        grant(reference, CLOCK, LOCAL_OPERATOR, other.id, *terms)  # type: ignore[arg-type]
    assert (caught.value.kind.code, caught.value.extra["field"]) == ("invalid", field)
    with pytest.raises(Problem, match="没有编号为"):
        grant(reference, CLOCK, LOCAL_OPERATOR, uuid7(), "surveyor", "county", COUNTY)


def test_an_expired_grant_has_ended_at_once(reference: Session) -> None:
    one = person(reference)
    grant(reference, CLOCK, LOCAL_OPERATOR, one.id, "reviewer", "county", COUNTY, expires_at=LATER)
    before = FixedClock(LATER - timedelta(seconds=1))
    assert viewer_of(reference, one, before).held
    assert viewer_of(reference, one, FixedClock(LATER)).held == ()


def test_a_revoked_grant_has_ended_at_once(reference: Session) -> None:
    admin, one = person(reference, "county_admin"), person(reference)
    row = grant(reference, CLOCK, viewer_of(reference, admin), one.id, "reviewer", "county", COUNTY)
    revoke_grant(reference, CLOCK, viewer_of(reference, admin), row.id)
    assert viewer_of(reference, one).held == ()
    assert reference.get_one(RoleGrant, row.id).revoked_at == CLOCK.now()


def test_a_grant_of_another_county_is_like_none(reference: Session) -> None:
    admin = person(reference, "county_admin", area_code=SIBLING)
    one = person(reference, "reviewer")
    row = reference.scalars(select(RoleGrant).where(RoleGrant.person_id == one.id)).one()
    words = set()
    for known in (row.id, uuid7()):
        with pytest.raises(Problem) as caught:
            revoke_grant(reference, CLOCK, viewer_of(reference, admin), known)
        words.add((caught.value.kind.code, caught.value.detail.replace(str(known), "")))
    assert len(words) == 1
    assert viewer_of(reference, one).held


def test_who_is_disabled_is_nobody(reference: Session) -> None:
    admin, one = person(reference, "county_admin"), person(reference, "reviewer")
    before = viewer_of(reference, admin)
    admin.disabled_at = CLOCK.now()
    reference.flush()
    with pytest.raises(Problem) as caught:
        viewer_of(reference, admin)
    assert caught.value.kind.code == "sign_in_needed"
    one.disabled_at = CLOCK.now()
    reference.flush()
    with pytest.raises(Problem, match="没有编号为"):
        grant(reference, CLOCK, before, one.id, "ranger", "county", COUNTY)
