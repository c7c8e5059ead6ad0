"""The surveys that the server lets this tablet work for, and those that were begun on it and are not there yet."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mobile.store.database import Database

LONGEST_PROFILE = 80


@dataclass(frozen=True)
class SurveyChoice:
    survey_id: str
    title: str
    kind: str
    dataset_id: str | None
    chosen: bool
    profile: str | None = None


class Surveys:
    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[SurveyChoice]:
        rows = self._database.rows(
            "select survey_id, title, kind, dataset_id, chosen, profile from survey order by title, survey_id"
        )
        return [SurveyChoice(**{**dict(row), "chosen": bool(row["chosen"])}) for row in rows]

    def chosen(self) -> SurveyChoice | None:
        return next((survey for survey in self.all() if survey.chosen), None)

    def profile_of(self, survey_id: str | None) -> str | None:
        """As the server told it; None where it told none."""
        rows = self._database.rows("select profile from survey where survey_id = ?", (survey_id,))
        return rows[0]["profile"] if rows else None

    def choose(self, survey_id: str) -> bool:
        if all(survey.survey_id != survey_id for survey in self.all()):
            return False
        with self._database.transaction() as connection:
            connection.execute("update survey set chosen = (survey_id = ?)", (survey_id,))
        return True

    def begun_or_withdrawn(
        self, connection: sqlite3.Connection, kind: str, record_id: str, body: Mapping[str, Any]
    ) -> None:
        """In the transaction that keeps the record: a survey that was begun here is the chosen one at once, and one that was
        withdrawn here takes no more records."""
        if kind == "tombstone" and body["target_kind"] == "survey":
            connection.execute("delete from survey where survey_id = ?", (record_id,))
        if kind == "survey":
            is_new = (
                connection.execute("select count(*) from survey where survey_id = ?", (record_id,)).fetchone()[0] == 0
            )
            connection.execute("update survey set chosen = 0 where ?", (is_new,))
            connection.execute(
                "insert into survey values (?, ?, ?, null, 1, null) on conflict (survey_id) do update set title = excluded.title, "
                "kind = excluded.kind",
                (record_id, body["title"], body["survey_kind"]),
            )

    def replace(self, told: Sequence[Mapping[str, Any]]) -> None:
        """The server's list; what was chosen stays chosen, and a single survey chooses itself. What was begun or withdrawn here and
        is still on its way there counts as done."""
        before = self.chosen()
        keep = before.survey_id if before else None
        begun, withdrawn = self._on_its_way("survey"), self._on_its_way("tombstone")
        offered = [s for s in told if s["survey_id"] not in withdrawn]
        known = {s["survey_id"] for s in offered}
        offered += [vars(s) for s in self.all() if s.survey_id in begun - known]
        if len(offered) == 1 or (offered and keep is None):
            keep = keep if keep in {s["survey_id"] for s in offered} else offered[0]["survey_id"]
        with self._database.transaction() as connection:
            connection.execute("delete from survey")
            connection.executemany(
                "insert into survey values (?, ?, ?, ?, ?, ?)",
                [
                    (
                        s["survey_id"],
                        s["title"],
                        s.get("kind") or "",
                        s.get("dataset_id"),
                        s["survey_id"] == keep,
                        _profile_in(s),
                    )
                    for s in offered
                ],
            )

    def _on_its_way(self, kind: str) -> set[str]:
        rows = self._database.rows(
            "select record_id from record join outbox using (record_id, digest) "
            "where record.kind = ? and state not in ('held', 'conflict')",
            (kind,),
        )
        return {row["record_id"] for row in rows}


def _profile_in(told: Mapping[str, Any]) -> str | None:
    """Only what the envelope of a record can hold: no word of a server may keep a record from being saved."""
    named = told.get("profile")
    can_be_kept = isinstance(named, str) and 0 < len(named) <= LONGEST_PROFILE and named.isprintable()
    return named if can_be_kept else None
