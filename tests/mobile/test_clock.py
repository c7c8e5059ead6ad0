"""T11: a tablet's clock may be anything; what it said is kept as it was, and how wrong it is is named."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from shared.clock import parse_aware
from tests.mobile.station import station
from tests.mobile.tablets import tablet

NOW = datetime.now(UTC)
LEAP_NIGHT = datetime(2024, 2, 29, 23, 59, 59, tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize(
    "at",
    [
        NOW + timedelta(days=400),
        NOW - timedelta(days=400),
        LEAP_NIGHT,
        LEAP_NIGHT.astimezone(timezone(timedelta(hours=-11))),
    ],
    ids=["ahead", "behind", "leap day", "another zone"],
)
def test_nothing_is_dated_anew_and_the_amount_is_named(tmp_path: Path, at: datetime) -> None:
    with station(epoch="e1") as server, tablet(tmp_path, server_url=server.url) as held:
        held.clock.set(at)
        held.stand(112.9, 24.9)
        ids = [held.sighting()]
        held.wait(1)  # over midnight of the leap day
        ids.append(held.sighting())
        before = [held.app.store.outbox.newest_version(record_id) for record_id in ids]
        assert held.app.sync.sync() is True
        assert [held.app.store.outbox.newest_version(one) for one in ids] != [] and len(server.records) == 2
        saved = [one.record["saved_at"] for one in before if one is not None]
        assert [parse_aware(one["wall"]) for one in saved] == [
            at.replace(microsecond=0),
            (at + timedelta(seconds=1)).replace(microsecond=0),
        ]
        assert saved[0]["monotonic_ms"] <= saved[1]["monotonic_ms"], "the order of a run is told by no wall clock"
        assert parse_aware(saved[0]["gnss"]) == at.replace(microsecond=0)
        assert {one["saved_at"]["wall"] for one in server.records.values()} == {one["wall"] for one in saved}
        off = held.app.store.identity.clock_offset()
        assert abs(off - (datetime.now(UTC) - held.clock.now())) < timedelta(minutes=1)
        direction = "慢" if off > timedelta() else "快"
        assert f"{direction} {abs(off).days} 天" in held.app.sync.clock_text


def test_another_zone_alone_is_no_wrong_clock(tmp_path: Path) -> None:
    with station(epoch="e1") as server, tablet(tmp_path, server_url=server.url) as held:
        held.clock.set(datetime.now(timezone(timedelta(hours=-11))))
        held.sighting()
        assert held.app.sync.sync() is True and held.app.sync.clock_text == ""
