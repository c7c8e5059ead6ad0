"""What a tablet is told of its records: each change once, whatever others commit while it reads."""

import itertools
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from server import db
from server.accounts.model import Device
from server.accounts.service import enrol, issue_code
from server.accounts.viewer import Actor
from server.identifications.model import Decision
from server.ledger.model import VersionRow
from server.ledger.service import number_changes
from server.settings import Settings
from server.sync.queries import changes_for
from shared.ids import uuid7
from tests import people, records
from tests.admitting import CLOCK, admit, outcomes, set_up

WRITERS, ROUNDS = 3, 8


def _with_tablet(settings: Settings, *sent: Any) -> None:
    with db.open_session(settings) as session:
        set_up(session)
        enrol(session, CLOCK, issue_code(session, CLOCK, UUID(records.PERSON)), UUID(records.DEVICE), "平板", "0.1.0")
        _write(session, *sent)


def _write(session: Session, *sent: Any) -> None:
    assert set(outcomes(session, *sent)) <= {"accepted"}
    number_changes(session)


def _decide(session: Session, record_id: str, state: str = "confirmed") -> None:
    session.add(
        Decision(
            id=uuid7(),
            record_id=UUID(record_id),
            action="ask" if state == "asked" else "confirm",
            state=state,
            queue="county",
            actor_name="审核员",
            actor_role="reviewer",
            message="请补一张照片" if state == "asked" else None,
            decided_at=CLOCK.now(),
        )
    )
    session.flush()
    number_changes(session)


def _page(session: Session, cursor: int, limit: int = 200, device: UUID | None = None) -> dict[str, Any]:
    asking = session.get(Device, device or UUID(records.DEVICE))
    assert asking is not None
    return changes_for(session, asking, cursor, limit)


def _numbers(page: dict[str, Any]) -> list[int]:
    return [change["change_no"] for change in page["changes"]]


def _all_numbers(session: Session) -> list[int]:
    found = [*session.scalars(select(VersionRow.change_no)), *session.scalars(select(Decision.change_no))]
    return sorted(number for number in found if number is not None)


def test_what_is_committed_between_two_readings_is_not_passed_over(reference_settings: Settings) -> None:
    """A version and then a decision come between any two statements that make a page: the cursor never goes past the one it left out."""
    first = records.occurrence()
    _with_tablet(reference_settings, first)
    with db.session_factory(reference_settings)() as counting:
        statements = _count_statements(counting, lambda: _page(counting, 0))
    for after in range(1, statements + 1):
        with db.session_factory(reference_settings)() as reader:
            began = max(_all_numbers(reader))
            with _after_statement(reader, after, lambda: _version_then_decision(reference_settings, first["id"])):
                page = _page(reader, began)
            rest = _page(reader, page["cursor"])
            told = _numbers(page) + _numbers(rest)
            assert told == [number for number in _all_numbers(reader) if number > began], after


def _version_then_decision(settings: Settings, decided: str) -> None:
    for write in (lambda s: _write(s, records.occurrence()), lambda s: _decide(s, decided)):
        with db.open_session(settings) as session:
            write(session)


def _count_statements(session: Session, ask: Callable[[], object]) -> int:
    seen = itertools.count()
    with _Listening(session, lambda: next(seen)):
        ask()
    return next(seen)


class _Listening:
    def __init__(self, session: Session, tell: Callable[[], object]) -> None:
        self._connection, self._tell = session.connection(), tell

    def _note(self, *_: object) -> None:
        self._tell()

    def __enter__(self) -> None:
        event.listen(self._connection, "after_cursor_execute", self._note)

    def __exit__(self, *_: object) -> None:
        event.remove(self._connection, "after_cursor_execute", self._note)


def _after_statement(session: Session, number: int, do: Callable[[], None]) -> _Listening:
    seen = itertools.count(1)
    return _Listening(session, lambda: do() if next(seen) == number else None)


def test_pages_skip_and_repeat_nothing_while_others_write(reference_settings: Settings) -> None:
    first = records.occurrence()
    _with_tablet(reference_settings, first)
    writers = [
        threading.Thread(
            target=lambda: [_version_then_decision(reference_settings, first["id"]) for _ in range(ROUNDS)]
        )
        for _ in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    seen: list[int] = []
    cursor, over = 0, False
    while not over:
        over = not any(writer.is_alive() for writer in writers)
        more = True
        while more:
            with db.open_session(reference_settings) as session:
                page = _page(session, cursor, limit=3)
            seen += _numbers(page)
            cursor, more = page["cursor"], page["more"]
    with db.open_session(reference_settings) as session:
        assert seen == _all_numbers(session)
    assert len(seen) == 1 + 2 * WRITERS * ROUNDS


def test_who_joins_a_record_later_learns_what_was_decided_before(reference_settings: Settings) -> None:
    """Another began it, a reviewer decided, then this person edited: the last decision comes with the first change, once."""
    theirs = records.occurrence()
    _with_tablet(reference_settings, theirs)
    with db.open_session(reference_settings) as session:
        _decide(session, theirs["id"], "asked")
        _decide(session, theirs["id"], "confirmed")
        person, device = people.person(session, "surveyor").id, uuid7()
        enrol(session, CLOCK, issue_code(session, CLOCK, person), device, "平板", "0.1.0")
        mine = {**records.edited(theirs, individual_count=9), "author": str(person), "device": str(device)}
        for edit in (mine, records.edited(mine, individual_count=10)):
            assert [one.outcome for one in admit(session, Actor(person, device), CLOCK, [edit])] == ["accepted"]
            number_changes(session)
        everything = _page(session, 0, device=device)
        page = _page(session, _numbers(everything)[2], device=device)
    assert [change["review"]["state"] for change in everything["changes"] if "review" in change] == [
        "asked",
        "confirmed",
    ]
    assert [change["review"]["state"] for change in page["changes"] if "review" in change] == ["confirmed"]
    assert [change["record_id"] for change in page["changes"]] == [theirs["id"]] * 3
    assert page["cursor"] == max(_numbers(page))


def test_a_page_is_never_longer_than_the_server_makes_it(reference_settings: Settings) -> None:
    """Tablets ask for 500."""
    _with_tablet(reference_settings, *(records.occurrence() for _ in range(100)))
    with db.open_session(reference_settings) as session:
        for _ in range(2):
            _write(session, *(records.occurrence() for _ in range(100)))
        page = _page(session, 0, 500)
        assert (len(page["changes"]), page["more"]) == (200, True)
        assert len(_page(session, page["cursor"], 500)["changes"]) == 100
