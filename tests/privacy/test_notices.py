"""Which notice was shown before a person's whereabouts or words were recorded is kept with each record, and so are consents."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from server.accounts.service import add_person
from server.privacy import notices
from server.privacy.model import Consent, NoticeVersion, RecordNotice
from shared.notices import NOTICES
from shared.problems import Problem
from tests import records
from tests.admitting import CLOCK, outcomes, set_up

SHOWN = {"version": "2026-1", "basis": "duty", "accepted_at": "2025-05-20T08:00:00+08:00", "guardian": None}
CONSENT = {"kind": "volunteer", "version": "2026-1", "basis": "consent", "under_14": False, "guardian": False}


@pytest.fixture
def reception(reference: Session) -> Session:
    set_up(reference)
    return reference


def kept(session: Session) -> dict[UUID, tuple[str, str]]:
    return {row.id: (row.version, row.basis) for row in session.scalars(select(RecordNotice))}


def test_a_patrol_a_track_and_an_interview_keep_theirs(reception: Session) -> None:
    patrol = records.envelope(
        "patrol", records.event(event_type="patrol", sampling_protocol="patrol", notice=SHOWN)["body"]
    )
    track = records.envelope(
        "track_segment",
        records.observed(
            patrol_id=patrol["id"], leg=0, points=[[1747699740000, 1129287654, 249512345, 500, None]], notice=SHOWN
        ),
    )
    interview = records.occurrence(
        evidence_class="interview", notice=SHOWN | {"basis": "consent", "guardian": True, "accepted_at": None}
    )
    older = records.event()
    assert outcomes(reception, patrol, track, interview, older) == ["accepted"] * 4
    assert kept(reception) == {
        UUID(patrol["id"]): ("2026-1", "duty"),
        UUID(track["id"]): ("2026-1", "duty"),
        UUID(interview["id"]): ("2026-1", "consent"),
    }
    said = reception.get_one(RecordNotice, UUID(interview["id"]))
    assert (said.guardian, said.accepted_at) == (True, None)
    assert reception.get_one(RecordNotice, UUID(track["id"])).accepted_at == datetime(2025, 5, 20, 0, 0, tzinfo=UTC)


def test_a_later_version_and_a_deletion_are_followed(reception: Session) -> None:
    first = records.event(notice=SHOWN)
    assert outcomes(reception, first) == ["accepted"]
    second = records.edited(first, notice=SHOWN | {"basis": "employment"})
    assert outcomes(reception, second) == ["accepted"]
    reception.expire_all()
    assert list(kept(reception).values()) == [("2026-1", "employment")]
    assert outcomes(reception, records.tombstone(second)) == ["accepted"]
    assert kept(reception) == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"under_14": True}, "guardian"),
        ({"under_14": True, "guardian": True, "basis": "duty"}, "guardian"),
        ({"version": "1999-1"}, "version"),
        ({"kind": "else"}, "version"),
        ({"basis": "because"}, "basis"),
        ({"given_at": CLOCK.now() + timedelta(hours=1)}, "given_at"),
        ({"given_at": datetime(1, 1, 1, tzinfo=UTC)}, "given_at"),
    ],
)
def test_a_consent_that_is_none_is_refused(session: Session, change: dict[str, object], field: str) -> None:
    person = add_person(session, CLOCK, "志愿者").id
    with pytest.raises(Problem) as caught:
        notices.give_consent(session, CLOCK, "管理员", CONSENT | change, person_id=person)
    assert caught.value.extra["field"] == field
    assert session.scalars(select(Consent)).all() == []


def test_a_child_takes_part_with_its_guardian_and_no_date_of_birth(session: Session) -> None:
    person = add_person(session, CLOCK, "小志愿者").id
    given = CONSENT | {"under_14": True, "guardian": True}
    row = notices.give_consent(session, CLOCK, "管理员", given, person_id=person)
    assert notices.consents_of(session, person) == [row]
    notices.take_back(session, CLOCK, "管理员", row)
    assert row.withdrawn_at == CLOCK.now()
    columns = {column.name for column in Consent.__table__.columns}
    assert not [name for name in columns if "birth" in name]
    told = session.execute(text("SELECT action FROM audit_entry ORDER BY entry_no")).scalars().all()
    assert told[-2:] == ["consent", "consent_withdrawn"]


def test_the_database_asks_for_the_guardian_as_well(session: Session) -> None:
    person = add_person(session, CLOCK, "小志愿者").id
    notices.give_consent(session, CLOCK, "管理员", CONSENT, person_id=person)
    with pytest.raises(DBAPIError, match="check"):
        session.execute(text("UPDATE consent SET under_14 = true"))


def test_a_text_that_was_shown_never_changes(session: Session) -> None:
    assert notices.in_force(session) == dict(NOTICES)
    row = notices.publish(session, CLOCK, "管理员", "track", "2026-2", "轨迹记录告知书", "新的正文 𬶋")
    assert notices.in_force(session)["track"].version == row.version == "2026-2"
    assert session.get_one(NoticeVersion, ("track", "2026-1")).text == NOTICES["track"].text
    for version, text_ in (("2026-2", "另一正文"), ("2026-1", "另一正文"), ("", "正文"), ("2026-3", " ")):
        with pytest.raises(Problem):
            notices.publish(session, CLOCK, "管理员", "track", version, "题", text_)
    with pytest.raises(DBAPIError, match="permission denied"):
        session.execute(text("UPDATE notice_version SET text = 'x'"))
