"""Which notice somebody was shown on this tablet, when, and on what basis something is recorded of them. Append-only."""

import json
from dataclasses import dataclass

from mobile.store.database import Database


@dataclass(frozen=True)
class Acceptance:
    """`guardian` is True where somebody under 14 was allowed by a guardian, None where none was needed."""

    version: str
    basis: str
    guardian: bool | None
    accepted_at: str


class NoticeAcceptances:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, kind: str, person_id: str, acceptance: Acceptance) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "insert into notice_acceptance (kind, person_id, version, basis, guardian, accepted_at) values (?, ?, ?, ?, ?, ?)",
                (
                    kind,
                    person_id,
                    acceptance.version,
                    acceptance.basis,
                    acceptance.guardian,
                    acceptance.accepted_at,
                ),
            )

    def keep_text(self, kind: str, version: str, text: str) -> None:
        """The server's newest wording."""
        kept = json.dumps([version, text], ensure_ascii=False)
        with self._database.transaction() as connection:
            connection.execute("insert or replace into setting values (?, ?)", (f"notice:{kind}", kept))

    def kept_text(self, kind: str) -> tuple[str, str] | None:
        """(version, text)"""
        rows = self._database.rows("select value from setting where name = ?", (f"notice:{kind}",))
        if not rows:
            return None
        version, text = json.loads(rows[0]["value"])
        return version, text

    def latest(self, kind: str, person_id: str) -> Acceptance | None:
        rows = self._database.rows(
            "select version, basis, guardian, accepted_at from notice_acceptance where kind = ? and person_id = ? "
            "order by acceptance_no desc limit 1",
            (kind, person_id),
        )
        if not rows:
            return None
        row = rows[0]
        guardian = None if row["guardian"] is None else bool(row["guardian"])
        return Acceptance(row["version"], row["basis"], guardian, row["accepted_at"])
