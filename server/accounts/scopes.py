"""The numbers by which row-level security knows what a grant lets be seen: scope_no * 16 + taxon group, 0 for all groups."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.settings import from_environment

PROVINCE, GROUPS = 0, 16
"""The whole province is scope 0, in which every record lies; so its number for every group is db.EVERYTHING."""

# A scope without a row is one in which no record lies: it has no number, and needs none.
_OF_AREA = {
    "county": """
        SELECT scope_no FROM xiangye.scope WHERE kind = 'county' AND (code = :code
            OR code = (SELECT current_code FROM xiangye.county_alias WHERE code = :code))
        """,
    "area": "SELECT scope_no FROM xiangye.scope WHERE kind = 'area' AND code = :code",
    "organisation": "SELECT scope_no FROM xiangye.scope WHERE kind = 'organisation' AND code = :code",
    "prefecture": """
        WITH ever AS (
            SELECT code FROM xiangye.county WHERE prefecture_code = :code
            UNION SELECT code FROM xiangye.scope WHERE kind = 'county' AND left(code, 4) || '00' = :code)
        SELECT scope_no FROM ever JOIN xiangye.scope s USING (code) LEFT JOIN LATERAL (
            SELECT c.prefecture_code AS above FROM xiangye.county c JOIN xiangye.boundary_version v ON v.id = c.boundary_version
            WHERE c.code = ever.code ORDER BY v.valid_to DESC NULLS FIRST, v.loaded_at DESC LIMIT 1) newest ON true
        WHERE s.kind = 'county' AND coalesce(above, left(code, 4) || '00') = :code
        """,
    "province": "SELECT scope_no FROM xiangye.scope WHERE kind = 'county' AND left(code, 2) = left(:code, 2)",
}


def numbers(session: Session, area_kind: str, area_code: str, taxon_group: str | None = None) -> frozenset[int]:
    """What a grant for this area, and for this group of taxa alone if one is named, lets be seen."""
    group = _group_no(session, taxon_group) if taxon_group else 0
    if group is None:
        return frozenset()
    if area_kind == "province" and area_code[:2] == from_environment().home_province[:2]:
        return frozenset({PROVINCE * GROUPS + group})
    found = session.execute(text(_OF_AREA[area_kind]), {"code": area_code})
    return frozenset(row[0] * GROUPS + group for row in found)


def of_person(session: Session, person_id: UUID) -> frozenset[int]:
    """What the person recorded, wherever that was."""
    query = text("SELECT scope_no FROM xiangye.scope WHERE kind = 'person' AND code = :code")
    return frozenset(number * GROUPS for number in session.scalars(query, {"code": str(person_id)}))


def _group_no(session: Session, taxon_group: str) -> int | None:
    found: int | None = session.scalar(text("SELECT xiangye.group_no(:name)"), {"name": taxon_group})
    return found
