"""What the server says of records since the last cursor."""

from collections.abc import Sequence
from typing import Any

from mobile.store.database import Database
from mobile.store.reviews import take_reviews
from shared.failpoints import fail


class Pulled:
    def __init__(self, database: Database) -> None:
        self._database = database

    def cursor(self) -> int:
        rows = self._database.rows("select value from setting where name = 'cursor'")
        return int(rows[0]["value"]) if rows else 0

    def take(self, changes: Sequence[dict[str, Any]], cursor: int) -> None:
        """The changes and the cursor behind them, together."""
        with self._database.transaction() as connection:
            connection.executemany(
                "insert or replace into server_state values (?, ?, ?, ?, ?)",
                [(c["record_id"], c["kind"], c["state"], c.get("head_digest"), c["change_no"]) for c in changes],
            )
            fail("page_without_cursor")
            take_reviews(connection, changes)
            connection.execute("insert or replace into setting values ('cursor', ?)", (str(cursor),))
            fail("page_written")
        fail("page_taken")

    def begin_again(self) -> None:
        """A restored server counts its changes anew."""
        with self._database.transaction() as connection:
            connection.execute("delete from server_state")
            connection.execute("delete from review")
            connection.execute("insert or replace into setting values ('cursor', '0')")
