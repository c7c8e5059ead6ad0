"""Colleagues' records since the last cursor, page by page; each page is in the store, with its cursor, before the next is asked for."""

from typing import Any

from mobile.store.pulled import is_number
from mobile.store.store import Store
from mobile.sync.failures import BrokenAnswer
from mobile.sync.report import SyncReport
from mobile.sync.transport import Transport

PATH, LIMIT, MOST_BEGINNINGS = "/v1/sync/team", 200, 3


def team_cursor_told(store: Store) -> dict[str, str | int]:
    """For the session: whether there is anything behind it."""
    return {"team": store.team.cursor(), "team_of": store.team.cursor_of()}


def pull_team(store: Store, transport: Transport, report: SyncReport) -> None:
    """Ends with the last page. A page that cannot be the one asked for is BrokenAnswer, and nothing of it is kept."""
    begun = 0
    while True:
        cursor, whose = store.team.cursor(), store.team.cursor_of()
        answer = transport.get_json(PATH, cursor=cursor, of=whose, limit=LIMIT)
        # What the person may see can change between two pages, but not for ever.
        anew = answer.get("reset") is True
        begun += anew
        if begun > MOST_BEGINNINGS:
            raise BrokenAnswer
        reached, told_of = _checked(answer, 0 if anew else cursor)
        if told_of != whose and not anew:
            raise BrokenAnswer
        report.team += store.team.take(answer["records"], answer["gone"], reached, told_of, anew)
        if not answer["more"]:
            return


def _checked(answer: dict[str, Any], cursor: int) -> tuple[int, str]:
    """A cursor never goes back, and one that stays brings nothing and promises nothing."""
    reached: Any = answer.get("cursor")
    shapes = (("records", list), ("gone", list), ("more", bool), ("of", str))
    if not is_number(reached) or not all(isinstance(answer.get(name), shape) for name, shape in shapes):
        raise BrokenAnswer
    if reached < cursor or (reached == cursor and (answer["more"] or answer["records"] or answer["gone"])):
        raise BrokenAnswer
    return int(reached), str(answer["of"])
