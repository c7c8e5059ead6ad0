"""Many rows into a table by one statement."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.taxa.remembered import forget


def insert(session: Session, table: str, rows: Iterable[Mapping[str, Any]], conflict: str = "") -> None:
    """Columns are those of the first row; the table's own types read the values, so a row may hold lists and objects."""
    bound = [dict(row) for row in rows]
    if bound:
        columns = ", ".join(bound[0])
        session.execute(
            text(f"""
            INSERT INTO xiangye.{table} ({columns})
            SELECT {columns} FROM jsonb_populate_recordset(NULL::xiangye.{table}, CAST(:rows AS jsonb)) {conflict}"""),
            {"rows": json.dumps(bound, ensure_ascii=False, default=str)},
        )
        forget(session)
