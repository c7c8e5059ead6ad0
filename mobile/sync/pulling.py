"""What the server tells since the last cursor, page by page; each page is in the store, with its cursor, before the next is asked for."""

from typing import Any

from mobile.store.pulled import is_number
from mobile.store.store import Store
from mobile.sync.failures import BrokenAnswer
from mobile.sync.report import SyncReport
from mobile.sync.transport import Transport

PATH, LIMIT, NAMED = "/v1/sync/changes", 200, 3


def pull(store: Store, transport: Transport, report: SyncReport) -> None:
    """Ends with the last page. A page that cannot be the one asked for is BrokenAnswer, and nothing of it is kept."""
    whose, begun = _whose(store), False
    while True:
        cursor = store.pulled.cursor()
        answer = transport.get_json(PATH, cursor=cursor, limit=LIMIT, **_named(store.pulled.cursor_of()))
        anew = answer.get("reset") is True
        if anew and begun:
            raise BrokenAnswer  # it was told whose cursor this is
        begun = True
        changes, reached, more = _page(answer, 0 if anew else cursor)
        wrong = store.pulled.take(changes, reached, whose, anew)
        report.pulled += len(changes) - len(wrong)
        if wrong:
            report.aside += len(wrong)
            report.warn(f"服务器的 {len(wrong)} 条变化无法读懂，已另存待查：{'；'.join(wrong[:NAMED])}")
        if not more:
            return


def cursor_told(store: Store) -> dict[str, str | int]:
    """For the session: whether there is anything behind it."""
    whose = store.pulled.cursor_of()
    return {"cursor": store.pulled.cursor(), "of": whose} if whose else {}


def _page(answer: dict[str, Any], cursor: int) -> tuple[list[Any], int, bool]:
    """A cursor never goes back, and one that stays brings nothing and promises nothing: else the tablet would ask for ever, or take
    the same again and again."""
    changes, reached, more = answer.get("changes"), answer.get("cursor"), answer.get("more", False)
    if not isinstance(changes, list) or not isinstance(reached, int) or not isinstance(more, bool):
        raise BrokenAnswer
    if not is_number(reached):
        raise BrokenAnswer
    if reached < cursor or (reached == cursor and (more or changes)):
        raise BrokenAnswer
    return changes, reached, more


def _whose(store: Store) -> str:
    """A cursor counts one person's changes in one epoch of the server."""
    known = store.identity.current()
    return f"{known.person_id}.{known.server_epoch}"


def _named(whose: str) -> dict[str, str]:
    return {"of": whose} if whose else {}
