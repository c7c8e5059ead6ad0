"""Where the surveys of this person are, as the server tells: kept whole, and told anew only when something of it has changed."""

import json
from collections.abc import Mapping
from typing import Any

from mobile.store.database import Database

_NAME, _MOST_BYTES = "survey_places", 200_000


class SurveyPlaces:
    def __init__(self, database: Database) -> None:
        self._database = database

    def digest(self) -> str:
        """For the session: what need not be told again."""
        return str(self._kept().get("digest", ""))

    def of(self, survey_id: str) -> list[str]:
        """Names of counties; the code where the server knew no name."""
        return [one["name"] or one["code"] for one in self._kept().get("surveys", {}).get(survey_id, ())]

    def take(self, told: Any) -> None:
        """What is not of the shape that is asked for is left alone, as is a telling without end."""
        if _is_readable(told) and len(text := json.dumps(told, ensure_ascii=False)) <= _MOST_BYTES:
            with self._database.transaction() as connection:
                connection.execute("insert or replace into setting values (?, ?)", (_NAME, text))

    def _kept(self) -> dict[str, Any]:
        rows = self._database.rows("select value from setting where name = ?", (_NAME,))
        kept: dict[str, Any] = json.loads(rows[0]["value"]) if rows else {}
        return kept


def _is_readable(told: Any) -> bool:
    if (
        not isinstance(told, Mapping)
        or not isinstance(told.get("digest"), str)
        or not isinstance(told.get("surveys"), Mapping)
    ):
        return False
    return all(isinstance(some, list) and all(map(_is_place, some)) for some in told["surveys"].values())


def _is_place(one: Any) -> bool:
    return isinstance(one, Mapping) and isinstance(one.get("name"), str) and isinstance(one.get("code"), str)
