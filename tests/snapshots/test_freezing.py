"""Freezing: the same inputs find the same snapshot, and what is written is enough to read everything back."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from server.accounts.viewer import LOCAL_OPERATOR, PUBLIC
from server.audit.model import AuditEntry
from server.db import session_factory
from server.ledger.model import VersionRow
from server.ledger.service import number_changes
from server.settings import Settings
from server.snapshots import service
from server.snapshots.context import Context
from server.snapshots.model import SnapshotRow
from server.snapshots.queries import gather
from server.snapshots.service import Snapshot, folder_of, freeze, load
from shared.clock import FixedClock
from shared.problems import Problem
from tests import records
from tests.admitting import outcomes, set_up

AS_OF = date(2025, 6, 30)
COUNTY, ELSEWHERE = "431022", {**records.MANGSHAN, "latitude_e7": 293000000, "longitude_e7": 1130000000}


@pytest.fixture
def opened(reference_settings: Settings) -> Iterator[Session]:
    with session_factory(reference_settings)() as session:
        set_up(session)
        yield session


def froze(session: Session, settings: Settings, hour: int = 1, **parameters: object) -> Snapshot:
    clock = FixedClock(datetime(2025, 7, 1, hour, tzinfo=UTC))
    return freeze(session, LOCAL_OPERATOR, clock, settings, "baseline", {"counties": [COUNTY], **parameters}, AS_OF)


def test_the_same_inputs_find_the_same_snapshot(opened: Session, reference_settings: Settings) -> None:
    outcomes(opened, records.occurrence(), records.occurrence(taxon=records.PANGOLIN))
    first, again = froze(opened, reference_settings, 1), froze(opened, reference_settings, 9)
    assert again == first
    assert len(first.records) == 2
    assert opened.scalars(select(SnapshotRow.id)).all() == [first.id]


def test_a_record_of_another_county_changes_nothing_and_one_of_its_own_does(
    opened: Session, reference_settings: Settings
) -> None:
    outcomes(opened, records.occurrence())
    first = froze(opened, reference_settings)
    outcomes(opened, records.occurrence(place=ELSEWHERE))
    assert froze(opened, reference_settings).id == first.id
    outcomes(opened, records.occurrence())
    later = froze(opened, reference_settings)
    assert (later.id != first.id, len(later.records)) == (True, 2)
    assert froze(opened, reference_settings, purpose="other").id not in (first.id, later.id)


def test_what_came_after_the_day_is_not_in_it(opened: Session, reference_settings: Settings) -> None:
    outcomes(opened, records.occurrence())
    clock = FixedClock(datetime(2025, 7, 1, tzinfo=UTC))
    parameters = {"counties": [COUNTY]}
    before = freeze(opened, LOCAL_OPERATOR, clock, reference_settings, "baseline", parameters, date(2025, 5, 20))
    on_the_day = freeze(opened, LOCAL_OPERATOR, clock, reference_settings, "baseline", parameters, date(2025, 5, 21))
    assert (len(before.records), len(on_the_day.records)) == (0, 1)


def test_a_record_without_place_goes_with_its_visit(opened: Session, reference_settings: Settings) -> None:
    walk = records.event(place=records.MANGSHAN)
    outcomes(opened, walk, records.occurrence(event_id=walk["id"], place=None), records.occurrence(place=None))
    assert [record.kind for record in froze(opened, reference_settings).records] == ["event", "occurrence"]


def test_a_visit_without_place_goes_with_what_was_found_on_it(opened: Session, reference_settings: Settings) -> None:
    walk = records.event(place=None)
    outcomes(opened, walk, records.occurrence(event_id=walk["id"]))
    assert {record.kind for record in froze(opened, reference_settings).records} == {"event", "occurrence"}


def test_persons_are_pseudonyms_and_exact_places_stay_in_their_file(
    opened: Session, reference_settings: Settings
) -> None:
    place = {**records.MANGSHAN, "latitude_e7": 249531313, "longitude_e7": 1129273737}
    remarks = "在 24.953131 处"
    guarded = records.occurrence(
        taxon=records.PANGOLIN, place=place, occurrence_remarks=remarks, recorded_by=[records.PERSON]
    )
    outcomes(opened, guarded)
    frozen = froze(opened, reference_settings)
    folder = folder_of(reference_settings, frozen.id)
    texts = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert sorted(texts) == ["context.json", "records_disclosed.jsonl", "records_exact.jsonl"]
    for written in texts.values():
        assert records.PERSON not in written
        assert records.DEVICE not in written
    assert "249531313" in texts["records_exact.jsonl"]
    for secret in ("249531313", "1129273737", "24.953", "112.927"):
        assert secret not in texts["records_disclosed.jsonl"]
    (row,) = map(json.loads, texts["records_disclosed.jsonl"].splitlines())
    assert row["disclosed"]["level"] == 1
    assert frozen.records[0].body["recorded_by"][0].startswith("p")


def test_a_changed_file_is_noticed(opened: Session, reference_settings: Settings) -> None:
    outcomes(opened, records.occurrence())
    frozen = froze(opened, reference_settings)
    path = folder_of(reference_settings, frozen.id) / "context.json"
    path.write_bytes(path.read_bytes().replace("宜章县".encode(), "临武县".encode()))
    with pytest.raises(Problem, match=r"context\.json 缺失或已被改动"):
        load(opened, reference_settings, frozen.id)


def test_refusals(opened: Session, reference_settings: Settings) -> None:
    clock = FixedClock(datetime(2025, 7, 1, tzinfo=UTC))
    with pytest.raises(Problem, match="没有查阅精确位置的权限"):
        freeze(opened, PUBLIC, clock, reference_settings, "baseline", {"counties": [COUNTY]}, AS_OF)
    with pytest.raises(Problem, match="没有编号为 nonsense 的快照"):
        load(opened, reference_settings, "nonsense")


def test_nobody_waits_to_number_a_change_while_a_snapshot_reads_and_gathers(
    opened: Session, reference_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P15: a batch that comes meanwhile is received at once; the reading is logged all the same, and claims nothing of the batch."""
    outcomes(opened, records.occurrence())
    number_changes(opened)
    opened.commit()

    def gathered(*given: Any) -> Context:
        with session_factory(reference_settings)() as other:
            other.execute(text("SET LOCAL lock_timeout = '2s'"))
            outcomes(other, records.occurrence())
            number_changes(other)
            other.commit()
        return gather(*given)

    monkeypatch.setattr(service, "gather", gathered)
    found = froze(opened, reference_settings)
    numbers = sorted(n for n in opened.scalars(select(VersionRow.change_no)) if n is not None)
    assert (len(numbers), found.change_no, len(found.records)) == (2, numbers[0], 1)
    assert opened.scalars(select(AuditEntry.action).where(AuditEntry.action == "read_precise")).all() == [
        "read_precise"
    ]
