"""L8: the original of a photo, by its id or by its digest, for none but who holds a grant for its records."""

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests

from server.accounts.queries import viewer_of
from server.accounts.rights import ROLES
from server.audit.model import AuditEntry
from server.db import session_factory
from server.sensitivity import granting
from server.sensitivity.model import PreciseGrant
from server.sensitivity.scoping import shown_ids
from shared.ids import uuid7
from tests.admitting import CLOCK, outcomes
from tests.media.photos import bring, jpeg, photo_of, send_with_photo
from tests.people import headers, person, subject, token_for
from tests.records import PANGOLIN, occurrence
from tests.serving import Live


class Case:
    """A pangolin's photo, a reviewer who asked for its record, and an administrator who approved."""

    def __init__(self, live: Live, folder: Path) -> None:
        self.live, self.data = live, jpeg()
        record, photo = send_with_photo(live.settings, folder, self.data, known=True, taxon=PANGOLIN)
        self.record = UUID(record)
        with session_factory(live.settings)() as session:
            self.shown = shown_ids(session, [UUID(photo)])[UUID(photo)]
            reader, approver = person(session, "reviewer"), person(session, "county_admin")
            self.reader = headers(token_for(session, reader))
            wanted = granting.Wanted("核对照片中的洞穴位置", [self.record])
            self.grant = granting.ask(session, viewer_of(session, CLOCK, reader.id), CLOCK, wanted).id
            self.approver_id = approver.id
            session.commit()

    def approve(self) -> "Case":
        with session_factory(self.live.settings)() as session:
            granting.approve(session, viewer_of(session, CLOCK, self.approver_id), CLOCK, self.grant)
            session.commit()
        return self

    def get(self, as_: dict[str, str], id_: Any = None, **query: str) -> requests.Response:
        address = f"{self.live.url}/v1/media/{id_ or self.shown}/original"
        return requests.get(address, headers=as_, params=query, timeout=20)


@pytest.fixture
def case(live: Live, tmp_path: Path) -> Case:
    return Case(live, tmp_path)


def test_who_holds_a_grant_gets_the_file_as_it_came_and_is_logged(case: Case) -> None:
    """L8, P13"""
    case.approve()
    answer = case.get(case.reader, grant=str(case.grant))
    assert (answer.status_code, answer.content) == (200, case.data)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    with session_factory(case.live.settings)() as session:
        [entry] = session.query(AuditEntry).filter(AuditEntry.action == "read_precise").all()
    assert entry.detail["ids"] == [str(case.record)]
    assert (entry.detail["grant"], entry.detail["purpose"]) == (str(case.grant), "核对照片中的洞穴位置")


def test_all_others_hear_that_it_is_not_there(case: Case) -> None:
    """L8: every role, with no grant, somebody else's, one not yet approved; by id, real id, digest and file name."""
    absent = case.get(case.reader, uuid7())
    assert absent.status_code == 404
    assert case.get(case.reader, grant=str(case.grant)).content == absent.content, "not yet approved"
    case.approve()
    assert case.get({}).status_code == 401
    assert case.get(case.live.headers).status_code == 401
    for role in ROLES:
        other = subject(case.live.settings, role)
        for query in ({}, {"grant": str(case.grant)}, {"grant": str(uuid7())}):
            answer = case.get(other, **query)
            assert (answer.status_code, answer.content) == (404, absent.content), (role, query)
    for id_ in (case.record, hashlib.sha256(case.data).hexdigest(), "照片.jpg"):
        assert case.get(case.reader, id_, grant=str(case.grant)).status_code == 404
    with session_factory(case.live.settings)() as session:
        assert session.query(AuditEntry).filter(AuditEntry.action == "read_precise").count() == 0


def test_a_grant_that_ended_is_none(case: Case) -> None:
    case.approve()
    with session_factory(case.live.settings)() as session:
        session.get_one(PreciseGrant, case.grant).expires_at = CLOCK.now() - timedelta(seconds=1)
        session.commit()
    assert case.get(case.reader, grant=str(case.grant)).status_code == 404


def test_a_grant_for_one_record_opens_no_photo_that_shows_another_too(case: Case, tmp_path: Path) -> None:
    case.approve()
    other, data = occurrence(taxon=PANGOLIN), jpeg(at="2025:05:20 08:30:00")
    both = photo_of([str(case.record), other["id"]], data)
    with session_factory(case.live.settings)() as session:
        assert outcomes(session, other, both) == ["accepted", "accepted"]
        bring(session, case.live.settings, tmp_path, data)
        shown = shown_ids(session, [UUID(both["id"])])[UUID(both["id"])]
        session.commit()
    assert case.get(case.reader, shown, grant=str(case.grant)).status_code == 404
