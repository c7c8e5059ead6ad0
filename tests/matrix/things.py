"""What people ask for and keep in a place, beside the records: one of each, so that every route has something to be asked for."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts import tokens
from server.accounts.model import RoleGrant
from server.accounts.queries import viewer_of
from server.accounts.rights import ASK_PRECISE
from server.accounts.viewer import LOCAL_OPERATOR
from server.db import looking_through
from server.exchange.model import Export, ExportRecord
from server.privacy.contacts import add
from server.privacy.notices import give_consent
from server.privacy.sealing import contact_key
from server.sensitivity import granting
from server.sensitivity.model import PreciseStop
from server.settings import Settings
from server.verification.model import QualityCheck
from shared.ids import uuid7
from shared.notices import NOTICES
from tests.admitting import CLOCK
from tests.people import person

_CONSENT = {"basis": "consent", "under_14": False, "guardian": False, "given_at": None}


def things_of(
    session: Session, settings: Settings, county: str, surveyor: UUID, survey: UUID, occurrence: UUID
) -> dict[str, UUID]:
    """Ids by what a route calls them; `occurrence`: the real id of a guarded one."""
    return {
        "token": tokens.issue(session, CLOCK, surveyor, "矩阵", CLOCK.now() + timedelta(days=1))[0].id,
        "grant": session.scalars(select(RoleGrant.id).where(RoleGrant.person_id == surveyor)).one(),
        "consent": give_consent(session, CLOCK, "test", _given("volunteer"), person_id=surveyor).id,
        "contact": _contact(session, settings, county),
        "check": _check(session, survey, occurrence),
        **_asked_by_a_reviewer(session, county, occurrence),
    }


def _given(kind: str) -> dict[str, object]:
    return {**_CONSENT, "kind": kind, "version": NOTICES[kind].version}


def _contact(session: Session, settings: Settings, county: str) -> UUID:
    asked = {"kind": "interviewee", "county_code": county, "consent": _given("interview")}
    return add(session, LOCAL_OPERATOR, CLOCK, contact_key(settings), asked, {"phone": "13800000000"}).id


def _check(session: Session, survey: UUID, occurrence: UUID) -> UUID:
    check = QualityCheck(
        id=uuid7(),
        kind="voucher",
        survey_id=survey,
        original_id=occurrence,
        state="open",
        drawn_by="test",
        drawn_at=CLOCK.now(),
        share="0.1",
    )
    session.add(check)
    session.flush()
    return check.id


def _asked_by_a_reviewer(session: Session, county: str, occurrence: UUID) -> dict[str, UUID]:
    reviewer = viewer_of(session, CLOCK, person(session, "reviewer", "county", county).id).within(ASK_PRECISE)
    with looking_through(session, reviewer.scopes):
        grant = granting.ask(session, reviewer, CLOCK, granting.Wanted("核对洞穴位置", record_ids=[occurrence]))
    assert reviewer.person_id is not None
    session.add(PreciseStop(id=uuid7(), person_id=reviewer.person_id, at=CLOCK.now()))
    return {
        "reader": reviewer.person_id,
        "precise_grant": grant.id,
        "export": _waiting_export(session, reviewer.person_id, grant.id, occurrence),
    }


def _waiting_export(session: Session, person_id: UUID, grant_id: UUID, occurrence: UUID) -> UUID:
    """As it stands when it holds more exact places than one person may take alone."""
    now = CLOCK.now()
    export = Export(
        id=uuid7(),
        person_id=person_id,
        format="csv",
        edition="exact",
        chosen={},
        grant_id=grant_id,
        state="waiting",
        row_count=1,
        record_count=1,
        exact_count=1,
        asked_at=now,
        expires_at=now + timedelta(days=1),
    )
    session.add(export)
    session.flush()
    session.add(ExportRecord(export_id=export.id, record_id=occurrence, level=1, exact=True))
    session.flush()
    return export.id
