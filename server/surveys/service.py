"""Surveys and the data sets that hold their records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db import Base, put
from server.surveys.model import NEEDS_REVIEW, Dataset, Survey
from shared.clock import CHINA, Clock, observed_interval
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


@dataclass(frozen=True)
class SurveyToWrite:
    """As the merged view of its versions has it; `withdrawn`: somebody took it back, and it stays for the records that name it."""

    id: UUID
    body: Mapping[str, Any]
    withdrawn: bool


def write(session: Session, surveys: Sequence[SurveyToWrite], now: datetime) -> set[UUID]:
    """With a data set of its own for each. Those whose counties changed."""
    if not surveys:
        return set()
    known = select(Survey.id, Survey.county_codes).where(Survey.id.in_([one.id for one in surveys]))
    before = {row[0]: row[1] for row in session.execute(known)}
    _put(session, Dataset, [_dataset_row(one, now) for one in surveys])
    _put(session, Survey, [_survey_row(one, now) for one in surveys])
    return {one.id for one in surveys if before.get(one.id, one.body["county_codes"]) != one.body["county_codes"]}


def _put(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    changed = ", ".join(f"{name} = excluded.{name}" for name in rows[0] if name not in ("id", "created_at"))
    put(session, table, rows, f"(id) DO UPDATE SET {changed}")


def _dataset_row(one: SurveyToWrite, now: datetime) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.body["title"],
        "owner": one.body["owner"] or "",
        "licence": DEFAULT_LICENCE,
        "demonstration": False,
        "cross_border": NEEDS_REVIEW,
        "created_at": now,
    }


def _survey_row(one: SurveyToWrite, now: datetime) -> dict[str, Any]:
    return {
        "id": one.id,
        "dataset_id": one.id,
        "title": one.body["title"],
        "kind": one.body["survey_kind"],
        "profile": DEFAULT_PROFILE,
        "county_codes": one.body["county_codes"],
        "starts_on": _day(one.body, first=True),
        "ends_on": _day(one.body, first=False),
        "created_at": now,
        "withdrawn": one.withdrawn,
    }


def _day(body: Mapping[str, Any], first: bool) -> date | None:
    start, end = observed_interval(body)
    moment = start if first else end
    told = body["observed_from"] if first else body["observed_to"]
    return moment.astimezone(CHINA).date() if moment and told else None
