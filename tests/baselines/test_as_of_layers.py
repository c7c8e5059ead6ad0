"""A county's border moves after a report: the report stays what it was, and so does what is compiled as of its day."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from server.accounts.viewer import LOCAL_OPERATOR
from server.baselines.service import Compiled, compile_baseline
from server.db import session_factory
from server.places import queries
from server.sensitivity.restamping import restamp
from server.settings import Settings
from server.snapshots.service import load
from server.verifying import verify_report
from shared.clock import FixedClock
from tests import records
from tests.admitting import outcomes, set_up
from tests.places.versions import border_moved, changed_counties, named_layer

GIVER, TAKER = "431022", "431025"
BEFORE, AFTER = date(2025, 6, 30), date(2025, 7, 31)
CLOCK = FixedClock(datetime(2025, 9, 1, tzinfo=UTC))


@pytest.fixture
def opened(reference_settings: Settings) -> Iterator[Session]:
    """One record in the middle of each county, and one where the border will move."""
    with session_factory(reference_settings)() as session:
        set_up(session)
        middles = [queries.county_shape(session, code).representative_point() for code in (GIVER, TAKER)]
        moving = queries.county_shape(session, GIVER).difference(border_moved(session, GIVER, TAKER)[GIVER])
        points = [*middles, moving.representative_point()]
        sent = [
            records.occurrence(
                place={**records.MANGSHAN, "longitude_e7": round(p.x * 1e7), "latitude_e7": round(p.y * 1e7)}
            )
            for p in points
        ]
        assert outcomes(session, *sent) == ["accepted"] * 3
        session.commit()
        yield session


def compiled(session: Session, settings: Settings, county: str, as_of: date, out: Path, **how: str) -> Compiled:
    made = compile_baseline(settings, session, LOCAL_OPERATOR, CLOCK, county, as_of, out, "restricted", **how)
    session.commit()
    return made


def counted(session: Session, settings: Settings, made: Compiled) -> int:
    return sum(record.kind == "occurrence" for record in load(session, settings, made.snapshot).records)


def test_a_moved_border_counts_from_its_day_and_leaves_the_old_report(
    opened: Session, reference_settings: Settings, tmp_path: Path
) -> None:
    first = compiled(opened, reference_settings, GIVER, BEFORE, tmp_path / "first")
    old = queries.boundary_version(opened)
    new = changed_counties(opened, border_moved(opened, GIVER, TAKER), valid_from=date(2025, 7, 15))
    moved = [one.moved for one in restamp(opened, "管理员", CLOCK) if one.kind == "county"]
    opened.commit()
    assert moved == [1]
    found = verify_report(reference_settings, opened, LOCAL_OPERATOR, CLOCK, tmp_path / "first")
    assert found.holds, found

    again = compiled(opened, reference_settings, GIVER, BEFORE, tmp_path / "again")
    assert (again.snapshot, again.digest) == (first.snapshot, first.digest)
    compiled(opened, reference_settings, GIVER, BEFORE, tmp_path / "named", snapshot_id=first.snapshot)
    for name in first.files:
        was = (tmp_path / "first" / name).read_bytes()
        assert was == (tmp_path / "again" / name).read_bytes() == (tmp_path / "named" / name).read_bytes(), name

    later = {code: compiled(opened, reference_settings, code, AFTER, tmp_path / code) for code in (GIVER, TAKER)}
    earlier = compiled(opened, reference_settings, TAKER, BEFORE, tmp_path / "taker")
    assert [counted(opened, reference_settings, made) for made in (first, earlier)] == [2, 1]
    assert [counted(opened, reference_settings, later[code]) for code in (GIVER, TAKER)] == [1, 2]
    contexts = [load(opened, reference_settings, made.snapshot).context for made in (first, later[GIVER])]
    assert [context.boundary_version for context in contexts] == [old, new]
    assert contexts[0].counties[0].wkt != contexts[1].counties[0].wkt


def test_a_record_as_it_stood_then_is_told_by_the_layer_of_then(
    opened: Session, reference_settings: Settings, tmp_path: Path
) -> None:
    """Its snapshot made only after the border had moved."""
    changed_counties(opened, border_moved(opened, GIVER, TAKER), valid_from=date(2025, 7, 15))
    restamp(opened, "管理员", CLOCK)
    opened.commit()
    late = compiled(opened, reference_settings, GIVER, BEFORE, tmp_path / "late")
    assert counted(opened, reference_settings, late) == 2


def test_a_grid_that_was_loaded_stands_in_the_report_of_its_days(
    opened: Session, reference_settings: Settings, tmp_path: Path
) -> None:
    shape = queries.county_shape(opened, GIVER)
    named_layer(opened, "grid", {"国家网格-1": shape.envelope.buffer(0.01)}, valid_from=date(2025, 7, 15))
    restamp(opened, "管理员", CLOCK)
    opened.commit()
    made = {day: compiled(opened, reference_settings, GIVER, day, tmp_path / str(day)) for day in (BEFORE, AFTER)}
    told = {day: load(opened, reference_settings, one.snapshot) for day, one in made.items()}
    assert [told[day].context.grid_label for day in (BEFORE, AFTER)] == ["非国家网格编码", "grid of a test"]
    assert [cell.code for cell in told[AFTER].context.cells] == ["国家网格-1"]
    cells = {record.exact.stamp.grid_cell for record in told[AFTER].records if record.exact}
    assert cells == {"国家网格-1"}
