"""How long what is kept of people. Versions, decisions and the audit log stay; a track's version keeps its digest and loses its points."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from server.accounts.viewer import Viewer
from server.audit.service import Redacted, log, log_redactions
from server.privacy.erasing import replace_versions
from server.privacy.model import RetentionSetting
from server.privacy.notices import say_how_long
from server.privacy.rules import without_track
from server.sensitivity import service as sensitivity
from server.settings import Settings
from shared.canonical import canonical_bytes, parse
from shared.clock import Clock
from shared.problems import Problem

TRACK, SESSION, SIGN_IN_TRY, RAW_BATCH, LOG = "track", "session", "sign_in_try", "raw_batch", "log"
KINDS = {
    TRACK: "巡护与样线轨迹",
    SESSION: "登录会话、过期令牌与登记码",
    SIGN_IN_TRY: "登录尝试",
    RAW_BATCH: "平板送来的原始批次",
    LOG: "运行日志文件",
}
DEFAULT_DAYS = {TRACK: 1095, SESSION: 90, SIGN_IN_TRY: 1, RAW_BATCH: 365, LOG: 180}
LONGEST_LOG_DAYS, LONGEST_DAYS = 180, 36_500
_TRACKS_AT_ONCE = 500
_ENDED = (
    "DELETE FROM xiangye.console_session WHERE coalesce(ended_at, expires_at) < :before RETURNING 1",
    "DELETE FROM xiangye.personal_token WHERE coalesce(revoked_at, expires_at) < :before RETURNING 1",
    "DELETE FROM xiangye.enrolment WHERE coalesce(used_at, expires_at) < :before RETURNING 1",
    "DELETE FROM xiangye.oidc_request WHERE expires_at < :before RETURNING 1",
)
_TRIES = "DELETE FROM xiangye.recent_try WHERE coalesce(tried_at[cardinality(tried_at)] < :before, true) RETURNING 1"


@dataclass(frozen=True)
class Removed:
    tracks: int
    sessions: int
    sign_in_tries: int
    raw_batches: int
    log_files: int


def days(session: Session) -> dict[str, int]:
    return DEFAULT_DAYS | {row.kind: row.days for row in session.scalars(select(RetentionSetting))}


def keep_for(session: Session, clock: Clock, by: str, kind: str, number: int) -> None:
    if kind not in KINDS:
        raise Problem("invalid", f"未知的种类 {kind!r}；可用：{'、'.join(KINDS)}", field="kind")
    longest = LONGEST_LOG_DAYS if kind == LOG else LONGEST_DAYS
    if not 1 <= number <= longest:
        raise Problem("invalid", f"{KINDS[kind]}的保存天数应为 1–{longest}", field="days")
    row = {"kind": kind, "days": number, "changed_at": clock.now(), "changed_by": by}
    statement = insert(RetentionSetting).values(row)
    session.execute(statement.on_conflict_do_update(index_elements=["kind"], set_=row))
    log(session, clock, by, "set_retention", kind, {"days": number})
    if kind == TRACK:
        say_how_long(session, clock, by, number)


def apply(session: Session, viewer: Viewer, clock: Clock, settings: Settings) -> Removed:
    """What is past its time goes, and the log says how much of what. The session sees everything."""
    before = {kind: clock.now() - timedelta(days=number) for kind, number in days(session).items()}
    cleared = _clear_tracks(session, clock, before[TRACK])
    removed = Removed(
        tracks=len(cleared),
        sessions=sum(_count(session, statement, before[SESSION]) for statement in _ENDED),
        sign_in_tries=_count(session, _TRIES, before[SIGN_IN_TRY]),
        # A raw batch holds the tracks that came with it.
        raw_batches=sensitivity.drop_raw_batches(session, max(before[RAW_BATCH], before[TRACK])),
        log_files=sum(1 for _ in _drop_logs(settings.var_dir, before[LOG])),
    )
    log_redactions(session, clock, viewer.name, "retention", cleared)
    log(session, clock, viewer.name, "apply_retention", "", asdict(removed))
    return removed


def _count(session: Session, statement: str, before: datetime) -> int:
    return len(session.execute(text(statement), {"before": before}).all())


def _clear_tracks(session: Session, clock: Clock, before: datetime) -> list[Redacted]:
    cleared: list[Redacted] = []
    while found := sensitivity.tracks_before(session, before, _TRACKS_AT_ONCE):
        changed = [one._replace(body=canonical_bytes(without_track(parse(one.body)))) for one in found]
        cleared += replace_versions(session, clock, "retention", changed)
        sensitivity.forget_track_points(session, [one.id for one in found])
    return cleared


def _drop_logs(var_dir: Path, before: datetime) -> Iterator[Path]:
    """By the time of their last line; one that is still written to is young."""
    oldest = before.timestamp()
    for path in sorted((var_dir / "log").glob("*.log*")):
        if path.is_file() and not path.is_symlink() and path.stat().st_mtime < min(oldest, time.time()):
            path.unlink()
            yield path
