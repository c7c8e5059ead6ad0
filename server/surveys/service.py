"""Surveys and the data sets that hold their records."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.surveys.model import Dataset, Survey
from shared.clock import Clock
from shared.ids import uuid7
from shared.problems import Problem
from shared.vocabulary import SURVEY_KINDS

DEFAULT_PROFILE = "hunan-county/1"
DEFAULT_LICENCE = "CC BY-NC 4.0"


def add_dataset(
    session: Session, clock: Clock, title: str, owner: str, demonstration: bool = False, dataset_id: UUID | None = None
) -> Dataset:
    dataset = Dataset(
        id=dataset_id or uuid7(),
        title=title,
        owner=owner,
        licence=DEFAULT_LICENCE,
        demonstration=demonstration,
        created_at=clock.now(),
    )
    session.add(dataset)
    session.flush()
    return dataset


def add_survey(
    session: Session,
    clock: Clock,
    title: str,
    kind: str,
    dataset: Dataset,
    counties: Sequence[str] = (),
    survey_id: UUID | None = None,
) -> Survey:
    if kind not in SURVEY_KINDS:
        raise Problem("invalid", f"未知的调查类型 {kind!r}；可用：{'、'.join(SURVEY_KINDS)}", field="kind")
    survey = Survey(
        id=survey_id or uuid7(),
        dataset_id=dataset.id,
        title=title,
        kind=kind,
        profile=DEFAULT_PROFILE,
        county_codes=list(counties),
        created_at=clock.now(),
    )
    session.add(survey)
    session.flush()
    return survey


def survey(session: Session, survey_id: UUID) -> Survey:
    found = session.get(Survey, survey_id)
    if found is None:
        raise Problem(
            "survey_unknown", f"没有编号为 {survey_id} 的调查项目；xiangye survey list 列出全部", field="survey_id"
        )
    return found


def datasets_by_survey(session: Session) -> dict[UUID, UUID]:
    return {row[0]: row[1] for row in session.execute(select(Survey.id, Survey.dataset_id))}
