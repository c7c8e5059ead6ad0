"""Nothing is recorded of a person before a notice was shown, and no track outside an open patrol or transect."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mobile.device.ports import Fix, Use
from mobile.wiring import Field, build
from shared.coordinates import to_e7
from shared.notices import NOTICES, TRACK
from tests.mobile.station import Station, station
from tests.mobile.tablets import DAWN, Tablet, tablet


@pytest.fixture
def unread(tmp_path: Path) -> Any:
    with tablet(tmp_path / "data", noticed=False) as one:
        yield one


def bodies(held: Tablet, kind: str) -> list[dict[str, Any]]:
    return [kept.body for kept in held.app.store.outbox.latest((kind,), 100)]


def test_no_walk_begins_before_the_notice(unread: Tablet) -> None:
    app = unread.app
    assert app.notice.needed
    for start in (app.patrol.start, app.transect.start):
        assert not start("莽山")
    assert "告知书" in app.patrol.message and app.patrol.state == app.transect.state == "idle"
    assert app.store.database.count("select count(*) from draft") == 0
    unread.sighting()  # what is no track needs none


@pytest.mark.parametrize("basis", ["duty", "employment", "consent"])
def test_patrol_track_and_transect_say_which_notice_and_on_what_basis(unread: Tablet, basis: str) -> None:
    notice = unread.app.notice
    notice.choose_role(basis)
    if notice.asks_age:
        assert not notice.can_accept and not notice.accept()
        assert "志愿者" in notice.text
        notice.choose_age("adult")
    unread.wait(30)
    assert notice.can_accept and notice.accept() and not notice.needed
    given = {"version": NOTICES[TRACK].version, "basis": basis, "accepted_at": "2025-05-20T07:30:30+08:00"}
    assert unread.app.patrol.start("莽山")
    unread.stand(112.9, 25.0)
    unread.app.patrol.end()
    assert unread.app.transect.start("样线")
    unread.app.transect.end()
    for kind in ("patrol", "track_segment", "event"):
        assert bodies(unread, kind)[0]["notice"] == {**given, "guardian": None}, kind


def test_for_somebody_under_fourteen_a_guardian_is_asked(unread: Tablet) -> None:
    notice = unread.app.notice
    notice.choose_role("consent")
    notice.choose_age("minor")
    assert notice.asks_guardian and not notice.can_accept
    assert not notice.accept() and "监护人" in notice.message and notice.needed
    assert not unread.app.patrol.start("")
    notice.set_guardian(True)
    assert notice.can_accept and notice.accept()
    assert unread.app.patrol.start("") and unread.app.patrol.end()
    assert bodies(unread, "patrol")[0]["notice"]["guardian"] is True
    notice.choose_age("adult")
    assert not notice.asks_guardian


def test_what_was_accepted_stays_as_it_was_and_outlives_the_app(unread: Tablet) -> None:
    unread.app.notice.choose_role("duty")
    unread.app.notice.accept()
    app = unread.restart()
    app.notice.open()
    assert not app.notice.needed and app.notice.role == "duty" and "履行法定职责" in app.notice.accepted_text
    for sql in ("update notice_acceptance set basis = 'consent'", "delete from notice_acceptance"):
        with pytest.raises(sqlite3.IntegrityError, match="final"):
            app.store.database.connection().execute(sql)
    app.store.identity.keep(person_id="01990000-0000-7000-8000-000000000001")
    app.notice.open()
    assert app.notice.needed and app.notice.role is None, "another person has read nothing yet"


def test_a_new_version_from_the_server_is_asked_anew(tmp_path: Path) -> None:
    with station(epoch="e1") as server, tablet(tmp_path, server_url=server.url) as held:
        app = held.app
        assert not app.notice.needed
        server.notices = {
            TRACK: {"version": "2026-2", "text": "轨迹保存 730 天"},
            "interview": {"version": 3},
            "x": None,
        }
        assert app.sync.sync() is True
        app.notice.open()
        assert app.notice.needed and app.notice.text == "轨迹保存 730 天" and app.notice.version_text == "版本 2026-2"
        assert not app.patrol.start("")
        app.notice.choose_role("employment")
        assert app.notice.accept() and app.patrol.start("") and app.patrol.end()
        assert bodies(held, "patrol")[0]["notice"]["version"] == "2026-2"


def test_a_walk_that_was_open_before_the_app_knew_notices_can_be_ended(unread: Tablet) -> None:
    drafts = unread.app.store.drafts
    values = {"started_at": "2025-05-20T07:00:00+08:00", "location_name": "旧"}
    drafts.keep("01990000-0000-7000-8000-000000000002", "patrol/1", values, DAWN)
    app = unread.restart()
    assert app.patrol.state == "running" and app.tracking
    assert app.patrol.end() and bodies(unread, "patrol")[0]["notice"] is None


def test_an_interview_needs_the_word_of_who_was_asked(unread: Tablet) -> None:
    record = unread.app.record
    record.open()
    record.choose_name("大鲵")
    assert record.set_interview(True) and "受访者" in record.interview_notice
    assert not record.confirm() and "同意" in record.message
    assert record.set_agreement("guardian") and record.agreement == "guardian"
    assert record.set_agreement(None) and record.agreement is None and not record.confirm()
    assert record.set_agreement("self") and record.confirm()
    (told,) = bodies(unread, "occurrence")
    assert (told["evidence_class"], told["notice"]["basis"], told["notice"]["guardian"]) == (
        "interview",
        "consent",
        None,
    )
    record.open()
    record.choose_name("白鹭")
    record.set_interview(True)
    record.set_agreement("self")
    record.set_interview(False)
    assert record.confirm()
    seen = bodies(unread, "occurrence")[0]
    assert (seen["evidence_class"], seen["notice"]) == ("field", None)


class Receiver:
    """A position whenever it is asked for; keeps the moments at which it was, and what for."""

    def __init__(self, held: Tablet) -> None:
        self._held = held
        self.use: Use = ""
        self.polls: list[tuple[datetime, Use]] = []
        self.wanted: list[tuple[datetime, Use]] = []
        self.step = 0

    def want(self, use: Use) -> None:
        self.use = use
        self.wanted.append((self._held.clock.now(), use))

    def poll(self) -> list[Fix]:
        now = self._held.clock.now()
        self.polls.append((now, self.use))
        self.step += 1
        return [Fix(to_e7(25.0) + 500 * self.step, to_e7(112.9), 5, now)]


def inside(moment: datetime, spans: Sequence[tuple[datetime, datetime]]) -> bool:
    return any(start <= moment <= end for start, end in spans)


def test_24_hours_with_two_patrols_hold_no_track_outside_them(tmp_path: Path) -> None:
    """T30: tracks exist only between 开始 and 结束: over a simulated day, track points and location requests for tracking outside the two
    patrols (and in a pause) are 0; while nobody looks at the app, it asks for no position at all."""
    with tablet(tmp_path / "data") as held:
        receiver = Receiver(held)
        app = build(tmp_path / "data", replace(held.device, location=receiver))
        held.clock.set(DAWN.replace(hour=0, minute=0))
        spans = _day(held, app)
        points = [
            datetime.fromtimestamp(one["t_ms"] / 1000, DAWN.tzinfo)
            for one in app.store.database.rows("select t_ms from track_point")
        ]
        travelled = [
            datetime.fromtimestamp(point[0] / 1000, DAWN.tzinfo)
            for kept in app.store.outbox.latest(("track_segment",), 100)
            for point in kept.body["points"]
        ]
        app.close()
    assert len(points) > 300 and sorted(points) == sorted(travelled)
    assert [one for one in points if not inside(one, spans)] == []
    for_tracks = [at for at, use in receiver.polls if use == "track"]
    assert [at for at in for_tracks if not inside(at, spans)] == []
    assert len(for_tracks) > 300
    begun = [at for at, use in receiver.wanted if use == "track"]
    assert begun == [start for start, _ in spans]
    asleep = [at for at, use in receiver.polls if at.hour < 6 or at.hour >= 20]
    assert asleep == [], "in the pocket and in the drawer nothing is asked for"


def _day(held: Tablet, app: Field) -> list[tuple[datetime, datetime]]:
    """Two patrols, the first with a pause; the app is looked at from 6 to 20 o'clock. Returns when a track was open."""
    acts: dict[str, Any] = {
        "06:00": lambda: app.show(True),
        "08:00": lambda: app.patrol.start("上午"),
        "09:00": lambda: (app.show(False), True)[1],  # the screen is off, the walk goes on
        "10:00": app.patrol.pause,
        "10:30": app.patrol.resume,
        "11:00": app.patrol.end,
        "12:00": lambda: (app.show(True), True)[1],
        "14:00": lambda: app.patrol.start("下午"),
        "17:00": app.patrol.end,
        "20:00": lambda: app.show(False),
    }
    app.show(False)
    app.tick()
    spans: list[tuple[datetime, datetime]] = []
    opened: datetime | None = None
    for _ in range(24 * 60):
        now = held.clock.now()
        act = acts.get(f"{now:%H:%M}")
        if act is not None:
            assert act() is not False
            app.tick()
        if app.tracking and opened is None:
            opened = now
        elif not app.tracking and opened is not None:
            spans.append((opened, now))
            opened = None
        held.wait(60)
        if f"{held.clock.now():%H:%M}" not in acts:
            app.tick()
    assert [(f"{a:%H:%M}", f"{b:%H:%M}") for a, b in spans] == [
        ("08:00", "10:00"),
        ("10:30", "11:00"),
        ("14:00", "17:00"),
    ]
    return spans


def test_what_was_known_before_the_start_is_no_point_of_the_track(unread: Tablet) -> None:
    unread.app.notice.choose_role("duty")
    unread.app.notice.accept()
    unread.stand(112.9, 25.0)
    unread.wait(60)
    assert unread.app.transect.start("样线")
    unread.wait(10)
    unread.stand(112.901, 25.0)
    unread.app.transect.end()
    (event,) = bodies(unread, "event")
    assert event["place"]["longitude_e7"] == to_e7(112.9), "the place of the start is the last one known"
    assert event["geometry"] is None, "one point alone is no line"


def test_a_station_that_serves_no_notice_changes_nothing(tmp_path: Path) -> None:
    with station(epoch="e1") as server, tablet(tmp_path, server_url=server.url) as held:
        assert isinstance(server, Station) and held.app.sync.sync() is True
        assert not held.app.notice.needed


def test_the_transect_left_running_is_taken_up_and_told(unread: Tablet) -> None:
    unread.app.notice.choose_role("duty")
    unread.app.notice.accept()
    unread.app.transect.start("样线")
    unread.wait(timedelta(minutes=5).total_seconds())
    app = unread.restart()
    assert app.tracking and app.transect.state == "running"
