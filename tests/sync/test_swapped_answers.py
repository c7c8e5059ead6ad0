"""P1, T8: on a line without a certificate a page may be damaged, or be another tablet's. The long run lost track of records by either."""

from pathlib import Path
from uuid import UUID

import requests

from server.accounts.service import add_person, issue_code
from server.db import open_session
from shared.wire.answers import ANSWER_HEADER, mark_of_answer
from tests import records
from tests.admitting import CLOCK
from tests.media.meddling import Answer, Between, Passing, between
from tests.mobile.tablets import Tablet, tablet
from tests.serving import Live

CHANGES = "/v1/sync/changes"


def test_a_page_that_is_damaged_or_anothers_is_asked_for_again(live: Live, tmp_path: Path) -> None:
    """Two people's tablets on one line: all that each saved is told to it, and nothing of the other's."""
    with (
        between(live.url) as line,
        tablet(tmp_path / "one", server_url=line.url, enrolled=False) as one,
        tablet(tmp_path / "two", server_url=line.url, enrolled=False) as two,
    ):
        with open_session(live.settings) as session:
            other = add_person(session, CLOCK, "测试员乙")
            codes = [issue_code(session, CLOCK, who) for who in (UUID(records.PERSON), other.id)]
        for held, code in zip((one, two), codes, strict=True):
            held.clock.set(CLOCK.now())
            assert not held.app.session.enrol(code, "平板").problems
        _records(two, 3)
        assert two.app.sync.sync()
        theirs = next(passing for passing in reversed(line.passed) if passing.path.startswith(CHANGES)).send()

        for spoil in (_flipped, lambda _: theirs):
            saved = _records(one, 2)
            spoiled: list[str] = []
            _once(line, spoil, spoiled)
            assert one.app.sync.sync()
            assert spoiled
            assert saved <= _told(one)
        assert _told(one) == {row[0] for row in one.app.store.database.rows("select record_id from record")}


def test_what_is_marked_is_what_was_asked(live: Live) -> None:
    credential = live.headers["Authorization"].partition(" ")[2]
    answer = requests.get(f"{live.url}{CHANGES}?limit=3&cursor=0", headers=live.headers, timeout=20)
    mark = answer.headers[ANSWER_HEADER]
    assert mark == mark_of_answer(credential, CHANGES, [("cursor", "0"), ("limit", "3")], answer.content)
    assert mark != mark_of_answer(credential, CHANGES, [("cursor", "1"), ("limit", "3")], answer.content)
    assert mark != mark_of_answer(f"{credential}x", CHANGES, [("cursor", "0"), ("limit", "3")], answer.content)
    assert ANSWER_HEADER not in requests.get(f"{live.url}{CHANGES}", timeout=20).headers


def _once(line: Between, spoil: object, spoiled: list[str]) -> None:
    def meddle(passing: Passing) -> Answer | None:
        if spoiled or not passing.path.startswith(CHANGES):
            return None
        spoiled.append(passing.path)
        assert callable(spoil)
        answer: Answer = spoil(passing.send())
        return answer

    line.meddle = meddle


def _flipped(answer: Answer) -> Answer:
    """One bit of a record's id, so that it is still an answer of the protocol's form."""
    at = answer.body.index(b'"record_id"') + 20
    body = answer.body[:at] + bytes([answer.body[at] ^ 0x10]) + answer.body[at + 1 :]
    return Answer(answer.status, answer.headers, body)


def _records(held: Tablet, count: int) -> set[str]:
    record = held.app.record
    for _ in range(count):
        record.open(fresh=True)
        assert record.choose_name("白鹭") and record.set_count(1) and record.confirm()
    rows = held.app.store.database.rows("select record_id from record order by seq desc limit ?", (count,))
    return {row[0] for row in rows}


def _told(held: Tablet) -> set[str]:
    return {row[0] for row in held.app.store.database.rows("select record_id from server_state")}
