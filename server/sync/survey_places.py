"""Where the surveys of a person are: their counties by name. Surveys have no finer places of their own."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.places.model import CountyAlias, CountyRow
from server.places.queries import BoundariesMissing, boundary_version
from server.surveys.model import Survey
from shared.canonical import digest

_DIGEST_LENGTH = 16


def places_of(session: Session, surveys: list[dict[str, str]], known: str) -> dict[str, Any]:
    """`known`: the digest that the tablet has; nothing is told again, so that a sync with nothing new stays small."""
    ids = [one["survey_id"] for one in surveys]
    rows = session.execute(select(Survey.id, Survey.county_codes).where(Survey.id.in_(ids))).all() if ids else ()
    codes = {code for row in rows for code in row.county_codes}
    names = _names(session, codes) if codes else {}
    told = {
        str(row.id): [{"code": code, "name": names.get(code, "")} for code in row.county_codes]
        for row in rows
        if row.county_codes
    }
    now = digest(told)[:_DIGEST_LENGTH]
    return {} if now == known else {"places": {"digest": now, "surveys": told}}


def _names(session: Session, codes: set[str]) -> dict[str, str]:
    """Of the counties in force; a code that has gone out of use bears the name of its successor."""
    try:
        version = boundary_version(session)
    except BoundariesMissing:
        return {}
    aliases = select(CountyAlias.code, CountyAlias.current_code).where(CountyAlias.code.in_(codes))
    current = {code: code for code in codes} | {row[0]: row[1] for row in session.execute(aliases) if row[1]}
    query = select(CountyRow.code, CountyRow.name_zh)
    wanted = query.where(CountyRow.boundary_version == version, CountyRow.code.in_(set(current.values())))
    found = {row[0]: row[1] for row in session.execute(wanted)}
    return {code: found[now] for code, now in current.items() if now in found}
