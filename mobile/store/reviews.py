"""What reviewers said of this tablet's records, and which of their questions were answered."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mobile.store.database import Database

_COLUMNS = "record_id, decision_id, state, change_no, message, scientific_name, name_zh, decided_at, decided_by"  # in this order
OBSERVER = "记录人"
_LATEST = "v.change_no = (select max(w.change_no) from review w where w.record_id = v.record_id)"


@dataclass(frozen=True)
class Review:
    """One decision; `decision_id` is empty while nobody has decided, `decided_by` the role that did."""

    record_id: str
    decision_id: str
    state: str
    change_no: int
    message: str
    scientific_name: str
    name_zh: str
    decided_at: str
    decided_by: str

    @property
    def is_answer(self) -> bool:
        """The server lists the observer's own answer among what was decided."""
        return self.decided_by == OBSERVER


class Reviews:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, record_id: str) -> list[Review]:
        """Oldest first."""
        rows = self._database.rows(
            f"select {_COLUMNS} from review where record_id = ? order by change_no", (record_id,)
        )
        return [Review(*row) for row in rows]

    def asked_count(self) -> int:
        """Questions that wait for the observer."""
        return self._database.count(
            f"""select count(*) from review v join record r on r.record_id = v.record_id and r.kind <> 'tombstone'
            where v.state = 'asked' and {_LATEST}
            and not exists (select 1 from review_answer a where a.occurrence_id = v.record_id and a.decision_id = v.decision_id)
            and not exists (select 1 from record t where t.record_id = v.record_id and t.kind = 'tombstone' and t.seq > r.seq)
            and not exists (select 1 from record n where n.record_id = r.record_id and n.kind = r.kind and n.seq > r.seq)"""
        )

    def answers_to(self, occurrence_id: str) -> list[str]:
        """Ids of the answers in the outbox, oldest first."""
        rows = self._database.rows(
            "select record_id from review_answer where occurrence_id = ? order by record_id", (occurrence_id,)
        )
        return [row["record_id"] for row in rows]

    def answered(self, connection: sqlite3.Connection, record_id: str, body: Mapping[str, Any]) -> None:
        """In the transaction that confirms the answer."""
        connection.execute(
            "insert or replace into review_answer values (?, ?, ?)",
            (record_id, body["occurrence_id"], body["decision_id"]),
        )


def take_reviews(connection: sqlite3.Connection, changes: Iterable[Mapping[str, Any]]) -> None:
    """A change that says nothing of a review leaves what was known; one that is garbled is left out, never the whole pull."""
    rows = [row for row in map(_row, changes) if row is not None]
    connection.executemany(
        f"insert or replace into review ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )


def _row(change: Mapping[str, Any]) -> tuple[Any, ...] | None:
    review = change.get("review")
    if not isinstance(review, dict) or not isinstance(review.get("state"), str):
        return None
    taxon = review.get("taxon")
    names = taxon if isinstance(taxon, dict) else {}
    return (
        change["record_id"],
        _text(review, "decision_id"),
        review["state"],
        change["change_no"],
        _text(review, "message"),
        _text(names, "scientific_name"),
        _text(names, "name_zh"),
        _text(review, "decided_at"),
        _text(review, "decided_by"),
    )


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""
