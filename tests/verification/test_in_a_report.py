"""T6: a flag survives to the report: the record is in no table, and the section on methods says that it was left out."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from server.accounts.queries import viewer_of
from server.accounts.rights import VERIFY
from server.accounts.viewer import LOCAL_OPERATOR
from server.baselines.service import compile_baseline
from server.db import session_factory
from server.settings import Settings
from server.verification.deciding import Order, decide
from shared.clock import FixedClock
from tests import records
from tests.admitting import CLOCK, outcomes, set_up
from tests.people import person

AS_OF, LATER = date(2025, 6, 30), FixedClock(datetime(2025, 7, 2, tzinfo=UTC))


@pytest.fixture
def opened(reference_settings: Settings) -> Iterator[Session]:
    with session_factory(reference_settings)() as session:
        set_up(session)
        yield session


def test_doubted_and_rejected_records_are_in_no_table_and_are_told(
    opened: Session, reference_settings: Settings, tmp_path: Path
) -> None:
    kept = records.occurrence()
    doubted = records.occurrence(taxon={"name_zh": "苍鹭"}, place={**records.MANGSHAN, "mock": True})
    rejected = records.occurrence(taxon={"name_zh": "夜鹭"})
    outcomes(opened, kept, doubted, rejected)
    reviewer = viewer_of(opened, CLOCK, person(opened, "reviewer").id).within(VERIFY)
    decide(opened, reviewer, CLOCK, [UUID(rejected["id"])], Order("reject", message="看错了"))
    opened.commit()
    out = tmp_path / "report"
    compile_baseline(reference_settings, opened, LOCAL_OPERATOR, LATER, "431022", AS_OF, out, "restricted")
    page = (out / "report.html").read_text(encoding="utf-8")
    tables = json.dumps(json.loads((out / "tables.json").read_text(encoding="utf-8")), ensure_ascii=False)
    assert "经审核退回的1条、有疑点尚未审核的1条" in page
    assert "白鹭" in tables
    assert "苍鹭" not in tables
    assert "夜鹭" not in tables
