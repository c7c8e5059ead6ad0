"""Idempotent by id and digest; nothing is lost, nothing doubled, one bad record blocks no other."""

import itertools
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts.viewer import LOCAL_OPERATOR
from server.sensitivity.queries import frozen_records
from shared.canonical import digest
from shared.clock import end_of_day_in_china
from shared.ids import uuid7
from tests.admitting import CLOCK, outcomes, send, set_up
from tests.records import EGRET, MANGSHAN, PANGOLIN, envelope, event, observed, occurrence

pytestmark = pytest.mark.usefixtures("surveyed")


@pytest.fixture
def surveyed(reference: Session) -> None:
    set_up(reference)


def edited(record: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**record, "base_digest": digest(record), "seq": record["seq"] + 1, "body": {**record["body"], **fields}}


def count(session: Session, table: str) -> int:
    return session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def frozen(session: Session) -> dict[str, Any]:
    return {
        record.id: record
        for record in frozen_records(session, LOCAL_OPERATOR, CLOCK, "test", end_of_day_in_china("2025-06-01"))
    }


def test_a_repeat_is_recognised_and_changes_nothing(reference: Session) -> None:
    record = occurrence()
    assert outcomes(reference, record, record) == ["accepted", "already_have"]
    assert outcomes(reference, record) == ["already_have"]
    assert count(reference, "occurrence") == count(reference, "version") == 1


def test_a_child_before_its_parent_is_accepted_and_finds_it(reference: Session) -> None:
    parent = event()
    child = occurrence(event_id=parent["id"])
    assert outcomes(reference, child) == ["accepted"]
    assert outcomes(reference, parent) == ["accepted"]
    row = reference.execute(
        text("SELECT o.event_id, e.effort_length_m FROM occurrence o JOIN event e ON e.id = o.event_id")
    ).one()
    assert (str(row[0]), row[1]) == (parent["id"], 2000)


def test_an_edit_before_its_base_waits_then_stands(reference: Session) -> None:
    first = occurrence()
    later = edited(first, individual_count=7)
    assert [(o.outcome, o.reason) for o in send(reference, later)] == [("accepted", "waiting")]
    assert count(reference, "occurrence") == 0
    assert outcomes(reference, first) == ["accepted"]
    assert reference.execute(text("SELECT individual_count FROM occurrence")).scalar_one() == 7


def test_any_order_of_arrival_ends_in_one_state(reference: Session) -> None:
    states = []
    for order in range(6):
        first = occurrence()
        versions = [first, edited(first, individual_count=2), edited(first, sex="male")]
        for version in list(itertools.permutations(versions))[order]:
            send(reference, version)
        body = frozen(reference)[first["id"]].body
        states.append((body["individual_count"], body["sex"]))
    assert set(states) == {(2, "male")}


def test_two_edits_of_one_field_are_a_conflict_for_a_person(reference: Session) -> None:
    first = occurrence()
    send(reference, first, edited(first, individual_count=2))
    assert outcomes(reference, edited(first, individual_count=3)) == ["conflict"]
    assert count(reference, "version") == 3


def test_a_tombstone_deletes_and_history_stays(reference: Session) -> None:
    first = occurrence()
    send(reference, first)
    grave = {
        **first,
        "kind": "tombstone",
        "base_digest": digest(first),
        "seq": 2,
        "body": {"target_id": first["id"], "target_kind": "occurrence"},
    }
    assert outcomes(reference, grave) == ["accepted"]
    assert first["id"] not in frozen(reference)
    assert count(reference, "version") == 2


def test_one_bad_record_blocks_no_other_and_its_bytes_are_kept(reference: Session) -> None:
    good = [occurrence(), occurrence()]
    bad = [
        occurrence(individual_count="three"),
        {"id": 5},
        None,
        occurrence(survey_id=str(uuid7())),
        {**occurrence(), "device": str(uuid7())},
        {**occurrence(), "author": str(uuid7())},
        envelope("unicorn", {}),
        occurrence(measurements=[{"code": "x", "value": "1" * 300}]),
    ]
    result = send(reference, good[0], *bad, good[1])
    assert [o.outcome for o in result] == ["accepted"] + ["quarantined"] * len(bad) + ["accepted"]
    assert all(o.reason for o in result[1:-1])
    reference.execute(text("SET LOCAL ROLE xiangye_precise"))
    assert count(reference, "precise.quarantine") == len({o.digest for o in result[1:-1]})


def test_what_only_the_database_refuses_is_quarantined_alone(reference: Session) -> None:
    """An event that is its own parent passes the schema and breaks a constraint."""
    odd = event()
    odd["body"]["parent_event_id"] = odd["id"]
    result = send(reference, occurrence(), odd, occurrence())
    assert [o.outcome for o in result] == ["accepted", "quarantined", "accepted"]
    assert result[1].reason == "database"


def test_an_id_of_another_kind_is_refused(reference: Session) -> None:
    first = event()
    send(reference, first)
    assert [(o.outcome, o.reason) for o in send(reference, {**occurrence(), "id": first["id"]})] == [
        ("quarantined", "wrong_kind")
    ]


def test_a_corrected_date_moves_the_row_to_its_year(reference: Session) -> None:
    first = occurrence()
    send(reference, first)
    send(reference, edited(first, observed_from="2019-05-20", date_precision="day"))
    assert reference.execute(text("SELECT tableoid::regclass::text, observed_year FROM occurrence")).one() == (
        "occurrence_2019",
        2019,
    )
    assert (
        reference.execute(text("SELECT observed_year FROM ledger WHERE id = :id"), {"id": first["id"]}).scalar_one()
        == 2019
    )


def test_flags_tell_what_is_odd_and_nothing_is_redated(reference: Session) -> None:
    record = occurrence(observed_from="2026-05-20T08:00:00+08:00", place=None)
    record["saved_at"]["wall"] = "2026-05-20T08:00:00+08:00"
    assert outcomes(reference, record) == ["accepted"]
    row = reference.execute(text("SELECT flags, observed_from FROM occurrence")).one()
    assert set(row[0]) >= {"place_missing", "date_future", "clock_off"}
    assert row[1].year == 2026


def test_a_record_in_another_province_keeps_its_county(reference: Session) -> None:
    guangdong = {**MANGSHAN, "latitude_e7": 247800000, "longitude_e7": 1133700000}
    record = occurrence(place=guangdong)
    send(reference, record)
    place = frozen(reference)[record["id"]].exact
    assert place.stamp.in_scope is False
    assert place.stamp.county_code.startswith("44")
    assert "out_of_scope" in reference.execute(text("SELECT flags FROM occurrence")).scalar_one()


def test_an_unknown_name_is_kept_and_guarded(reference: Session) -> None:
    record = occurrence(taxon={"verbatim_name": "待鉴定", "name_zh": None, "scientific_name": None})
    send(reference, record)
    kept = frozen(reference)[record["id"]]
    assert kept.disclosed.level == 2
    assert "name_unknown" in kept.flags


def test_as_of_shows_the_record_as_it_stood(reference: Session) -> None:
    from datetime import UTC, datetime

    from server.sync.admission import admit
    from shared.clock import FixedClock
    from tests.admitting import ACTOR

    first = occurrence(taxon=EGRET)
    send(reference, first)
    moved = edited(first, place={**MANGSHAN, "latitude_e7": 293500000, "longitude_e7": 1129500000}, individual_count=9)
    admit(reference, ACTOR, FixedClock(datetime(2025, 7, 1, tzinfo=UTC)), [moved])
    then = frozen(reference)[first["id"]]
    assert (then.body["individual_count"], then.exact.stamp.county_code) == (1, "431022")
    now = frozen_records(reference, LOCAL_OPERATOR, CLOCK, "test", end_of_day_in_china("2025-08-01"))[0]
    assert now.body["individual_count"] == 9
    assert now.exact.stamp.county_code != "431022"


def test_track_and_finding_reach_their_homes(reference: Session) -> None:
    patrol = envelope("patrol", observed(event_type="patrol", sampling_protocol="patrol", leader=None, place=MANGSHAN))
    points = [[1747700000000 + n * 1000, 1129287654 + n * 900, 249512345, 500, None] for n in range(5)]
    segment = envelope("track_segment", observed(patrol_id=patrol["id"], leg=1, points=points))
    finding = envelope("finding", observed(event_id=patrol["id"], finding_type="snare", place=MANGSHAN))
    assert outcomes(reference, segment, finding, patrol) == ["accepted"] * 3
    assert count(reference, "patrol") == count(reference, "finding") == 1
    reference.execute(text("SET LOCAL ROLE xiangye_precise"))
    assert count(reference, "precise.track_point") == 5


def test_the_strictest_level_ever_asked_for_stays(reference: Session) -> None:
    first = occurrence(taxon=PANGOLIN)
    send(reference, first)
    send(reference, edited(first, taxon=EGRET))
    assert frozen(reference)[first["id"]].disclosed.level == 1


def test_a_tombstone_before_its_record_deletes_it_when_it_comes(reference: Session) -> None:
    first = occurrence()
    grave = {
        **first,
        "kind": "tombstone",
        "base_digest": digest(first),
        "seq": 2,
        "body": {"target_id": first["id"], "target_kind": "occurrence"},
    }
    assert [(o.outcome, o.reason) for o in send(reference, grave)] == [("accepted", "waiting")]
    assert outcomes(reference, first) == ["accepted"]
    assert first["id"] not in frozen(reference)
    assert reference.execute(text("SELECT kind, state FROM ledger")).one() == ("occurrence", "deleted")


def tombstone(record: dict[str, Any]) -> dict[str, Any]:
    body = {"target_id": record["id"], "target_kind": record["kind"]}
    return {**record, "kind": "tombstone", "base_digest": digest(record), "seq": record["seq"] + 1, "body": body}


def admit_at(session: Session, day: int, *sent: dict[str, Any]) -> list[str]:
    from datetime import UTC, datetime

    from server.sync.admission import admit
    from shared.clock import FixedClock
    from tests.admitting import ACTOR

    return [o.outcome for o in admit(session, ACTOR, FixedClock(datetime(2025, 7, day, tzinfo=UTC)), sent)]


def test_a_tombstone_before_its_record_refuses_it_not(reference: Session) -> None:
    first = occurrence()
    assert [(o.outcome, o.reason) for o in send(reference, tombstone(first))] == [("accepted", "waiting")]
    assert outcomes(reference, first) == ["accepted"]
    row = reference.execute(text("SELECT kind, state FROM ledger WHERE id = :id"), {"id": first["id"]}).one()
    assert tuple(row) == ("occurrence", "deleted")
    assert count(reference, "occurrence") == 0


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
