"""Administrators over HTTP: each within what they were granted, and a foreign object is like none."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from server.accounts.model import Organisation, Person, RoleGrant
from server.accounts.service import grant, organisation_named
from server.accounts.viewer import LOCAL_OPERATOR
from server.audit.model import AuditEntry
from server.db import open_session
from tests.accounts.console import PASSWORD, Console, ask, code_of, with_password
from tests.admitting import CLOCK
from tests.people import COUNTY, PREFECTURE, PROVINCE, headers, person, subject, token_for
from tests.serving import Live

SIBLING, ELSEWHERE = "431024", "430602"
RANGER = {"role": "ranger", "area_kind": "county", "area_code": COUNTY}


def appoint(live: Live, by: dict[str, str], **changes: Any) -> Any:
    return ask(live, by, "POST", "people", {"name": "谭嗣同", "grant": RANGER, **changes})


def surveyor(live: Live, area_code: str = COUNTY, role: str = "surveyor") -> UUID:
    with open_session(live.settings) as session:
        return person(session, role, area_code=area_code).id


def test_an_administrator_appoints_changes_and_dismisses(live: Live) -> None:
    admin = subject(live.settings, "county_admin")
    made = appoint(live, admin, account="tan.sitong", password=PASSWORD)
    assert made.status_code == 201, made.text
    told = made.json()
    assert (told["name"], told["account"], told["disabled_at"]) == ("谭嗣同", "tan.sitong", None)
    assert "password" not in made.text
    with Console(live) as console:
        assert console.sign_in("Tan.Sitong").json()["rights"] == ["read_records", "send_records"]
        path = f"people/{told['id']}"
        changed = ask(live, admin, "PATCH", path, {"name": "谭壮飞", "account": "zhuangfei", "disabled": True})
        assert changed.json() | {"name": "谭壮飞", "account": "zhuangfei"} == changed.json()
        assert code_of(console.call("GET", "session")) == (401, "sign_in_needed")
        assert code_of(console.sign_in("zhuangfei")) == (401, "sign_in_failed")
        assert ask(live, admin, "PATCH", path, {"disabled": False}).json()["disabled_at"] is None
        assert console.sign_in("zhuangfei").status_code == 201
    with open_session(live.settings) as session:
        acts = [
            one for one in session.scalars(select(AuditEntry).order_by(AuditEntry.entry_no)) if one.actor != "records"
        ]
        assert {"add_person", "grant", "set_password", "change_person", "sign_in"} <= {one.action for one in acts}
        assert not [one for one in acts if "谭" in str(one.detail)]


def test_no_county_reads_or_writes_another_s_people(live: Live) -> None:
    """P12: every route about a person answers for one elsewhere as for one who does not exist, byte for byte."""
    admin = subject(live.settings, "county_admin")
    theirs, nobody = surveyor(live, SIBLING), uuid4()
    with open_session(live.settings) as session:
        held = session.scalars(select(RoleGrant.id).where(RoleGrant.person_id == theirs)).one()
    for method, path, body in (
        ("GET", "people/{}", None),
        ("PATCH", "people/{}", {"name": "改名"}),
        ("PATCH", "people/{}", {"disabled": True}),
        ("POST", "people/{}/password", {"password": PASSWORD}),
        ("POST", "grants", {"person_id": "{}", **RANGER}),
        ("POST", "devices/codes", {"person_id": "{}"}),
    ):
        told = set()
        for one in (theirs, nobody):
            sent = {key: value.format(one) if isinstance(value, str) else value for key, value in (body or {}).items()}
            answer = ask(live, admin, method, path.format(one), sent or None)
            told.add((answer.status_code, answer.text))
        assert len(told) == 1, (method, path)
        assert told.pop()[0] == 404
    for one in (held, uuid4()):
        assert code_of(ask(live, admin, "DELETE", f"grants/{one}")) == (404, "not_found")
    assert str(theirs) not in ask(live, admin, "GET", "people?limit=100").text
    assert str(theirs) not in ask(live, admin, "GET", "grants?limit=100").text
    assert ask(live, admin, "GET", f"grants?person_id={theirs}").json()["items"] == []


@pytest.mark.parametrize(
    ("role", "finds"),
    [
        ("county_admin", {COUNTY}),
        ("prefecture_admin", {COUNTY, SIBLING}),
        ("province_admin", {COUNTY, SIBLING, ELSEWHERE}),
    ],
)
def test_an_administrator_finds_the_people_of_the_own_area(live: Live, role: str, finds: set[str]) -> None:
    made = {code: surveyor(live, code) for code in (COUNTY, SIBLING, ELSEWHERE)}
    listed = {one["id"] for one in ask(live, subject(live.settings, role), "GET", "people?limit=100").json()["items"]}
    assert {code for code, one in made.items() if str(one) in listed} == finds
    granted = ask(live, subject(live.settings, role), "GET", "grants?limit=100").json()["items"]
    assert {one["area_code"] for one in granted if one["role"] == "surveyor"} == finds


def test_nobody_grants_more_than_they_hold_over_http(live: Live) -> None:
    admin, ranger = subject(live.settings, "county_admin"), surveyor(live)
    with open_session(live.settings) as session:
        before = len(session.scalars(select(RoleGrant)).all())
    for role, kind, code in (
        ("surveyor", "county", SIBLING),
        ("surveyor", "prefecture", PREFECTURE),
        ("prefecture_admin", "prefecture", PREFECTURE),
        ("province_admin", "province", PROVINCE),
        ("scientist", "county", COUNTY),
        ("auditor", "county", COUNTY),
    ):
        asked = {"role": role, "area_kind": kind, "area_code": code}
        assert code_of(ask(live, admin, "POST", "grants", {"person_id": str(ranger), **asked})) == (403, "not_allowed")
        assert code_of(appoint(live, admin, grant=asked)) == (403, "not_allowed")
    me = ask(live, admin, "GET", "session").json()["person_id"]
    assert code_of(ask(live, admin, "POST", "grants", {"person_id": me, **RANGER})) == (403, "not_allowed")
    with open_session(live.settings) as session:
        assert len(session.scalars(select(RoleGrant)).all()) == before
        assert session.scalars(select(Person).where(Person.name == "谭嗣同")).all() == []


def test_nobody_takes_over_who_holds_more(live: Live) -> None:
    """Whoever sets a password can act by it, so a county's administrator sets none for the province's or for an auditor."""
    admin = subject(live.settings, "county_admin")
    for role, kind, code in (
        ("province_admin", "province", PROVINCE),
        ("auditor", "county", COUNTY),
        ("scientist", "county", COUNTY),
    ):
        with open_session(live.settings) as session:
            one = with_password(session, f"the.{role.replace('_', '.')}", role, area_kind=kind, area_code=code)
            grant(session, CLOCK, LOCAL_OPERATOR, one.id, "ranger", "county", COUNTY)  # so that the county finds them
        for method, path, body in (
            ("POST", f"people/{one.id}/password", {"password": PASSWORD + "2"}),
            ("PATCH", f"people/{one.id}", {"disabled": True}),
            ("PATCH", f"people/{one.id}", {"account": "mine.now"}),
        ):
            assert code_of(ask(live, admin, method, path, body)) == (403, "not_allowed"), (role, path)
        with Console(live) as console:
            assert console.sign_in(str(one.account)).status_code == 201


@pytest.mark.parametrize("how", ["revoke", "expire", "disable"])
def test_an_expired_or_revoked_grant_takes_effect_at_once(live: Live, how: str) -> None:
    """ASVS 8.3.2: with the very next request, over HTTP, although the token and the clock stay the same."""
    with open_session(live.settings) as session:
        one = person(session)
        until = CLOCK.now() + timedelta(days=1)
        row = grant(session, CLOCK, LOCAL_OPERATOR, one.id, "county_admin", "county", COUNTY, expires_at=until)
        script = headers(token_for(session, one))
    assert ask(live, script, "GET", "people").status_code == 200
    province = subject(live.settings, "province_admin")
    if how == "revoke":
        assert ask(live, province, "DELETE", f"grants/{row.id}").status_code == 204
    elif how == "disable":
        assert ask(live, province, "PATCH", f"people/{one.id}", {"disabled": True}).status_code == 200
    else:
        with open_session(live.settings) as session:
            kept = session.get_one(RoleGrant, row.id)
            kept.granted_at, kept.expires_at = CLOCK.now() - timedelta(days=2), CLOCK.now()
    expected = (401, "sign_in_needed") if how == "disable" else (403, "not_allowed")
    assert code_of(ask(live, script, "GET", "people")) == expected


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"account": "谭"}, "account"),
        ({"account": "x"}, "account"),
        ({"account": "taken"}, "account"),
        ({"account": "free.one", "password": "短"}, "password"),
        ({"password": PASSWORD}, "account"),
        ({"organisation_id": str(uuid4())}, "organisation_id"),
    ],
)
def test_a_refusal_names_the_field_and_leaves_nothing(live: Live, changes: dict[str, str], field: str) -> None:
    with open_session(live.settings) as session:
        person(session, account="taken")
    answer = appoint(live, subject(live.settings, "county_admin"), **changes)
    assert (*code_of(answer), answer.json()["field"]) == (422, "invalid", field)
    with open_session(live.settings) as session:
        assert session.scalars(select(Person).where(Person.name == "谭嗣同")).all() == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("people", {"name": "甲", "grant": RANGER, "id": str(uuid4())}),
        ("people", {"name": "甲", "grant": RANGER, "pseudonym": str(uuid4())}),
        ("people", {"name": "甲", "grant": RANGER, "password_hash": "x"}),
        ("people", {"name": "甲", "grant": {**RANGER, "granted_by": "别人"}}),
        ("people", {"name": "甲"}),
        ("people", {"name": "  ", "grant": RANGER}),
        ("people", {"name": 7, "grant": RANGER}),
        ("people", []),
        ("grants", {"person_id": "x", **RANGER}),
        ("grants", {"person_id": str(uuid4()), **RANGER, "revoked_at": None}),
        ("organisations", {"name": "林业局", "level": "county", "area_code": COUNTY, "id": str(uuid4())}),
        ("organisations", {"name": "林业局", "level": "empire"}),
    ],
)
def test_what_nobody_asked_for_is_refused(live: Live, path: str, body: Any) -> None:
    """API3: every field that a request may not set."""
    answer = ask(live, subject(live.settings, "county_admin"), "POST", path, body)
    assert code_of(answer) == (422, "invalid"), answer.text


def test_organisations_stand_in_an_area_or_under_one_another(live: Live) -> None:
    admin = subject(live.settings, "county_admin")
    bureau = ask(live, admin, "POST", "organisations", {"name": "宜章县林业局", "level": "county", "area_code": COUNTY})
    assert bureau.status_code == 201, bureau.text
    station = {"name": "莽山管护站", "level": "station", "parent_id": bureau.json()["id"]}
    made = ask(live, admin, "POST", "organisations", station)
    assert made.status_code == 201, made.text
    names = [one["name"] for one in ask(live, admin, "GET", "organisations?limit=100").json()["items"]]
    assert {"宜章县林业局", "莽山管护站"} <= set(names)
    for asked, field in (
        ({**station}, "name"),
        ({"name": "甲", "level": "county", "area_code": "439999"}, "area_code"),
        ({"name": "乙", "level": "station", "parent_id": str(uuid4())}, "parent_id"),
    ):
        assert ask(live, admin, "POST", "organisations", asked).json()["field"] == field
    for asked in (
        {"name": "丙", "level": "county", "area_code": SIBLING},
        {"name": "丁", "level": "province", "area_code": PROVINCE},
        {"name": "戊", "level": "other"},
        {"name": "己", "level": "station", "area_code": SIBLING, "parent_id": bureau.json()["id"]},
    ):
        assert code_of(ask(live, admin, "POST", "organisations", asked)) == (403, "not_allowed"), asked
    one = appoint(live, admin, organisation_id=made.json()["id"])
    assert one.json()["organisation_id"] == made.json()["id"]
    lead = {"role": "station_lead", "area_kind": "organisation", "area_code": made.json()["id"]}
    assert ask(live, admin, "POST", "grants", {"person_id": one.json()["id"], **lead}).status_code == 201
    other = subject(live.settings, "county_admin", area_code=SIBLING)
    assert code_of(appoint(live, other, grant=lead)) == (403, "not_allowed")


def test_the_people_of_an_organisation_are_found_by_who_answers_for_it(live: Live) -> None:
    with open_session(live.settings) as session:
        home = organisation_named(session, CLOCK, "宜章县林业局")
        home.level, home.area_code = "county", COUNTY
        below = organisation_named(session, CLOCK, "莽山站")
        below.parent_id = home.id
        one = person(session)
        one.organisation_id = below.id
    found = ask(live, subject(live.settings, "county_admin"), "GET", f"people/{one.id}")
    assert found.json()["organisation_id"] == str(below.id)
    elsewhere = subject(live.settings, "county_admin", area_code=SIBLING)
    assert ask(live, elsewhere, "GET", f"people/{one.id}").status_code == 404
    with open_session(live.settings) as session:
        assert session.get_one(Organisation, below.id).parent_id == home.id
