"""What the server says of records since the last cursor."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from mobile.store.conflicts import take_conflicts
from mobile.store.database import Database
from mobile.store.reviews import take_reviews
from shared.failpoints import fail

MAX_NUMBER = 2**63 - 1  # what the store can hold
_ASIDE = "change_aside:"
_MOST_ASIDE, _LONGEST_ASIDE = 100, 4000
_TEXTS = ("record_id", "kind", "state")


def is_number(value: Any) -> bool:
    """A number of the server's count of changes."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_NUMBER


READ_SINCE = "服务器已重新读入，等待收据"


class Pulled:
    def __init__(self, database: Database) -> None:
        self._database = database

    def cursor(self) -> int:
        rows = self._database.rows("select value from setting where name = 'cursor'")
        return int(rows[0]["value"]) if rows else 0

    def cursor_of(self) -> str:
        """Whose changes the cursor counts, and in which epoch; empty where an app from before did not note it."""
        rows = self._database.rows("select value from setting where name = 'cursor_of'")
        return rows[0]["value"] if rows else ""

    def take(self, changes: Sequence[Any], cursor: int, whose: str = "", anew: bool = False) -> list[str]:
        """The changes and the cursor behind them, together."""
        # `anew`: in the place of all that was known. Those that nobody can read are kept aside and named, and hold up no other.
        wrong = [_wrong(change) for change in changes]
        readable = [change for change, words in zip(changes, wrong, strict=True) if not words]
        with self._database.transaction() as connection:
            if anew:
                _forget(connection)
            connection.executemany(
                "insert or replace into server_state values (?, ?, ?, ?, ?)",
                [(c["record_id"], c["kind"], c["state"], c.get("head_digest"), c["change_no"]) for c in readable],
            )
            # One that could not be read has been read since: its receipt is fetched by offering it again.
            connection.executemany(
                "update outbox set state = 'waiting', attempts = 0, next_try_at = null, last_reason = ? "
                "where state = 'quarantined' and record_id = ?",
                [(READ_SINCE, change["record_id"]) for change in readable],
            )
            fail("page_without_cursor")
            take_reviews(connection, readable)
            take_conflicts(connection, readable)
            _put_aside(connection, cursor, [c for c, words in zip(changes, wrong, strict=True) if words])
            kept = {"cursor": str(cursor)} | ({"cursor_of": whose} if whose else {})
            connection.executemany("insert or replace into setting values (?, ?)", kept.items())
            fail("page_written")
        fail("page_taken")
        return [words for words in wrong if words]

    def aside(self) -> list[str]:
        """Changes that could not be read, as they came."""
        rows = self._database.rows("select value from setting where name glob ? order by name", (f"{_ASIDE}*",))
        return [row["value"] for row in rows]

    def words(self) -> str:
        """That there are such changes; empty where there are none."""
        number = self._database.count("select count(*) from setting where name glob ?", (f"{_ASIDE}*",))
        return f"服务器的 {number} 条变化无法读懂，已另存待查：请升级应用，或告诉管理员" if number else ""

    def begin_again(self) -> None:
        """A restored server counts its changes anew."""
        with self._database.transaction() as connection:
            _forget(connection)
            connection.execute("insert or replace into setting values ('cursor', '0')")


def _forget(connection: sqlite3.Connection) -> None:
    connection.execute("delete from server_state")
    connection.execute("delete from review")
    connection.execute("delete from conflict")
    connection.execute("delete from setting where name glob ?", (f"{_ASIDE}*",))


def _put_aside(connection: sqlite3.Connection, cursor: int, changes: Sequence[Any]) -> None:
    """The newest hundred, and no more of each than says what it is: a broken server must not fill the tablet."""
    connection.executemany(
        "insert or replace into setting values (?, ?)",
        [
            (f"{_ASIDE}{cursor:020}.{number:04}", json.dumps(change)[:_LONGEST_ASIDE])
            for number, change in enumerate(changes)
        ],
    )
    connection.execute(
        "delete from setting where name glob ? and name not in "
        "(select name from setting where name glob ? order by name desc limit ?)",
        (f"{_ASIDE}*", f"{_ASIDE}*", _MOST_ASIDE),
    )


def _wrong(change: Any) -> str:
    """What is wrong with a change, in words; empty where it can be taken."""
    if not isinstance(change, Mapping):
        return "不是一条变化"
    missing = [name for name in _TEXTS if not (isinstance(change.get(name), str) and change[name])]
    if not is_number(change.get("change_no")):
        missing.append("change_no")
    if not isinstance(change.get("head_digest"), str | None):
        missing.append("head_digest")
    named = change.get("record_id")
    return f"{named if isinstance(named, str) else '编号不明'}：{'、'.join(missing)} 有误" if missing else ""
