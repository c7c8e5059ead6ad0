"""Idempotent by id and digest; nothing is lost, nothing doubled, one bad record blocks no other."""

import itertools

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts.viewer import LOCAL_OPERATOR
from server.sensitivity.queries import frozen_records
from shared.canonical import digest
from shared.clock import end_of_day_in_china
from shared.ids import uuid7
from tests.admitting import CLOCK, count, frozen, outcomes, send, set_up
from tests.records import EGRET, MANGSHAN, PANGOLIN, edited, envelope, event, observed, occurrence

pytestmark = pytest.mark.usefixtures("surveyed")


@pytest.fixture
def surveyed(reference: Session) -> None:
    set_up(reference)


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
