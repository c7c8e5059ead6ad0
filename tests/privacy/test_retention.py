"""What is past its time goes, the log says how much of what, and nothing that has to stay goes with it."""

import json
import os
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from server.accounts import sessions, tokens
from server.accounts.tries import count
from server.accounts.viewer import LOCAL_OPERATOR
from server.auditing import verify_evidence
from server.db import open_session, session_factory
from server.privacy import retention
from server.privacy.model import RetentionSetting
from server.privacy.notices import in_force
from server.privacy.retention import DEFAULT_DAYS, KINDS, Removed, apply, keep_for
from shared.clock import FixedClock
from shared.problems import Problem
from tests import records
from tests.admitting import CLOCK
from tests.commands import Here, environment
from tests.serving import Live

TRACK = [[1747699740000, 1129287654, 249512345, 500, None], [1747699800000, 1129297654, 249522345, 500, None]]


def later(days: float) -> FixedClock:
    return FixedClock(CLOCK.now() + timedelta(days=days))


@pytest.fixture
def lived_in(live: Live) -> Live:
    patrol = records.envelope("patrol", records.event(event_type="patrol", sampling_protocol="patrol")["body"])
    track = records.envelope("track_segment", records.observed(patrol_id=patrol["id"], leg=0, points=TRACK))
    assert live.post_batch(patrol, track, records.occurrence()).status_code == 200
    with open_session(live.settings) as session:
        sessions.begin(session, CLOCK, UUID(records.PERSON))
        tokens.issue(session, CLOCK, UUID(records.PERSON), "脚本", CLOCK.now() + timedelta(days=1))
        count(session, CLOCK, "somebody")
    return live


def counted(live: Live) -> dict[str, int]:
    tables = (
        "precise.track_point",
        "console_session",
        "personal_token",
        "recent_try",
        "precise.raw_batch",
        "version",
        "batch",
        "receipt",
    )
    with session_factory(live.settings)() as session:
        session.execute(text("SET LOCAL ROLE xiangye_precise"))
        return {table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables}


def test_each_kind_goes_when_its_time_has_come(lived_in: Live) -> None:
    settings = lived_in.settings
    before = counted(lived_in)
    assert all(before.values())
    with open_session(settings) as session:
        young = apply(session, LOCAL_OPERATOR, later(0.5), settings)
    assert young == Removed(0, 0, 0, 0, 0)
    assert counted(lived_in) == before
    with open_session(settings) as session:
        assert apply(session, LOCAL_OPERATOR, later(100), settings) == Removed(0, 3, 1, 0, 0)
    with open_session(settings) as session:
        assert apply(session, LOCAL_OPERATOR, later(366), settings).raw_batches == 1
    with open_session(settings) as session:
        assert apply(session, LOCAL_OPERATOR, later(1100), settings).tracks == 1
    after = counted(lived_in)
    assert {table for table, number in after.items() if number == 0} == {
        "precise.track_point", "console_session", "personal_token", "recent_try", "precise.raw_batch",
    }  # fmt: skip
    assert {table: after[table] for table in ("version", "batch", "receipt")} == {
        table: before[table] for table in ("version", "batch", "receipt")
    }
    with session_factory(settings)() as session:
        told = (
            session.execute(text("SELECT detail FROM audit_entry WHERE action = 'apply_retention' ORDER BY entry_no"))
            .scalars()
            .all()
        )
        assert [one["tracks"] for one in told] == [0, 0, 0, 1]
        assert verify_evidence(session, settings).holds


def test_a_track_is_gone_from_its_version_too_and_the_record_stays_readable(lived_in: Live) -> None:
    """Whereabouts that only left a table would still lie in the bodies of versions."""
    settings = lived_in.settings
    with open_session(settings) as session:
        apply(session, LOCAL_OPERATOR, later(1100), settings)
        assert apply(session, LOCAL_OPERATOR, later(1101), settings).tracks == 0, "once is enough"
        session.execute(text("SET LOCAL ROLE xiangye_precise"))
        bodies = session.execute(text("SELECT convert_from(body, 'UTF8') FROM precise.version_body")).scalars().all()
    assert not [body for body in bodies if str(TRACK[1][1]) in body]
    with session_factory(settings)() as session:
        from server.sensitivity.service import standings

        ids = session.execute(text("SELECT id FROM version WHERE kind = 'track_segment'")).scalars().all()
        body = standings(session, ids)[ids[0]].body
    assert body is not None
    assert body["points"] == [[TRACK[0][0], 0, 0, None, None]]


def test_only_log_files_past_their_time_go(lived_in: Live) -> None:
    settings = lived_in.settings
    folder = settings.var_dir / "log"
    folder.mkdir(parents=True)
    for name, age in (("old.log", 181), ("young.log", 179), ("old.txt", 900)):
        (folder / name).write_text("x")
        moment = (CLOCK.now() - timedelta(days=age)).timestamp()
        os.utime(folder / name, (moment, moment))
    with open_session(settings) as session:
        assert apply(session, LOCAL_OPERATOR, CLOCK, settings).log_files == 1
    assert sorted(path.name for path in folder.iterdir()) == ["old.txt", "young.log"]


@pytest.mark.parametrize(
    ("kind", "days"), [("log", 181), ("log", 0), ("track", 0), ("track", 36_501), ("everything", 5)]
)
def test_a_setting_beyond_the_law_is_refused(session: Session, kind: str, days: int) -> None:
    with pytest.raises(Problem):
        keep_for(session, CLOCK, "操作员", kind, days)


def test_the_database_refuses_it_as_well(session: Session) -> None:
    session.add(RetentionSetting(kind="log", days=181, changed_at=CLOCK.now(), changed_by="x"))
    with pytest.raises(DBAPIError, match="check"):
        session.flush()


def test_settings_are_kept_and_logged(session: Session) -> None:
    assert retention.days(session) == DEFAULT_DAYS
    assert DEFAULT_DAYS.keys() == KINDS.keys()
    keep_for(session, CLOCK, "操作员", "track", 30)
    keep_for(session, CLOCK, "操作员", "track", 60)
    assert retention.days(session)["track"] == 60
    told = session.execute(
        text("SELECT detail FROM audit_entry WHERE action = 'set_retention' ORDER BY entry_no")
    ).scalars()
    assert list(told) == [{"days": 30}, {"days": 60}]


def test_the_notice_says_how_long_tracks_are_kept(session: Session) -> None:
    """PIPL art. 17: another period is another version of the text, never the old text changed."""
    seen = set()
    for days in (365, 100, 365, 365):
        keep_for(session, CLOCK, "操作员", "track", days)
        now = in_force(session)["track"]
        assert f"{days} 天，到期删除" in now.text and "72 小时以后" in now.text
        seen.add(now.version)
    assert len(seen) == 3
    keep_for(session, CLOCK, "操作员", "session", 30)
    assert in_force(session)["track"].version in seen


def test_the_command(lived_in: Live, here: Here, tmp_path: Path) -> None:
    settings = lived_in.settings
    env = environment(XIANGYE_DATABASE_URL=str(settings.database_url), XIANGYE_VAR=str(settings.var_dir))
    told = json.loads(here.xiangye(env, "account", "retention", "--json").out)
    assert told == {"days": DEFAULT_DAYS, "removed": None}
    said = here.xiangye(env, "account", "retention", "--set", "track=1", "--set", "log=90", "--apply", "--json")
    told = json.loads(said.out)
    assert (told["days"]["track"], told["days"]["log"], told["removed"]["tracks"]) == (1, 90, 1)
    assert "轨迹" in here.xiangye(env, "account", "retention").out
    assert here.xiangye(env, "account", "retention", "--set", "log=200").refuses("1–180")
    assert here.xiangye(env, "account", "retention", "--set", "track=many").refuses("种类=天数")


def test_a_notice_is_published_by_command(lived_in: Live, here: Here, tmp_path: Path) -> None:
    settings = lived_in.settings
    env = environment(XIANGYE_DATABASE_URL=str(settings.database_url), XIANGYE_VAR=str(settings.var_dir))
    (tmp_path / "track.txt").write_text("新的告知书 𬶋", "utf-8")
    publish = ("account", "notice", "--publish", "track", "2027-1", "--file", str(tmp_path / "track.txt"), "--json")
    assert json.loads(here.xiangye(env, *publish).out)["track"]["version"] == "2027-1"
    assert here.xiangye(env, *publish).refuses("已发布")
    assert "新的告知书 𬶋" in here.xiangye(env, "account", "notice").out
    with session_factory(settings)() as session:
        assert in_force(session)["track"].text == "新的告知书 𬶋"
