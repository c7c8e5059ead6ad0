"""Who took part in an event: rows, in their order, replaced as a whole by a later version."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.canonical import digest
from shared.ids import uuid7
from tests import records
from tests.admitting import outcomes, set_up


def participants(session: Session) -> list[tuple[str, str, int]]:
    rows = session.execute(text('SELECT person_id, role, "order" FROM event_participant ORDER BY "order"'))
    return [(str(row[0]), row[1], row[2]) for row in rows]


def test_participants_are_rows_and_a_later_version_replaces_them(reference: Session) -> None:
    set_up(reference)
    outside = str(uuid7())
    both: list[dict[str, Any]] = [
        {"person_id": records.PERSON, "role": "leader", "order": 0},
        {"person_id": outside, "role": "observer", "order": 1},
    ]
    first = records.event(participants=both)
    assert outcomes(reference, first) == ["accepted"]
    assert participants(reference) == [(records.PERSON, "leader", 0), (outside, "observer", 1)]
    later = {**first, "seq": 2, "base_digest": digest(first), "body": {**first["body"], "participants": both[1:]}}
    assert outcomes(reference, later) == ["accepted"]
    assert participants(reference) == [(outside, "observer", 1)]
