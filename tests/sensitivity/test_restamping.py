"""A new layer is held against every place: what must move does, nothing else, and no version of a record is touched."""

import random
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from server.accounts.viewer import LOCAL_OPERATOR, PUBLIC
from server.audit.checking import first_broken
from server.db import session_factory
from server.places import queries
from server.sensitivity import precise
from server.sensitivity.queries import frozen_records
from server.sensitivity.restamping import Restamped, history, moved_by, restamp
from server.settings import Settings
from shared.clock import FixedClock, end_of_day_in_china
from shared.problems import Problem
from tests import records
from tests.admitting import count, outcomes, set_up
from tests.places import postgis
from tests.places.versions import border_moved, changed_counties, named_layer

GIVER, TAKER = "431022", "431025"
LATER = FixedClock(datetime(2025, 9, 1, tzinfo=UTC))
BEFORE, AFTER = date(2025, 6, 30), date(2025, 8, 31)


@pytest.fixture
def surveyed(reference: Session) -> Session:
    """Every layer that came with the program has been held against the places already: there are none."""
    set_up(reference)
    restamp(reference, "system", LATER)
    return reference


def at(lon: float, lat: float, **fields: Any) -> dict[str, Any]:
    place = {**records.MANGSHAN, "longitude_e7": round(lon * 1e7), "latitude_e7": round(lat * 1e7)}
    return records.occurrence(place=place, **fields)


def scattered(session: Session, number: int) -> list[dict[str, Any]]:
    """Over both counties; every third guarded, every fifth an event."""
    west, south, east, north = shapely.union_all([queries.county_shape(session, c) for c in (GIVER, TAKER)]).bounds
    draw = random.Random(number)
    sent = []
    for n in range(number):
        lon, lat = draw.uniform(west, east), draw.uniform(south, north)
        found = at(lon, lat, taxon=records.PANGOLIN if n % 3 == 0 else records.EGRET)
        sent.append(records.event(place=found["body"]["place"]) if n % 5 == 0 else found)
    return sent


def of_record(record: dict[str, Any]) -> tuple[float, float]:
    place = record["body"]["place"]
    return place["longitude_e7"] / 1e7, place["latitude_e7"] / 1e7


def rows(session: Session, query: str) -> dict[UUID, tuple[Any, ...]]:
    return {row[0]: tuple(row[1:]) for row in session.execute(text(query))}


def exact_rows(session: Session) -> dict[UUID, tuple[Any, ...]]:
    session.execute(text("SET LOCAL ROLE xiangye_precise"))
    found = rows(session, "SELECT id, county_code, uncertain, areas, distance_to_border_m FROM precise.place")
    session.execute(text("RESET ROLE"))
    return found


def test_a_moved_border_moves_only_the_records_it_must(surveyed: Session) -> None:
    sent = scattered(surveyed, 300)
    assert set(outcomes(surveyed, *sent)) == {"accepted"}
    points = [of_record(one) for one in sent]
    old = queries.boundary_version(surveyed)
    disclosed = "SELECT id, level, latitude, longitude, county_code, uncertain, grid_cell FROM disclosed_place"
    ledger = "SELECT id, digest, change_no, received_at FROM version"
    before, shown, versions = exact_rows(surveyed), rows(surveyed, disclosed), rows(surveyed, ledger)

    new = changed_counties(surveyed, border_moved(surveyed, GIVER, TAKER, reach=0.05))
    (done,) = restamp(surveyed, "管理员", LATER)

    was, now = (postgis.counties(surveyed, version, points) for version in (old, new))
    after, shown_after = exact_rows(surveyed), rows(surveyed, disclosed)
    assert rows(surveyed, ledger) == versions
    ids = [UUID(one["id"]) for one in sent]
    for id_, then, told in zip(ids, was, now, strict=True):
        assert (before[id_][0], before[id_][1], before[id_][3]) == then
        assert (after[id_][0], after[id_][1], after[id_][3]) == told
    must = {id_ for id_, then, told in zip(ids, was, now, strict=True) if then[:2] != told[:2]}
    must |= {id_ for id_ in ids if shown[id_] != shown_after[id_]}
    crossed = [id_ for id_, then, told in zip(ids, was, now, strict=True) if (then[0], told[0]) == (GIVER, TAKER)]
    assert len(crossed) >= 2 and len(must) < 40, "a piece of 5 km moves few of 300 records"
    assert done == Restamped("county", old, new, 300, len(must))
    assert moved_by(surveyed, LOCAL_OPERATOR, LATER, history(surveyed)[0].restamping_id).keys() == must
    moved_rows = rows(surveyed, f"SELECT id FROM disclosed_place WHERE boundary_version = '{new}'")
    assert moved_rows.keys() <= must


def test_what_is_shown_of_a_guarded_record_follows_its_cell_and_never_its_place(surveyed: Session) -> None:
    shapes = border_moved(surveyed, GIVER, TAKER, reach=0.06)
    piece = queries.county_shape(surveyed, GIVER).difference(shapes[GIVER])
    inside = piece.representative_point()
    patrol = records.envelope(
        "patrol",
        records.observed(
            event_type="patrol", sampling_protocol="patrol", place=at(inside.x, inside.y)["body"]["place"]
        ),
    )
    withheld, plain = at(inside.x, inside.y, taxon=records.PANGOLIN), at(inside.x, inside.y)
    assert outcomes(surveyed, patrol, withheld, plain) == ["accepted"] * 3
    changed_counties(surveyed, shapes)
    restamp(surveyed, "管理员", LATER)
    shown = rows(surveyed, "SELECT id, level, county_code, grid_cell, latitude, longitude FROM disclosed_place")
    level, code, _, latitude, longitude = shown[UUID(patrol["id"])]
    assert (level, code, latitude, longitude) == (2, TAKER, None, None), "its cell lies in both counties"
    assert shown[UUID(plain["id"])][:2] == (0, TAKER)
    level, code, cell, latitude, longitude = shown[UUID(withheld["id"])]
    assert (level, code, cell, latitude, longitude) == (1, TAKER, None, None, None)


def test_flags_of_the_place_follow_it_and_others_stay(surveyed: Session) -> None:
    near = _beside_the_border(surveyed)
    record = at(*near, flags=["datum_other"], individual_count=None)
    outcomes(surveyed, record)
    flags = f"SELECT id, flags FROM occurrence WHERE id = '{record['id']}'"
    id_ = UUID(record["id"])
    before = rows(surveyed, flags)[id_][0]
    changed_counties(surveyed, border_moved(surveyed, GIVER, TAKER, reach=0.05))
    restamp(surveyed, "管理员", LATER)
    after = rows(surveyed, flags)[id_][0]
    assert "near_border" in before and "datum_other" in before
    assert after == [flag for flag in before if flag != "near_border"]
    frozen = {
        one.id: one
        for one in frozen_records(surveyed, LOCAL_OPERATOR, LATER, "test", end_of_day_in_china("2025-08-31"))
    }
    assert list(frozen[record["id"]].flags) == after
    then = {
        one.id: one
        for one in frozen_records(surveyed, LOCAL_OPERATOR, LATER, "test", end_of_day_in_china("2025-06-30"))
    }
    assert list(then[record["id"]].flags) == before


def _beside_the_border(session: Session) -> tuple[float, float]:
    """About 200 m within the county that gives, where the middle of the border was."""
    gives = queries.county_shape(session, GIVER)
    piece = gives.difference(border_moved(session, GIVER, TAKER, reach=0.05)[GIVER])
    takes = queries.county_shape(session, TAKER)
    shared = max(shapely.get_parts(shapely.line_merge(gives.boundary.intersection(takes.boundary))), key=shapely.length)
    middle = shared.interpolate(0.5, normalized=True)
    near = piece.buffer(-0.0001).intersection(middle.buffer(0.0025)).representative_point()
    return near.x, near.y


def test_as_of_a_day_places_are_told_by_the_layers_of_that_day(surveyed: Session) -> None:
    sent = scattered(surveyed, 60)
    outcomes(surveyed, *sent)
    before = _codes(surveyed, BEFORE)
    old = queries.boundary_version(surveyed)
    new = changed_counties(surveyed, border_moved(surveyed, GIVER, TAKER, reach=0.1))
    restamp(surveyed, "管理员", LATER)
    assert (queries.boundary_version(surveyed, BEFORE), queries.boundary_version(surveyed, AFTER)) == (old, new)
    assert queries.versions_on(surveyed)["county"] == new
    assert _codes(surveyed, BEFORE) == before
    after = _codes(surveyed, AFTER)
    points = {one["id"]: of_record(one) for one in sent}
    assert after == dict(
        zip(points, (t[0] for t in postgis.counties(surveyed, new, list(points.values()))), strict=True)
    )
    assert before != after


def _codes(session: Session, on: date) -> dict[str, str | None]:
    found = frozen_records(session, LOCAL_OPERATOR, LATER, "test", end_of_day_in_china(on.isoformat()))
    told = {one.id: one.exact.stamp.county_code for one in found if one.exact}
    return {id_: told[id_] for id_ in sorted(told)}


def test_overlapping_areas_and_zones_come_to_standing_records(surveyed: Session) -> None:
    lon, lat = 112.93, 24.95
    record = at(lon, lat)
    outcomes(surveyed, record, at(113.2, 25.2))
    boxes = {"甲": shapely.box(112.9, 24.9, 113.0, 25.0), "乙": shapely.box(112.92, 24.94, 113.1, 25.1)}
    named_layer(surveyed, "protected_area", boxes)
    named_layer(surveyed, "priority_area", {"优先": shapely.box(112.5, 24.5, 113.1, 25.1)})
    zones = named_layer(surveyed, "zone", {"核心": shapely.box(112.92, 24.94, 112.94, 24.96)})
    done = restamp(surveyed, "管理员", LATER)
    assert [(one.kind, one.checked, one.moved) for one in done] == [
        ("priority_area", 2, 1),
        ("protected_area", 2, 1),
        ("zone", 2, 1),
    ]
    assert exact_rows(surveyed)[UUID(record["id"])][2] == sorted(["甲", "乙", "优先"])
    frozen = next(
        one
        for one in frozen_records(surveyed, LOCAL_OPERATOR, LATER, "test", end_of_day_in_china("2025-08-31"))
        if one.id == record["id"]
    )
    assert frozen.exact is not None and frozen.exact.stamp.zones == ("核心",)
    assert frozen.exact.stamp.layer_versions["zone"] == zones
    stamp = queries.locate(surveyed, lon, lat)
    assert (stamp.areas, stamp.zones) == (frozen.exact.stamp.areas, frozen.exact.stamp.zones)


def test_restamping_again_finds_nothing_to_do_and_each_one_is_told(surveyed: Session) -> None:
    first = {row.kind: row for row in history(surveyed)}
    assert (first["county"].from_version, first["county"].checked_count, first["county"].moved_count) == (None, 0, 0)
    outcomes(surveyed, at(112.93, 24.95))
    assert restamp(surveyed, "张三", LATER) == []
    named_layer(surveyed, "grid", {"G1": shapely.box(112.9, 24.9, 113.0, 25.0)})
    assert [(one.kind, one.from_version, one.moved) for one in restamp(surveyed, "李四", LATER)] == [("grid", None, 1)]
    told = history(surveyed)
    assert (told[0].kind, told[0].moved_count, told[0].by_account) == ("grid", 1, "李四")
    ((before, after),) = moved_by(surveyed, LOCAL_OPERATOR, LATER, told[0].restamping_id).values()
    assert before["exact"]["grid_cell"].startswith("XY10-") and after["exact"]["grid_cell"] == "G1"
    assert count(surveyed, "restamping") == len(first) + 1
    assert first_broken(surveyed) is None
    actions = surveyed.execute(text("SELECT actor, detail FROM audit_entry WHERE action = 'restamp'")).all()
    assert [(row.actor, row.detail["moved"]) for row in actions] == [("system", 0)] * len(first) + [("李四", 1)]


def test_what_moved_is_told_only_to_those_who_may_know(surveyed: Session) -> None:
    with pytest.raises(Problem, match="没有查阅精确位置的权限"):
        moved_by(surveyed, PUBLIC, LATER, 1)


def test_what_was_restamped_can_no_longer_be_rewritten(surveyed: Session) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), surveyed.begin_nested():
        surveyed.execute(text("UPDATE restamping SET moved_count = 0"))
    with pytest.raises(ProgrammingError, match="permission denied"), surveyed.begin_nested():
        surveyed.execute(text("SELECT * FROM precise.restamped_place"))


@pytest.fixture
def two(reference_settings: Settings) -> Iterator[tuple[Session, Session]]:
    factory = session_factory(reference_settings)
    with factory() as one, factory() as other:
        set_up(one)
        restamp(one, "system", LATER)
        one.commit()
        yield one, other


def _begin(work: Any) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def _waits(session: Session) -> bool:
    query = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database WHERE datname = current_database() AND NOT granted"
    for _ in range(100):
        if session.execute(text(query)).scalar_one():
            return True
        threading.Event().wait(0.05)
    return False


def test_a_record_on_its_way_in_is_waited_for_and_then_moved(two: tuple[Session, Session]) -> None:
    ingest, loading = two
    shapes = border_moved(loading, GIVER, TAKER)
    inside = queries.county_shape(loading, GIVER).difference(shapes[GIVER]).representative_point()
    loading.rollback()
    record = at(inside.x, inside.y)
    assert outcomes(ingest, record) == ["accepted"]
    done: list[Restamped] = []

    def load() -> None:
        queries.hold_all_layers(loading)
        changed_counties(loading, shapes)
        done.extend(restamp(loading, "管理员", LATER))
        loading.commit()

    thread = _begin(load)
    assert _waits(ingest), "the load waits for the batch"
    assert done == []
    ingest.commit()
    thread.join(30)
    assert [(one.checked, one.moved) for one in done] == [(1, 1)]
    assert exact_rows(ingest)[UUID(record["id"])][0] == TAKER


def test_a_record_that_comes_during_a_load_is_stamped_by_the_new_layer(two: tuple[Session, Session]) -> None:
    ingest, loading = two
    assert outcomes(ingest, at(112.93, 24.95)) == ["accepted"]
    ingest.commit()
    shapes = border_moved(loading, GIVER, TAKER)
    inside = queries.county_shape(loading, GIVER).difference(shapes[GIVER]).representative_point()
    loading.rollback()
    queries.hold_all_layers(loading)
    version = changed_counties(loading, shapes)
    record, told = at(inside.x, inside.y), []

    def admit() -> None:
        told.extend(outcomes(ingest, record))
        ingest.commit()

    thread = _begin(admit)
    assert _waits(loading), "the batch waits for the load"
    assert [(one.checked, one.moved) for one in restamp(loading, "管理员", LATER)] == [(1, 0)]
    loading.commit()
    thread.join(30)
    assert told == ["accepted"]
    assert exact_rows(loading)[UUID(record["id"])][0] == TAKER
    stamped = rows(loading, "SELECT id, boundary_version FROM disclosed_place")
    assert stamped[UUID(record["id"])] == (version,)


def test_no_layer_comes_into_force_while_the_homes_of_a_report_are_read(
    two: tuple[Session, Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = list[str]()
    read = precise.read_versions

    def watched(session: Session, cutoff: datetime) -> Any:
        query = "SELECT mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        held.extend(session.execute(text(query)).scalars())
        return read(session, cutoff)

    monkeypatch.setattr(precise, "read_versions", watched)
    _codes(two[1], AFTER)
    assert "ShareLock" in held
