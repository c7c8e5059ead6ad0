"""A survey begun in the field: by whom, in any order with what belongs to it, and withdrawn again."""

import itertools
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts.service import enrol, issue_code
from server.accounts.viewer import Actor
from server.surveys import queries
from server.surveys.service import datasets_by_survey
from server.sync.admission import Outcome, admit
from shared.ids import uuid7
from tests import records
from tests.admitting import CLOCK, set_up
from tests.people import person


@pytest.fixture
def lead(reference: Session) -> Actor:
    """The lead of a station in Yizhang, with a tablet."""
    set_up(reference)
    return _somebody(reference, "station_lead", "county", "431022")


def _somebody(session: Session, role: str, kind: str, code: str) -> Actor:
    who, device = person(session, role, kind, code).id, uuid7()
    enrol(session, CLOCK, issue_code(session, CLOCK, who), device, "平板", "0.1.0")
    return Actor(who, device)


def _by(actor: Actor, record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "author": str(actor.person_id), "device": str(actor.device_id)}


def _survey(actor: Actor, **fields: Any) -> dict[str, Any]:
    return _by(actor, records.survey(county_codes=["431022"], **fields))


def _admit(session: Session, actor: Actor, *sent: dict[str, Any]) -> list[Outcome]:
    return admit(session, actor, CLOCK, sent)


def _told(session: Session, actor: Actor, *sent: dict[str, Any]) -> list[tuple[str, str | None]]:
    told = _admit(session, actor, *sent)
    return [(one.outcome, one.reason) for one in told]


def _row(session: Session, survey: dict[str, Any]) -> Any:
    query = text(
        "SELECT title, kind, county_codes, starts_on::text, withdrawn, dataset_id FROM xiangye.survey WHERE id = :id"
    )
    return session.execute(query, {"id": survey["id"]}).first()


def test_a_lead_begins_a_survey_and_records_belong_to_it(reference: Session, lead: Actor) -> None:
    survey = _survey(lead, title="莽山补充调查")
    find = _by(lead, records.occurrence(survey_id=survey["id"]))
    assert _told(reference, lead, find, survey) == [("accepted", None), ("accepted", None)]
    row = _row(reference, survey)
    assert tuple(row)[:5] == ("莽山补充调查", "county_baseline", ["431022"], "2025-05-20", False)
    assert datasets_by_survey(reference)[UUID(survey["id"])] == UUID(survey["id"])
    stored = reference.execute(
        text("SELECT dataset_id FROM occurrence WHERE id = :id"), {"id": find["id"]}
    ).scalar_one()
    assert stored == UUID(survey["id"])
    assert _told(reference, lead, survey, find) == [("already_have", None), ("already_have", None)]
    edited = records.edited(survey, title="莽山补充调查（二）")
    assert _told(reference, lead, edited) == [("accepted", None)]
    assert _row(reference, survey).title == "莽山补充调查（二）"


def test_what_came_before_its_survey_is_taken_up_with_it(reference: Session, lead: Actor) -> None:
    """P5: in two batches, the child first."""
    survey = _survey(lead)
    finds = [_by(lead, records.occurrence(survey_id=survey["id"])) for _ in range(2)]
    assert _told(reference, lead, *finds) == [("quarantined", "survey_unknown")] * 2
    assert _told(reference, lead, survey) == [("accepted", None)]
    states = reference.execute(
        text("SELECT state FROM ledger WHERE id = ANY(:ids)"), {"ids": [UUID(one["id"]) for one in finds]}
    )
    assert [row[0] for row in states] == ["current"] * 2
    assert _told(reference, lead, *finds) == [("already_have", None)] * 2
    waiting = text("SELECT count(*) FROM precise.quarantine WHERE readmitted_at IS NULL AND reason = 'survey_unknown'")
    reference.execute(text("SET LOCAL ROLE xiangye_precise"))
    assert reference.execute(waiting).scalar_one() == 0


def test_who_may_begin_a_survey_and_where(reference: Session, lead: Actor) -> None:
    surveyor = _somebody(reference, "surveyor", "county", "431022")
    prefecture = _somebody(reference, "prefecture_admin", "prefecture", "431000")
    assert _told(reference, surveyor, _survey(surveyor)) == [("quarantined", "not_yours")]
    assert _told(reference, lead, _by(lead, records.survey(county_codes=["431022", "431021"]))) == [
        ("quarantined", "not_yours")
    ]
    assert _told(reference, prefecture, _by(prefecture, records.survey(county_codes=["431022", "431021"]))) == [
        ("accepted", None)
    ]
    assert _told(reference, prefecture, _by(prefecture, records.survey(county_codes=["430121"]))) == [
        ("quarantined", "not_yours")
    ]
    assert _told(reference, prefecture, _by(prefecture, records.survey(county_codes=["999999"]))) == [
        ("quarantined", "county_unknown")
    ]


def test_a_survey_of_the_server_is_not_changed_from_the_field(reference: Session, lead: Actor) -> None:
    taken = _survey(lead, title="改名") | {"id": records.SURVEY}
    taken["body"] = {**taken["body"], "survey_id": records.SURVEY}
    (told,) = _admit(reference, lead, taken)
    assert (told.outcome, told.reason, told.detail[0]["field"]) == ("quarantined", "not_yours", "id")
    assert _row(reference, taken).title == "测试调查"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": " "}, "body.title"),
        ({"survey_kind": "holiday"}, "body.survey_kind"),
        ({"county_codes": []}, "body.county_codes"),
        ({"county_codes": ["43102"]}, "body.county_codes.0"),
        ({"dataset_id": records.DATASET}, "body.dataset_id"),
        ({"survey_id": records.SURVEY}, "body.survey_id"),
    ],
)
def test_a_bad_survey_is_told_by_its_field(reference: Session, lead: Actor, fields: dict[str, Any], field: str) -> None:
    survey = _survey(lead)
    survey["body"] |= fields
    (told,) = _admit(reference, lead, survey)
    assert (told.outcome, told.reason, told.detail[0]["field"]) == ("quarantined", "invalid", field)


def test_a_withdrawn_survey_keeps_its_records_and_is_offered_no_more(reference: Session, lead: Actor) -> None:
    """P5: survey, find and withdrawal in each of their orders end alike."""
    ends = set()
    survey = _survey(lead)
    find, gone = _by(lead, records.occurrence(survey_id=survey["id"])), records.tombstone(survey)
    for order in itertools.permutations([survey, find, gone]):
        with reference.begin_nested() as attempt:
            for record in order:
                _admit(reference, lead, record)
            found = [row.id for row in queries.visible(reference, [0])]
            assert UUID(survey["id"]) not in found
            states = reference.execute(
                text("SELECT kind, state FROM ledger WHERE id = ANY(:ids) ORDER BY kind"),
                {"ids": [UUID(survey["id"]), UUID(find["id"])]},
            )
            ends.add((tuple(map(tuple, states)), _row(reference, survey).withdrawn))
            attempt.rollback()
    assert ends == {((("occurrence", "current"), ("survey", "deleted")), True)}


def test_a_survey_that_moves_to_another_county_takes_its_records_to_other_lists(reference: Session) -> None:
    set_up(reference)
    admin = _somebody(reference, "prefecture_admin", "prefecture", "431000")
    survey = _survey(admin)
    find = _by(admin, records.occurrence(survey_id=survey["id"], place=None))
    _admit(reference, admin, survey, find)

    def counties() -> set[str]:
        query = text("""
            SELECT c.code FROM xiangye.record_scope r JOIN xiangye.scope c USING (scope_no) WHERE r.id = :id AND c.kind = 'county'
        """)
        return set(reference.scalars(query, {"id": find["id"]}))

    assert counties() == {"431022"}
    _admit(reference, admin, records.edited(survey, county_codes=["431021"]))
    assert counties() == {"431021"}
