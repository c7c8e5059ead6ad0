"""Which version of each list is in force on a day."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.clock import SystemClock, today_in_china

_REGION = "coalesce(v.descriptor->>'region', l.region)"
# The version first, then whether it speaks of the place: what a list said of another region before is no longer in force.
IN_FORCE = f"""
    latest AS (
        SELECT DISTINCT ON (v.list_id) v.*, l.kind, coalesce(v.descriptor->>'title_zh', l.title_zh) AS title_zh,
            coalesce(v.descriptor->>'short_title_zh', l.short_title_zh) AS short_title_zh, {_REGION} AS region,
            ARRAY(SELECT jsonb_array_elements_text(v.descriptor->'populations_excluded')) AS populations_excluded,
            coalesce(v.descriptor->>'populations_excluded_basis', '') AS populations_excluded_basis
        FROM xiangye.list_version v JOIN xiangye.species_list l USING (list_id)
        WHERE coalesce(v.in_force_on, '0001-01-01') <= :day
        ORDER BY v.list_id, v.in_force_on DESC NULLS LAST, v.loaded_no DESC),
    in_force AS (
        SELECT * FROM latest
        WHERE region IN ('CN', 'world') OR CAST(:region AS text) IS NULL OR :region LIKE region || '%')
"""


@dataclass(frozen=True)
class ListVersion:
    list_id: str
    kind: str
    title_zh: str
    short_title_zh: str
    version: str
    announcement: str
    issued_on: date | None
    in_force_on: date | None
    digest: str
    taxon_count: int
    group_count: int
    unverified_count: int
    unverified_rows: str


def today() -> date:
    return today_in_china(SystemClock())


def list_versions(session: Session, on: date | None = None) -> list[ListVersion]:
    """The version of each list that was in force on the day."""
    rows = session.execute(
        text(f"""WITH {IN_FORCE}
        SELECT list_id, kind, title_zh, short_title_zh, version, announcement, issued_on, in_force_on, digest, taxon_count, group_count,
            unverified_rows,
            (SELECT count(*) FROM xiangye.list_row r WHERE (r.list_id, r.version) = (f.list_id, f.version) AND r.status = 'unverified'
             AND NOT EXISTS (SELECT FROM xiangye.list_confirmation c WHERE (c.list_id, c.row_digest) = (r.list_id, r.digest))) AS unverified_count
        FROM in_force f ORDER BY list_id"""),
        {"day": on or today(), "region": None},
    )
    return [ListVersion(**row) for row in rows.mappings()]
