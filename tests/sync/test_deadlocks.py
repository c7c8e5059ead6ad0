"""Batches that come at once wait for one another, never each for the other."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from server import db
from server.ledger import service as ledger
from server.settings import Settings
from server.verification import firsts
from tests import records
from tests.admitting import outcomes, set_up


def test_a_locked_record_may_be_named_by_others(reference_settings: Settings) -> None:
    """Two batches that each withdrew what the other then named the first of its county stood still until PostgreSQL ended one."""
    record = records.occurrence()
    with db.open_session(reference_settings) as session:
        set_up(session)
        assert outcomes(session, record) == ["accepted"]
    with db.open_session(reference_settings) as one, db.open_session(reference_settings) as other:
        for session in (one, other):
            db.look_through(session, db.EVERYTHING)
        assert set(ledger.lock(one, [UUID(record["id"])])) == {UUID(record["id"])}
        other.execute(text("SET LOCAL lock_timeout TO '200ms'"))
        # What a foreign key asks for.
        named = other.execute(text("SELECT id FROM ledger WHERE id = :id FOR KEY SHARE"), {"id": record["id"]}).all()
        assert len(named) == 1


def test_the_firsts_of_a_county_are_claimed_in_one_order(reference: Session) -> None:
    """By what two batches can have in common, which their records' ids are not."""
    set_up(reference)
    egret, heron = (
        records.occurrence(),
        records.occurrence(taxon={"name_zh": "池鹭", "scientific_name": "Ardeola bacchus"}),
    )
    assert outcomes(reference, egret, heron) == ["accepted"] * 2
    taxa = list(reference.scalars(text("SELECT taxon_id FROM identification ORDER BY taxon_id::text")))
    ids = sorted((UUID(egret["id"]), UUID(heron["id"])), key=str)
    claimed: list[tuple[str, str]] = []

    def look(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if statement.startswith("INSERT INTO xiangye.county_taxon"):
            claimed.extend((row["county_code"], row["taxon_id"]) for row in json.loads(parameters["rows"]))

    firsts.forget(reference, ids)
    engine = reference.get_bind()
    event.listen(engine, "before_cursor_execute", look)
    try:
        # The smaller id has the greater taxon.
        firsts.claim(reference, {ids[0]: ("431022", taxa[1]), ids[1]: ("431022", taxa[0])}, ids)
    finally:
        event.remove(engine, "before_cursor_execute", look)
    assert len(claimed) == 2
    assert claimed == sorted(claimed)
