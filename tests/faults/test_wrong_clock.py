"""A tablet whose clock is a year off: every record kept as it was written, flagged, told on the tablet, never re-dated."""

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from mobile.headless import Outcome, play
from mobile.script.read import check_step
from server.accounts.service import issue_code
from server.db import open_session
from tests import records
from tests.admitting import CLOCK
from tests.serving import Live

YEAR = timedelta(days=366)


def field_day(live: Live, folder: Path, wrong_by: timedelta) -> tuple[Outcome, datetime]:
    """All steps at the time that the tablet believes it is."""
    believed = CLOCK.now() + wrong_by
    with open_session(live.settings) as session:
        code = issue_code(session, CLOCK, UUID(records.PERSON))
    place = {"lon": 112.93, "lat": 24.96}
    steps = [
        {"do": "enrol", "code": code, "device_name": "测试平板"},
        {"do": "choose_survey", "survey_id": records.SURVEY},
        {"do": "record_sighting", "species": "白鹭", "count": 2, **place},
        {"do": "invasive_plot", "species": "小蓬草", "occurrence_area_m2": "10", "cover_pct": "5", **place},
        {"do": "sync"},
    ]
    folder.mkdir()
    checked = [check_step(number, {"at": believed.isoformat(), **step}) for number, step in enumerate(steps, 1)]
    return play(checked, folder / "tablet", folder, live.url), believed


@pytest.fixture
def days(live: Live, tmp_path: Path) -> dict[str, tuple[Outcome, datetime]]:
    offsets = {"slow": -YEAR, "fast": YEAR, "right": timedelta()}
    return {name: field_day(live, tmp_path / name, offset) for name, offset in offsets.items()}


def test_a_clock_a_year_off_costs_no_record_and_changes_no_date(
    live: Live, days: dict[str, tuple[Outcome, datetime]]
) -> None:
    for outcome, _ in days.values():
        assert outcome.problems == []
        assert outcome.waiting == 0
        assert outcome.report.receipts["accepted"] == outcome.saved >= 3
    with open_session(live.settings) as session:
        found = session.execute(text("SELECT observed_from, 'clock_off' = ANY (flags) FROM occurrence")).all()
        plots = session.execute(text("SELECT observed_from, 'clock_off' = ANY (flags) FROM event")).all()
        saved = {row[0] for row in session.execute(text("SELECT saved_at FROM version"))}
    for name, (_, believed) in days.items():
        is_off = name != "right"
        assert [row[1] for row in found if abs(row[0] - believed) < timedelta(minutes=1)] == [is_off] * 2, name
        assert [row[1] for row in plots if abs(row[0] - believed) < timedelta(minutes=1)] == [is_off], name
        assert any(abs(at - believed) < timedelta(minutes=1) for at in saved)
    assert len(found) == 2 * len(days)


def test_the_tablet_says_so_and_in_which_direction(days: dict[str, tuple[Outcome, datetime]]) -> None:
    said = {name: " ".join(outcome.report.warnings) for name, (outcome, _) in days.items()}
    assert said["right"] == ""
    for name, word in (("slow", "慢"), ("fast", "快")):
        assert f"平板时钟比服务器{word} 366 天" in said[name]
        assert "已保存记录的时间保持原样" in said[name]
