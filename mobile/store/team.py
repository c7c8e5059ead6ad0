"""What the server tells of colleagues' records: to look at, never to change or send."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mobile.store.database import Database
from mobile.store.pulled import is_number
from shared.wire.team import mark

_NEEDED = ("record_id", "kind", "survey_id", "state", "observed_from")
_MAY_LACK = ("scientific_name", "name_zh", "county", "grid_cell", "date_precision", "observer")


@dataclass(frozen=True)
class TeamRecord:
    record_id: str
    survey_id: str
    state: str
    scientific_name: str
    name_zh: str
    county: str
    observed_from: str
    observer: str


class Team:
    def __init__(self, database: Database) -> None:
        self._database = database

    def cursor(self) -> int:
        return self._reached()[0]

    def cursor_of(self) -> str:
        """What the server called the cursor's owner; empty before the first pull."""
        return self._reached()[1]

    def count(self) -> int:
        return self._database.count("select count(*) from team_record")

    def latest(self, most: int) -> list[TeamRecord]:
        """By when they were observed, newest first."""
        names = ", ".join(TeamRecord.__dataclass_fields__)
        rows = self._database.rows(
            f"select {names} from team_record order by observed_from desc, record_id desc limit ?", (most,)
        )
        return [TeamRecord(**dict(row)) for row in rows]

    def take(self, records: Sequence[Any], gone: Sequence[Any], cursor: int, whose: str, anew: bool) -> int:
        """A page and the cursor behind it, together; how many could be read. What cannot be is only left out: it is no record of
        this tablet, and the next telling of it may be better."""
        rows = [row for row in map(_row, records) if row is not None]
        with self._database.transaction() as connection:
            if anew:
                connection.execute("delete from team_record")
            _drop(connection, gone)
            connection.executemany(
                "insert or replace into team_record values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
            )
            connection.execute("insert or replace into team_cursor values (1, ?, ?)", (cursor, whose))
        return len(rows)

    def forget(self) -> None:
        """Another person's tablet, or another server's: nothing of them is for it until it is told anew."""
        with self._database.transaction() as connection:
            connection.execute("delete from team_record")
            connection.execute("delete from team_cursor")

    def _reached(self) -> tuple[int, str]:
        rows = self._database.rows("select cursor, whose from team_cursor")
        return (rows[0]["cursor"], rows[0]["whose"]) if rows else (0, "")


def _drop(connection: sqlite3.Connection, marks: Iterable[Any]) -> None:
    connection.executemany("delete from team_record where mark = ?", [(one,) for one in marks if isinstance(one, str)])


def _row(told: Any) -> tuple[Any, ...] | None:
    if not isinstance(told, Mapping) or not is_number(told.get("change_no")):
        return None
    values = {name: told.get(name) for name in (*_NEEDED, *_MAY_LACK)}
    if not all(isinstance(values[name], str) and values[name] for name in _NEEDED):
        return None
    text = {name: value if isinstance(value, str) else "" for name, value in values.items()}
    return (
        text["record_id"],
        mark(text["record_id"]),
        told["change_no"],
        *(text[name] for name in ("kind", "survey_id", "state", "scientific_name", "name_zh", "county", "grid_cell")),
        *(text[name] for name in ("observed_from", "date_precision", "observer")),
    )
