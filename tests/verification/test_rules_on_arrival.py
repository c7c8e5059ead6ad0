"""Rules run when a record arrives: each kind holds against the record that it is about, and against no other."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from server.verification.model import Review, RuleFinding
from tests import records
from tests.admitting import outcomes, set_up


def found(session: Session, record: dict[str, Any]) -> dict[str, str]:
    rows = session.scalars(
        select(RuleFinding).where(RuleFinding.record_id == UUID(record["id"]), RuleFinding.gone_at.is_(None))
    )
    return {row.rule_id: row.words_zh for row in rows}


def place(**fields: Any) -> dict[str, Any]:
    return {**records.MANGSHAN, **fields}


def test_an_ordinary_record_waits_at_its_county_with_nothing_held_against_it(reference: Session) -> None:
    set_up(reference)
    first, second = records.occurrence(), records.occurrence(individual_count=3)
    assert outcomes(reference, first, second) == ["accepted", "accepted"]
    assert set(found(reference, first)) == {"county-first", "photo-required", "difficulty"}
    assert set(found(reference, second)) == {"difficulty"}
    review = reference.get_one(Review, UUID(second["id"]))
    assert (review.state, review.queue, review.flagged) == ("pending", "county", False)


def test_mock_position_is_flagged_and_kept(reference: Session) -> None:
    """T6: a mock position is told to the reviewer, and the record is neither refused nor changed."""
    set_up(reference)
    record = records.occurrence(place=place(mock=True))
    assert outcomes(reference, record) == ["accepted"]
    assert "mock-position" in found(reference, record)
    assert reference.get_one(Review, UUID(record["id"])).flagged


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"taxon": {"name_zh": "小天鹅"}}, "season-cygnus-columbianus"),
        ({"individual_count": 30_000}, "count-birds"),
        ({"taxon": {"name_zh": "白鹭", "qualifier": "cf."}}, "difficulty"),
    ],
)
def test_a_rule_holds_against_what_it_is_about(reference: Session, fields: dict[str, Any], rule: str) -> None:
    set_up(reference)
    record = records.occurrence(**fields)
    assert outcomes(reference, record) == ["accepted"]
    assert rule in found(reference, record)


def test_the_same_said_twice_within_minutes_is_a_duplicate(reference: Session) -> None:
    set_up(reference)
    first = records.occurrence(individual_count=7)
    second = records.occurrence(individual_count=7, observed_from="2025-05-20T08:30:00+08:00")
    other = records.occurrence(individual_count=8)
    outcomes(reference, first, second, other)
    assert "duplicate" not in found(reference, first)
    assert "duplicate" in found(reference, second)
    assert "duplicate" not in found(reference, other)


def test_findings_tell_no_place(reference: Session) -> None:
    """L17: no digit of the place stands in what a rule says of a guarded record."""
    set_up(reference)
    record = records.occurrence(taxon=records.PANGOLIN, place=place(mock=True, altitude_m="1234"))
    outcomes(reference, record)
    words = " ".join(found(reference, record).values())
    assert words
    assert not any(part in words for part in ("24.95", "112.9", "2495", "1129", "1234", "宜章"))


def test_what_is_no_longer_so_is_gone_but_not_forgotten(reference: Session) -> None:
    set_up(reference)
    record = records.occurrence(place=place(mock=True))
    outcomes(reference, record, records.edited(record, place=place(mock=False)))
    assert "mock-position" not in found(reference, record)
    kept = reference.scalars(select(RuleFinding).where(RuleFinding.rule_id == "mock-position")).all()
    assert [row.gone_at is not None for row in kept] in ([True], [])


def test_a_deleted_record_waits_for_nobody(reference: Session) -> None:
    set_up(reference)
    record = records.occurrence()
    outcomes(reference, record)
    outcomes(reference, records.tombstone(record))
    assert reference.get(Review, UUID(record["id"])) is None
    assert reference.execute(text("SELECT count(*) FROM xiangye.county_taxon")).scalar_one() == 0
