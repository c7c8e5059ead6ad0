"""What is still open in the lists, and a person who stands for a row: append-only, and it holds for the same row later."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.taxa.in_force import IN_FORCE
from server.taxa.versions import BUILT_IN
from shared.clock import Clock

_OPEN = """r.status = 'unverified'
    AND NOT EXISTS (SELECT FROM xiangye.list_confirmation c WHERE (c.list_id, c.row_digest) = (r.list_id, r.digest))"""


def confirm(
    session: Session, list_id: str, entry_nos: Sequence[int], basis: str, by: str, clock: Clock, on: date
) -> list[dict[str, Any]]:
    """The rows confirmed, of the version in force; those that were not open before are left out."""
    rows = (
        session.execute(
            text(f"""WITH {IN_FORCE}
        SELECT r.version, r.entry_no, r.cells, r.digest, {_OPEN} AS open FROM in_force f JOIN xiangye.list_row r USING (list_id, version)
        WHERE list_id = :list ORDER BY r.entry_no"""),
            {"list": list_id, "day": on, "region": None},
        )
        .mappings()
        .all()
    )
    if not rows:
        raise ValueError(f"没有名录 {list_id}，或它还没有施行")
    missing = sorted(set(entry_nos) - {row["entry_no"] for row in rows})
    if missing:
        raise ValueError(f"名录 {list_id}（{rows[0]['version']}）没有第 {'、'.join(map(str, missing))} 行")
    if not basis.strip():
        raise ValueError("请写明核对的依据")
    wanted = [dict(row) for row in rows if row["entry_no"] in set(entry_nos) and row["open"]]
    if wanted:
        session.execute(
            text("""
            INSERT INTO xiangye.list_confirmation (list_id, row_digest, basis, confirmed_by, confirmed_at)
            VALUES (:list_id, :digest, :basis, :by, :at) ON CONFLICT DO NOTHING"""),
            [
                {"list_id": list_id, "digest": row["digest"], "basis": basis.strip(), "by": by, "at": clock.now()}
                for row in wanted
            ],
        )
    return wanted


def unverified(session: Session, on: date) -> list[dict[str, Any]]:
    """[{list_id, title_zh, version, rows}] of the lists in force that have open rows."""
    return _found(
        session,
        on,
        f"""SELECT f.list_id, f.title_zh, f.version, array_agg(r.entry_no ORDER BY r.entry_no) AS rows
        FROM in_force f JOIN xiangye.list_row r USING (list_id, version) WHERE {_OPEN} GROUP BY 1, 2, 3 ORDER BY 1""",
    )


def check(session: Session, on: date) -> dict[str, list[dict[str, Any]]]:
    """{unverified, unmatched, overdue, open_identifiers, conflicts}: all that waits for a person."""
    return {
        "unverified": unverified(session, on),
        "unmatched": _unmatched(session, on),
        "overdue": _found(
            session,
            on,
            """SELECT f.list_id, s.entry_no AS row, s.name, s.name_zh, s.review_on
            FROM in_force f JOIN xiangye.sensitivity_rule s USING (list_id, version) WHERE s.review_on < :day ORDER BY 1, 2""",
        ),
        "open_identifiers": _found(
            session,
            on,
            """SELECT f.list_id, r.entry_no AS row, r.cells->>'scientific_name' AS scientific_name, r.cells->>'authority' AS authority,
                r.cells->>'reason' AS reason
            FROM in_force f JOIN xiangye.list_row r USING (list_id, version)
            WHERE f.kind = 'identifiers' AND r.cells->>'match' = 'open' ORDER BY 1, 2""",
        ),
        "conflicts": _found(session, on, _CONFLICTS),
    }


_CONFLICTS = """
    SELECT n.name, n.language, array_agg(DISTINCT t.scientific_name ORDER BY t.scientific_name) AS taxa,
        array_agg(DISTINCT n.source ORDER BY n.source) AS lists
    FROM xiangye.taxon_name n JOIN xiangye.taxon t USING (taxon_id)
    WHERE t.status = 'accepted' AND n.language IN ('la', 'zh') GROUP BY 1, 2
    HAVING count(DISTINCT n.taxon_id) > 1 AND bool_or(n.kind = 'accepted') ORDER BY 2, 1
"""


def _unmatched(session: Session, on: date) -> list[dict[str, Any]]:
    """Rows of an agency's lists whose taxon no other list has."""
    return _found(
        session,
        on,
        f"""SELECT f.list_id, e.entry_no AS row, e.scientific_name, e.name_zh
        FROM in_force f JOIN xiangye.list_entry e USING (list_id, version) JOIN xiangye.list_row r USING (list_id, version, entry_no)
        WHERE f.loaded_by <> '{BUILT_IN}' AND {_OPEN} AND NOT EXISTS (
            SELECT FROM xiangye.list_entry o WHERE o.taxon_id = e.taxon_id AND o.list_id <> e.list_id)
        ORDER BY 1, 2""",
    )


def _found(session: Session, on: date, statement: str) -> list[dict[str, Any]]:
    rows = session.execute(text(f"WITH {IN_FORCE} {statement}"), {"day": on, "region": None})
    return [dict(row) for row in rows.mappings()]
