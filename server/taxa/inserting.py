"""Many rows into a table by one statement."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from server.db import put
from server.taxa.remembered import forget


def insert(session: Session, table: str, rows: Iterable[Mapping[str, Any]], conflict: str = "") -> None:
    """Columns are those of the first row; the table's own types read the values, so a row may hold lists and objects."""
    bound = list(rows)
    if bound:
        put(session, f"xiangye.{table}", bound, conflict.removeprefix("ON CONFLICT "))
        forget(session)
