"""Drafts, kept field by field."""

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mobile.store.database import Database


@dataclass(frozen=True)
class Draft:
    draft_id: str
    form: str
    started_at: str
    values: dict[str, Any]


class Drafts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, draft_id: str, form: str, values: dict[str, Any], now: datetime) -> None:
        """These fields, at once; the draft begins with its first."""
        stamp = now.isoformat(timespec="seconds")
        with self._database.transaction() as connection:
            connection.execute(
                "insert into draft values (?, ?, ?, ?) on conflict (draft_id) do update set updated_at = excluded.updated_at",
                (draft_id, form, stamp, stamp),
            )
            connection.executemany(
                "insert or replace into draft_field values (?, ?, ?)",
                [(draft_id, field, json.dumps(value, ensure_ascii=False)) for field, value in values.items()],
            )

    def all(self, form: str | None = None) -> list[Draft]:
        """Newest first."""
        rows = self._database.rows(
            "select * from draft where ? is null or form = ? order by started_at desc, draft_id desc", (form, form)
        )
        return [Draft(row["draft_id"], row["form"], row["started_at"], self._values(row["draft_id"])) for row in rows]

    def discard(self, draft_id: str) -> None:
        with self._database.transaction() as connection:
            self.close(connection, draft_id)

    def close(self, connection: sqlite3.Connection, draft_id: str) -> None:
        """In the caller's transaction: the draft ends where its records begin."""
        connection.execute("delete from draft where draft_id = ?", (draft_id,))

    def _values(self, draft_id: str) -> dict[str, Any]:
        rows = self._database.rows("select field, value from draft_field where draft_id = ?", (draft_id,))
        return {row["field"]: json.loads(row["value"]) for row in rows}
