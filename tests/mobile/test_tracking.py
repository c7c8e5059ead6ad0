"""Tracks: what counts as walked, and what was not seen."""

from datetime import timedelta
from pathlib import Path

import pytest

from mobile.device.desktop_clock import ScriptedClock
from mobile.device.desktop_location import GpxReplay
from mobile.device.gpx import read_gpx
from mobile.device.ports import DeviceFailure, Fix
from mobile.tracking.filter import accept
from mobile.tracking.point import TrackPoint
from mobile.tracking.summary import TrackMeter
from shared.geodesy import distance_m
from tests.mobile.tablets import DAWN

STEP_E7 = 1000  # about 11 m of latitude
STEP_M = distance_m(112.9, 25.0, 112.9, 25.0 + STEP_E7 / 1e7)


def fix(number: int, seconds: float | None = None, accuracy_m: float | None = 5) -> Fix:
    return Fix(
        250_000_000 + STEP_E7 * number,
        1_129_000_000,
        accuracy_m,
        DAWN + timedelta(seconds=10 * number if seconds is None else seconds),
    )


def test_length_leaves_out_gaps_and_pauses() -> None:
    points = [TrackPoint.of(fix(n), 0) for n in range(5)]
    points += [TrackPoint.of(fix(n, 40 + 180 + 10 * (n - 4)), 0) for n in range(8, 11)]
    points += [TrackPoint.of(fix(n, 1000 + 10 * n), 1) for n in range(30, 33)]
    summary = TrackMeter(points).summary(
        DAWN,
        DAWN + timedelta(seconds=1400),
        [(DAWN + timedelta(seconds=300), DAWN + timedelta(seconds=1300))],
    )
    assert summary.length_m == pytest.approx((4 + 2 + 2) * STEP_M, rel=1e-6)
    assert [gap.minutes for gap in summary.gaps] == [pytest.approx((180 + 40) / 60)]
    assert (summary.duration_s, summary.paused_s, summary.point_count) == (400, 1000, 11)
    assert [len(leg) for leg in summary.legs] == [5, 3, 3]


def test_only_believable_fixes_enter() -> None:
    first = accept(None, fix(0), 0)
    assert first is not None
    assert accept(None, fix(0, accuracy_m=500), 0) is None
    assert accept(first, fix(1, seconds=0), 0) is None, "not later"
    assert accept(first, fix(1, seconds=-5), 0) is None, "earlier"
    assert accept(first, fix(5000, seconds=10), 0) is None, "a jump of 55 km"
    assert accept(first, fix(0, seconds=5), 0) is None, "still"
    assert accept(first, fix(0, seconds=31), 0) is not None, "still, but half a minute later"
    assert accept(first, fix(1), 0) is not None
    assert accept(first, fix(5000, seconds=10), 1) is not None, "a new leg begins anywhere"
    assert accept(None, fix(0, accuracy_m=None), 0) is not None


GPX = """<?xml version="1.0"?><gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1">
<wpt lat="1" lon="1"><time>2020-01-01T00:00:00Z</time></wpt>
<trk><trkseg>
<trkpt lat="25.0000001" lon="112.9"><ele>812.5</ele><time>2025-05-19T23:30:00Z</time><hdop>1.2</hdop></trkpt>
<trkpt lat="25.001" lon="112.9"><time>2025-05-20T07:31:00+08:00</time><extensions><x:accuracy xmlns:x="urn:x">7.5</x:accuracy></extensions></trkpt>
<trkpt lat="25.002" lon="112.9"></trkpt></trkseg></trk></gpx>"""


def test_gpx_gives_time_altitude_and_accuracy(tmp_path: Path) -> None:
    (tmp_path / "a.gpx").write_text(GPX)
    first, second = read_gpx(tmp_path / "a.gpx")
    assert (first.latitude_e7, first.longitude_e7, first.altitude_m, first.accuracy_m) == (
        250_000_001,
        1_129_000_000,
        812.5,
        6.0,
    )
    assert first.at == DAWN
    assert second.accuracy_m == 7.5


@pytest.mark.parametrize(
    "content",
    [
        "no xml",
        "<gpx/>",
        GPX.replace('lat="25.001"', 'lat="99"'),
        GPX.replace("2025-05-19T23:30:00Z", "2025-05-19T23:30:00"),
        '<!DOCTYPE g [<!ENTITY a "b">]><gpx>&a;</gpx>',
        GPX.replace('lon="112.9"><ele>', 'lon="east"><ele>'),
    ],
)
def test_a_bad_gpx_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "bad.gpx").write_text(content)
    with pytest.raises(DeviceFailure, match=r"bad\.gpx"):
        read_gpx(tmp_path / "bad.gpx")
    with pytest.raises(DeviceFailure, match="absent"):
        read_gpx(tmp_path / "absent.gpx")


def test_the_replay_keeps_step_with_the_clock_and_says_that_it_is_one() -> None:
    clock = ScriptedClock()
    clock.set(DAWN + timedelta(days=100))
    replay = GpxReplay([fix(n) for n in range(4)], clock)
    assert [f.latitude_e7 for f in replay.poll()] == [fix(0).latitude_e7]
    assert replay.poll() == []
    clock.set(clock.now() + timedelta(seconds=25))
    moved = replay.poll()
    assert [f.latitude_e7 for f in moved] == [fix(1).latitude_e7, fix(2).latitude_e7]
    assert all(f.mock for f in moved) and moved[-1].at == DAWN + timedelta(days=100, seconds=20)
    clock.set(clock.now() + timedelta(hours=1))
    assert replay.poll()[-1].latitude_e7 == fix(3).latitude_e7
    assert replay.poll()[0].at == clock.now(), "at the end it lies still"
