"""A survey, a person and a tablet in a database, so that records can be admitted."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts.service import add_person
from server.accounts.viewer import LOCAL_OPERATOR, Actor
from server.sensitivity.queries import frozen_records
from server.surveys.service import add_dataset, add_survey
from server.sync.admission import Outcome, admit
from shared.clock import FixedClock, end_of_day_in_china
from tests import records

CLOCK = FixedClock(datetime(2025, 5, 21, 2, 0, tzinfo=UTC))
ACTOR = Actor(UUID(records.PERSON), UUID(records.DEVICE))


def set_up(session: Session) -> None:
    dataset = add_dataset(session, CLOCK, "测试数据集", "测试单位", dataset_id=UUID(records.DATASET))
    add_survey(session, CLOCK, "测试调查", "county_baseline", dataset, survey_id=UUID(records.SURVEY))
    add_person(session, CLOCK, "测试员", person_id=UUID(records.PERSON))


def send(session: Session, *sent: Any) -> list[Outcome]:
    return admit(session, ACTOR, CLOCK, sent)


def outcomes(session: Session, *sent: Any) -> list[str]:
    return [outcome.outcome for outcome in send(session, *sent)]


def count(session: Session, table: str) -> int:
    return session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def frozen(session: Session) -> dict[str, Any]:
    return {
        record.id: record
        for record in frozen_records(session, LOCAL_OPERATOR, CLOCK, "test", end_of_day_in_china("2025-06-01"))
    }
