"""Which surveys somebody may see: those of the counties, areas and organisations of their grants, and those of no county."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, select, text, true
from sqlalchemy.orm import Session

from server.accounts.scopes import GROUPS, PROVINCE
from server.surveys.model import Survey
from shared.problems import Problem

_IN_SCOPES = """
    county_codes = '{}'
    OR EXISTS (SELECT FROM xiangye.scope c WHERE c.kind = 'county' AND c.code = ANY (county_codes) AND c.scope_no = ANY (:scope_numbers))
    OR EXISTS (SELECT FROM xiangye.scope a JOIN xiangye.named_place p ON p.code = a.code
        WHERE a.kind = 'area' AND a.scope_no = ANY (:scope_numbers) AND p.county_codes && xiangye.survey.county_codes)
    OR EXISTS (SELECT FROM xiangye.dataset d JOIN xiangye.scope o ON o.kind = 'organisation' AND o.code = d.organisation_id::text
        WHERE d.id = xiangye.survey.dataset_id AND o.scope_no = ANY (:scope_numbers))
"""


def visible(
    session: Session, scopes: Iterable[int], after: UUID | None = None, limit: int | None = None
) -> Sequence[Survey]:
    """By id, which tells when they were made. With a limit one more, where there is another page."""
    query = select(Survey).where(_within(scopes), ~Survey.withdrawn).order_by(Survey.id)
    if after is not None:
        query = query.where(Survey.id > after)
    return session.scalars(query if limit is None else query.limit(limit + 1)).all()


def one(session: Session, scopes: Iterable[int], survey_id: UUID) -> Survey:
    """Problem `not_found` alike for what is not there and for what is elsewhere."""
    found = session.scalar(select(Survey).where(Survey.id == survey_id, _within(scopes)))
    if found is None:
        raise Problem("not_found")
    return found


def _within(scopes: Iterable[int]) -> ColumnElement[bool]:
    numbers = {number // GROUPS for number in scopes}
    if PROVINCE in numbers:
        return true()
    return text(f"({_IN_SCOPES})").bindparams(scope_numbers=sorted(numbers))  # type: ignore[return-value]


def unknown_counties(session: Session, codes: Iterable[str]) -> set[str]:
    wanted = set(codes)
    return wanted - set(
        session.scalars(text("SELECT code FROM xiangye.county WHERE code = ANY (:codes)"), {"codes": sorted(wanted)})
    )


def recorded_in(session: Session, survey_ids: Iterable[UUID]) -> list[UUID]:
    """The records of these surveys whose lists depend on the surveys' counties."""
    rows = text("""
        SELECT id FROM xiangye.occurrence WHERE survey_id = ANY (:ids) UNION SELECT id FROM xiangye.event WHERE survey_id = ANY (:ids)
        UNION SELECT id FROM xiangye.finding WHERE survey_id = ANY (:ids)
    """)
    return list(session.scalars(rows, {"ids": list(survey_ids)}))
