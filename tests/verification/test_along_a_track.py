"""Tracks and photos that come after the record bear on it all the same."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.verification.model import Review, RuleFinding
from shared.clock import CHINA
from tests import records
from tests.admitting import outcomes, set_up
from tests.verification import tracks

START = datetime(2025, 5, 20, 8, 0, tzinfo=CHINA)


def found(session: Session, id_: str) -> dict[str, str]:
    rows = session.scalars(select(RuleFinding).where(RuleFinding.record_id == UUID(id_), RuleFinding.gone_at.is_(None)))
    return {row.rule_id: row.words_zh for row in rows}


def patrol(begins: datetime = START) -> dict[str, Any]:
    body = records.observed(
        event_type="patrol",
        sampling_protocol="patrol",
        place=records.MANGSHAN,
        leader=records.PERSON,
        observed_from=begins.isoformat(),
        observed_to=(begins + timedelta(hours=3)).isoformat(),
    )
    return records.envelope("patrol", body)


def at_mangshan(track: tracks.Track, begins: datetime = START) -> list[list[Any]]:
    """On the wire, moved to where the records are."""
    first, t = track[0], int(begins.timestamp() * 1000)
    east = records.MANGSHAN["longitude_e7"] - first.longitude_e7
    north = records.MANGSHAN["latitude_e7"] - first.latitude_e7
    return [[t + p.t_ms - first.t_ms, p.longitude_e7 + east, p.latitude_e7 + north, p.accuracy_cm, None] for p in track]


def segment(of: dict[str, Any], points: list[list[Any]]) -> dict[str, Any]:
    return records.envelope("track_segment", records.observed(patrol_id=of["id"], leg=0, points=points))


def honest_track() -> tracks.Track:
    return tracks.honest(random.Random("patrol"))


def test_a_forged_track_flags_its_patrol_and_what_was_found_along_it(reference: Session) -> None:
    """T6: kept, flagged, told to the reviewer."""
    set_up(reference)
    walk = patrol()
    seen = records.occurrence(event_id=walk["id"], observed_from=START.isoformat())
    outcomes(reference, walk, seen)
    assert "track-forged" not in found(reference, seen["id"])
    assert outcomes(reference, segment(walk, at_mangshan(tracks.perfect_line(random.Random(1))))) == ["accepted"]
    for id_ in (walk["id"], seen["id"]):
        assert "轨迹过直" in found(reference, id_)["track-forged"]
        assert reference.get_one(Review, UUID(id_)).flagged


def test_an_honest_track_is_held_against_nobody_until_it_comes_again(reference: Session) -> None:
    set_up(reference)
    walk, points = patrol(), at_mangshan(honest_track())
    outcomes(reference, walk, segment(walk, points))
    assert found(reference, walk["id"]) == {}
    assert reference.get(Review, UUID(walk["id"])) is None

    next_day = START + timedelta(days=1)
    again = patrol(next_day)
    outcomes(reference, again, segment(again, at_mangshan(honest_track(), next_day)))
    assert "与以前的轨迹重合" in found(reference, again["id"])["track-forged"]
    assert found(reference, walk["id"]) == {}, "the first of the two is the original"


def test_a_record_far_from_the_track_of_that_moment_is_flagged(reference: Session) -> None:
    set_up(reference)
    walk, points = patrol(), at_mangshan(honest_track())
    middle = points[len(points) // 2]
    moment = datetime.fromtimestamp(middle[0] / 1000, UTC).isoformat()
    there = {**records.MANGSHAN, "longitude_e7": middle[1], "latitude_e7": middle[2]}
    near = records.occurrence(event_id=walk["id"], observed_from=moment, date_precision="second", place=there)
    far = records.occurrence(
        event_id=walk["id"],
        observed_from=moment,
        date_precision="second",
        individual_count=2,
        place={**there, "latitude_e7": middle[2] + 300_000},
    )
    outcomes(reference, walk, near, far, segment(walk, points))
    assert "track-position" not in found(reference, near["id"])
    assert found(reference, far["id"])["track-position"] == "记录位置离当时的巡护轨迹超过 500 米"


def test_a_photo_from_elsewhere_or_of_another_day_is_flagged(reference: Session) -> None:
    set_up(reference)
    kept, moved, old = (records.occurrence(individual_count=n) for n in (1, 2, 3))
    outcomes(reference, kept, moved, old)
    here = {name: records.MANGSHAN[name] for name in ("latitude_e7", "longitude_e7")}
    photos = [
        (kept, "2025-05-20T08:29:10", here),
        (moved, "2025-05-20T08:29:10", {**here, "latitude_e7": 280_000_000}),
        (old, "2024-05-20T08:29:10", here),
    ]
    for n, (of, taken, place) in enumerate(photos, 1):
        body = records.observed(
            subject_ids=[of["id"]],
            sha256=f"{n:064x}",
            byte_count=1000,
            media_type="image/jpeg",
            captured_at=taken,
            exif_place=place,
        )
        assert outcomes(reference, records.envelope("media", body)) == ["accepted"]
    assert "photo-match" not in found(reference, kept["id"])
    assert "位置" in found(reference, moved["id"])["photo-match"]
    assert "时间" in found(reference, old["id"])["photo-match"]
    assert "photo-required" not in found(reference, kept["id"])
