"""How a record stands after any versions in any order: deleted, merged, in conflict, and as of a day."""

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts.viewer import LOCAL_OPERATOR
from server.sensitivity.queries import frozen_records
from server.sync.admission import admit
from shared.clock import FixedClock, end_of_day_in_china
from tests.admitting import ACTOR, CLOCK, count, frozen, outcomes, send, set_up
from tests.records import EGRET, MANGSHAN, PANGOLIN, edited, envelope, event, observed, occurrence, tombstone

pytestmark = pytest.mark.usefixtures("surveyed")


@pytest.fixture
def surveyed(reference: Session) -> None:
    set_up(reference)


def admit_at(session: Session, day: int, *sent: dict[str, Any]) -> list[str]:
    return [o.outcome for o in admit(session, ACTOR, FixedClock(datetime(2025, 7, day, tzinfo=UTC)), sent)]


def test_a_tombstone_before_its_record_deletes_it_when_it_comes(reference: Session) -> None:
    first = occurrence()
    assert [(o.outcome, o.reason) for o in send(reference, tombstone(first))] == [("accepted", "waiting")]
    assert outcomes(reference, first) == ["accepted"]
    row = reference.execute(text("SELECT kind, state FROM ledger WHERE id = :id"), {"id": first["id"]}).one()
    assert tuple(row) == ("occurrence", "deleted")
    assert count(reference, "occurrence") == 0
    assert frozen(reference) == {}


def test_what_is_deleted_leaves_no_row_that_a_reader_could_count(reference: Session) -> None:
    area = [{"code": "occurrence_area_m2", "value": "20", "unit": "m2"}]
    walk = event(place=MANGSHAN, geometry=[[1129287654, 249512345], [1129297654, 249512345]], measurements=area)
    patrol = envelope("patrol", observed(event_type="patrol", sampling_protocol="patrol", place=MANGSHAN))
    found = occurrence(event_id=walk["id"], measurements=area)
    points = [[1747700000000, 1129287654, 249512345, 500, None]]
    segment = envelope("track_segment", observed(patrol_id=patrol["id"], leg=1, points=points))
    finding = envelope("finding", observed(event_id=patrol["id"], finding_type="snare", place=MANGSHAN))
    about = {"sha256": "ab" * 32, "byte_count": 10, "media_type": "image/jpeg"}
    photo = envelope("media", observed(subject_ids=[found["id"]], **about))
    sent = [walk, patrol, found, segment, finding, photo]
    assert set(outcomes(reference, *sent)) == {"accepted"}
    assert set(outcomes(reference, *[tombstone(record) for record in sent])) == {"accepted"}
    readable = (
        "occurrence",
        "event",
        "patrol",
        "finding",
        "measurement",
        "media_item",
        "media_subject",
        "disclosed_place",
    )
    assert {table: count(reference, table) for table in readable} == dict.fromkeys(readable, 0)
    reference.execute(text("SET LOCAL ROLE xiangye_precise"))
    exact = ("place", "event_geometry", "event_link", "track_point")
    assert {table: count(reference, f"precise.{table}") for table in exact} == dict.fromkeys(exact, 0)


def test_what_an_edit_takes_away_is_gone(reference: Session) -> None:
    walk = event(
        geometry=[[1129287654, 249512345], [1129297654, 249512345]],
        measurements=[{"code": "water_temperature_c", "value": "20", "unit": "°C"}],
    )
    found = occurrence(event_id=walk["id"], measurements=[{"code": "cover_pct", "value": "20", "unit": "%"}])
    send(reference, walk, found)
    send(reference, edited(walk, geometry=None, measurements=[]), edited(found, event_id=None, measurements=[]))
    assert count(reference, "measurement") == 0
    reference.execute(text("SET LOCAL ROLE xiangye_precise"))
    assert count(reference, "precise.event_geometry") == count(reference, "precise.event_link") == 0


def test_no_record_however_odd_blocks_another(reference: Session) -> None:
    deep: list[Any] = []
    for _ in range(60):
        deep = [deep]
    odd = [
        occurrence(observed_from="2025-13", date_precision="month"),
        occurrence(observed_from="0000", date_precision="year"),
        occurrence(observed_from="0001-01-01T00:00:00+14:00"),
        occurrence(observed_from="9999-12-31T23:59:59-11:00"),
        occurrence(flags=5),
        occurrence(place={**MANGSHAN, "latitude_e7": 10**15}),
        occurrence(name_of_tomorrow=deep),
        {**occurrence(), "id": "\ud800"},
        {**occurrence(), "id": "x" * 20_000},
        {**occurrence(), "id": "\0"},
        occurrence(taxon={"verbatim_name": "白鹭\0"}),
        envelope("event", observed(event_type="visit", sampling_protocol="x", geometry=[[2**53 - 1, 0], [0, 0]])),
    ]
    result = send(reference, occurrence(), *odd, occurrence())
    assert [o.outcome for o in result] == ["accepted"] + ["quarantined"] * len(odd) + ["accepted"]
    assert {o.record_id for o in result if o.outcome == "quarantined"} >= {None}


def test_a_value_beyond_all_reason_is_kept_as_written(reference: Session) -> None:
    record = occurrence(measurements=[{"code": "height_m", "value": "1e999999", "unit": "km"}])
    photo = envelope(
        "media",
        observed(subject_ids=[record["id"]], sha256="ab" * 32, byte_count=10, media_type="image/jpeg", event_id=5),
    )
    assert outcomes(reference, record, photo) == ["accepted", "accepted"]
    row = reference.execute(text("SELECT value, canonical_value FROM measurement")).one()
    assert tuple(row) == ("1e999999", None)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_edits_that_do_not_go_together_are_a_conflict(reference: Session, order: tuple[int, int]) -> None:
    first = occurrence(count_min=1, count_max=9)
    edits = [edited(first, count_min=5), edited(first, count_max=3)]
    assert outcomes(reference, first, edits[order[0]]) == ["accepted", "accepted"]
    assert outcomes(reference, edits[order[1]]) == ["conflict"]
    kept = frozen(reference)[first["id"]]
    assert kept.state == "conflict"
    assert kept.body["count_min"] <= kept.body["count_max"]
    assert reference.execute(text("SELECT count_min, count_max FROM occurrence")).one() == (
        kept.body["count_min"],
        kept.body["count_max"],
    )


def test_the_base_of_two_edits_is_no_conflict(reference: Session) -> None:
    first = occurrence()
    result = outcomes(reference, first, edited(first, individual_count=2), edited(first, individual_count=3))
    assert result == ["accepted", "conflict", "conflict"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_name_is_the_one_of_the_version_that_gave_it(reference: Session, order: tuple[int, ...]) -> None:
    first = occurrence(taxon=EGRET)
    versions = [first, edited(first, individual_count=2), edited(first, taxon=PANGOLIN)]
    for position in order:
        send(reference, versions[position])
    kept = frozen(reference)[first["id"]]
    name = reference.execute(text("SELECT scientific_name FROM taxon WHERE taxon_id = :id"), {"id": kept.taxon_id})
    assert (name.scalar_one(), kept.disclosed.level) == (PANGOLIN["scientific_name"], 1)


def test_one_id_in_two_kinds_in_one_batch(reference: Session) -> None:
    first = occurrence()
    result = send(reference, first, {**event(), "id": first["id"]})
    assert [(o.outcome, o.reason) for o in result] == [("accepted", None), ("quarantined", "wrong_kind")]


@pytest.mark.parametrize("later", ["moved", "unplaced", "deleted", "merged"])
def test_nothing_later_changes_what_was_and_no_level_falls(reference: Session, later: str) -> None:
    first = occurrence(taxon=PANGOLIN, occurrence_status="present")
    beside = edited(first, individual_count=4)
    send(reference, first, beside)
    before = frozen(reference)[first["id"]]
    place = {**MANGSHAN, "latitude_e7": 293500000, "longitude_e7": 1129500000}
    change = {
        "moved": edited(beside, place=place),
        "unplaced": edited(beside, place=None),
        "deleted": tombstone(beside),
        "merged": edited(first, place=place),
    }[later]
    assert admit_at(reference, 1, change) == ["accepted"]
    after = frozen(reference)[first["id"]]
    assert after == before
    assert after.disclosed.level == 1


@pytest.mark.parametrize("number", range(6))
def test_a_merge_with_another_head_is_another_state(reference: Session, number: int) -> None:
    """Whichever of the two digests sorts first."""
    first = occurrence(occurrence_remarks=str(number))
    send(reference, first, edited(first, individual_count=4))
    before = frozen(reference)[first["id"]]
    place = {**MANGSHAN, "latitude_e7": 293500000, "longitude_e7": 1129500000}
    admit_at(reference, 1, edited(first, place=place))
    assert frozen(reference)[first["id"]] == before
    now = frozen_records(reference, LOCAL_OPERATOR, CLOCK, "test", end_of_day_in_china("2025-08-01"))[0]
    assert now.head_digest != before.head_digest
    assert now.exact.latitude_e7 == 293500000


def test_what_waits_is_not_read(reference: Session) -> None:
    first = occurrence()
    send(reference, edited(first, individual_count=2), tombstone(occurrence()))
    assert frozen(reference) == {}


@pytest.mark.parametrize("written", ["1899-05-01", "1999-12-31", "2041-01-01", "9999", None])
def test_every_year_has_its_partition(reference: Session, written: str | None) -> None:
    record = occurrence(observed_from=written, date_precision="day" if written and len(written) > 4 else "year")
    assert outcomes(reference, record, edited(record, individual_count=3)) == ["accepted", "accepted"]
    year = int(written[:4]) if written else 0
    assert reference.execute(text("SELECT observed_year, individual_count FROM occurrence")).all() == [(year, 3)]
