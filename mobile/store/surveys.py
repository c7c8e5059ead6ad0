"""The surveys that the server lets this tablet work for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mobile.store.database import Database


@dataclass(frozen=True)
class SurveyChoice:
    survey_id: str
    title: str
    kind: str
    dataset_id: str | None
    chosen: bool


class Surveys:
    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[SurveyChoice]:
        rows = self._database.rows(
            "select survey_id, title, kind, dataset_id, chosen from survey order by title, survey_id"
        )
        return [SurveyChoice(**{**dict(row), "chosen": bool(row["chosen"])}) for row in rows]

    def chosen(self) -> SurveyChoice | None:
        return next((survey for survey in self.all() if survey.chosen), None)

    def choose(self, survey_id: str) -> bool:
        if all(survey.survey_id != survey_id for survey in self.all()):
            return False
        with self._database.transaction() as connection:
            connection.execute("update survey set chosen = (survey_id = ?)", (survey_id,))
        return True

    def replace(self, offered: Sequence[dict[str, Any]]) -> None:
        """The server's list; what was chosen stays chosen, and a single survey chooses itself."""
        before = self.chosen()
        keep = before.survey_id if before else None
        if len(offered) == 1 or (offered and keep is None):
            keep = keep if keep in {s["survey_id"] for s in offered} else offered[0]["survey_id"]
        with self._database.transaction() as connection:
            connection.execute("delete from survey")
            connection.executemany(
                "insert into survey values (?, ?, ?, ?, ?)",
                [
                    (s["survey_id"], s["title"], s.get("kind") or "", s.get("dataset_id"), s["survey_id"] == keep)
                    for s in offered
                ],
            )
