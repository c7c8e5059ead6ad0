"""Tablets: enrolled by a picture, listed with when they were last seen, revoked at once."""

import base64
import io
import time
from urllib.parse import parse_qs
from uuid import UUID, uuid4

import pytest
import requests
from PIL import Image
from sqlalchemy import select

from server.accounts import enrolment_qr
from server.accounts.model import Device, Person
from server.accounts.service import issue_code
from server.db import open_session
from shared.problems import Problem
from tests import records
from tests.accounts.console import ask, code_of
from tests.admitting import CLOCK
from tests.people import headers, person, subject, token_for
from tests.serving import Live

SIBLING = "431024"


def enrol(live: Live, code: str, device: str | None = None) -> requests.Response:
    asked = {"code": code, "device_id": device or str(uuid4()), "device_name": "莽山一号", "app_version": "0.1.0"}
    return ask(live, {}, "POST", "devices/enrol", asked)


def surveyor(live: Live, area_code: str = "431022") -> UUID:
    with open_session(live.settings) as session:
        return person(session, "surveyor", area_code=area_code).id


def test_a_code_in_a_picture_brings_a_tablet_once(live: Live) -> None:
    lead, ranger = subject(live.settings, "station_lead"), surveyor(live)
    made = ask(live, lead, "POST", "devices/codes", {"person_id": str(ranger), "server": "https://xiangye.example/"})
    assert made.status_code == 201, made.text
    told = made.json()
    kind, _, query = told["payload"].partition("?")
    assert (kind, parse_qs(query)) == ("xiangye:1", {"server": ["https://xiangye.example"], "code": [told["code"]]})
    drawn = base64.b64decode(told["qr_png"])
    assert drawn == enrolment_qr.png(told["payload"])
    with Image.open(io.BytesIO(drawn)) as picture:
        assert picture.format == "PNG" and picture.width == picture.height > 200
    joined = enrol(live, told["code"])
    assert joined.status_code == 201
    assert joined.json()["person_id"] == str(ranger)
    assert joined.json()["credential"].startswith("xyd_")
    assert code_of(enrol(live, told["code"])) == (410, "enrolment_used")
    (listed,) = ask(live, lead, "GET", "devices").json()["items"]
    assert (listed["name"], listed["person_id"], listed["revoked_at"]) == ("莽山一号", str(ranger), None)
    assert joined.json()["credential"] not in str(listed)


def test_a_revoked_tablet_is_refused_within_60_s(live: Live) -> None:
    """T1: over real HTTP; the database is asked at each request, so it is the very next one."""
    lead, ranger = subject(live.settings, "station_lead"), surveyor(live)
    code = ask(live, lead, "POST", "devices/codes", {"person_id": str(ranger)}).json()["code"]
    joined = enrol(live, code).json()
    tablet = headers(joined["credential"])
    assert ask(live, tablet, "GET", "sync/session").status_code == 200
    (listed,) = ask(live, lead, "GET", "devices").json()["items"]
    assert listed["seen_at"] is not None
    assert ask(live, lead, "DELETE", f"devices/{joined['device_id']}").status_code == 204
    began = time.monotonic()
    for path in ("sync/session", "sync/changes", "packs/taxa"):
        assert code_of(ask(live, tablet, "GET", path)) == (401, "credential_unknown"), path
    assert code_of(ask(live, tablet, "POST", "sync/batches", {}))[0] == 401
    assert (
        requests.post(f"{live.url}/v1/uploads", headers=tablet | {"Tus-Resumable": "1.0.0"}, timeout=30).status_code
        == 401
    )
    assert time.monotonic() - began < 60
    (listed,) = ask(live, lead, "GET", "devices").json()["items"]
    assert listed["revoked_at"] is not None


def test_the_tablet_of_who_is_disabled_is_refused(live: Live) -> None:
    assert ask(live, live.headers, "GET", "sync/session").status_code == 200
    with open_session(live.settings) as session:
        session.get_one(Person, UUID(records.PERSON)).disabled_at = CLOCK.now()
    assert code_of(ask(live, live.headers, "GET", "sync/session")) == (401, "credential_unknown")


def test_a_tablet_of_another_county_is_like_none(live: Live) -> None:
    ranger = surveyor(live)
    with open_session(live.settings) as session:
        code = issue_code(session, CLOCK, ranger)
    device = enrol(live, code).json()["device_id"]
    elsewhere = subject(live.settings, "county_admin", area_code=SIBLING)
    assert ask(live, elsewhere, "GET", "devices").json()["items"] == []
    answers = {ask(live, elsewhere, "DELETE", f"devices/{one}").text for one in (device, uuid4())}
    answers |= {
        ask(live, elsewhere, "POST", "devices/codes", {"person_id": str(one)}).text for one in (ranger, uuid4())
    }
    assert len(answers) == 1
    with open_session(live.settings) as session:
        assert session.get_one(Device, UUID(device)).revoked_at is None


def test_everybody_sees_and_ends_their_own_tablets(live: Live) -> None:
    with open_session(live.settings) as session:
        ranger = person(session, "ranger")
        script, code = headers(token_for(session, ranger)), issue_code(session, CLOCK, ranger.id)
    device = enrol(live, code).json()["device_id"]
    assert [one["id"] for one in ask(live, script, "GET", "devices").json()["items"]] == [device]
    assert code_of(ask(live, script, "POST", "devices/codes", {"person_id": str(ranger.id)})) == (403, "not_allowed")
    assert ask(live, script, "DELETE", f"devices/{device}").status_code == 204


def test_nobody_enrols_a_tablet_for_who_reaches_further(live: Live) -> None:
    with open_session(live.settings) as session:
        both = person(session, "surveyor")
        from server.accounts.service import grant
        from server.accounts.viewer import LOCAL_OPERATOR

        grant(session, CLOCK, LOCAL_OPERATOR, both.id, "surveyor", "county", SIBLING)
    lead = subject(live.settings, "station_lead")
    asked = {"person_id": str(both.id)}
    assert code_of(ask(live, lead, "POST", "devices/codes", asked)) == (403, "not_allowed")
    assert ask(live, subject(live.settings, "province_admin"), "POST", "devices/codes", asked).status_code == 201


def test_t26_ten_codes_a_minute_for_each_device(live: Live) -> None:
    device = str(uuid4())
    tried = [code_of(enrol(live, "AAAA-BBBB-CCCC", device)) for _ in range(11)]
    assert tried == [(410, "enrolment_used")] * 10 + [(429, "too_many_requests")]
    assert code_of(enrol(live, "AAAA-BBBB-CCCC")) == (410, "enrolment_used")


def test_devices_come_in_pages(live: Live) -> None:
    ranger = surveyor(live)
    for _ in range(5):
        with open_session(live.settings) as session:
            code = issue_code(session, CLOCK, ranger)
        assert enrol(live, code).ok
    lead, after, found = subject(live.settings, "station_lead"), "", []
    while after is not None:
        answer = ask(live, lead, "GET", f"devices?limit=2{after and '&after='}{after}").json()
        found += [one["id"] for one in answer["items"]]
        after = answer["next"]
    with open_session(live.settings) as session:
        assert found == [
            str(one) for one in session.scalars(select(Device.id).where(Device.person_id == ranger).order_by(Device.id))
        ]
    for wrong in ("x", "WzFd", "WyIxIl0", "%F0%9F", "W" * 401):
        assert code_of(ask(live, lead, "GET", f"devices?after={wrong}")) == (422, "invalid"), wrong
    assert code_of(ask(live, lead, "GET", "devices?limit=101")) == (422, "invalid")
    assert code_of(ask(live, lead, "GET", "devices?place=here")) == (422, "invalid")


@pytest.mark.parametrize(
    ("server", "good"),
    [
        ("https://xiangye.example", True),
        ("https://xiangye.example:8443/base/", True),
        ("http://127.0.0.1:8710", True),
        ("http://[::1]:8710", True),
        ("http://localhost:8710", True),
        ("http://10.0.0.5:8710", False),
        ("http://localhost.example", False),
        ("https://", False),
        ("ftp://xiangye.example", False),
        ("https://a:b@xiangye.example", False),
        ("https://xiangye.example/?code=1", False),
        ("https://xiangye.example:x", False),
        ("https://[", False),
        ("莽山", False),
    ],
)
def test_the_picture_names_a_server_that_a_tablet_may_speak_to(server: str, good: bool) -> None:
    if good:
        assert enrolment_qr.payload(server, "A-B").startswith("xiangye:1?server=http")
    else:
        with pytest.raises(Problem) as caught:
            enrolment_qr.payload(server, "A-B")
        assert caught.value.extra["field"] == "server"


def test_the_terminal_shows_the_same_picture() -> None:
    drawn = enrolment_qr.terminal(enrolment_qr.payload("http://127.0.0.1:8710", "ABCD-EFGH-JKMN"))
    assert len(drawn.splitlines()) > 15
