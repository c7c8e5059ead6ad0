"""What was begun on a tablet and never saved. An open walk becomes the records that its own end would have made, in a copy of the store: the
tablet's own store and the walk on it stay as they are. Any other form goes along as it stands.

Whoever goes on with the walk afterwards saves it under the same ids: what comes twice is another version and not another patrol. The same
store gives the same records each time, except those that are sealed.
"""

import contextlib
import json
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from mobile.capture.patrol import PatrolCapture
from mobile.capture.problems import FieldProblem
from mobile.capture.recorder import Recorder
from mobile.capture.transect import TransectCapture
from mobile.device.ports import DeviceFailure, Sealing
from mobile.rescue.reading import STORE, Photo, Wreck
from mobile.store.database import StoreFailure
from mobile.store.store import Store
from mobile.vault import Vault
from shared.clock import CHINA, parse_aware

WALKS = (PatrolCapture.form, TransectCapture.form)
REMARK = "平板上没有结束：由救援导出按最后一次记录的时间结束"
_NOT_TO_BE_CLOSED = (
    FieldProblem, DeviceFailure, StoreFailure, sqlite3.Error, OSError, ValueError, KeyError, TypeError, AttributeError
)  # fmt: skip


@dataclass(frozen=True)
class Draft:
    draft_id: str
    form: str
    started_at: str
    updated_at: str
    values: dict[str, Any]

    @property
    def photos(self) -> list[dict[str, Any]]:
        listed = self.values.get("photos")
        return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


@dataclass
class Unfinished:
    """`records`: canonical bytes of what open walks came to; `files`: where photos lie that are not in the tablet's own folder; `left`:
    drafts that go along as they stand, each with its track; `walks`: how many were closed."""

    records: list[bytes] = field(default_factory=list)
    photos: list[Photo] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)
    left: list[tuple[Draft, list[list[Any]]]] = field(default_factory=list)
    walks: int = 0
    problems: list[str] = field(default_factory=list)


@contextlib.contextmanager
def unfinished(wreck: Wreck, folder: Path, sealing: Sealing) -> Iterator[Unfinished]:
    """Open for as long as the block lasts: sealed photos lie in a folder of their own until then."""
    found, drafts = Unfinished(), _drafts(wreck)
    with contextlib.ExitStack() as held:
        closed: set[str] = set()
        if any(draft.form in WALKS for draft in drafts):
            copy = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="xiangye-rescue-")))
            try:
                closed = _close_walks(wreck, folder, copy, drafts, sealing, found)
            except _NOT_TO_BE_CLOSED as failure:
                found.problems.append(f"未结束的巡护或样线没有结束成记录，原样另存：{failure}")
        found.walks = len(closed)
        found.left = [(draft, _track(wreck, draft)) for draft in drafts if draft.draft_id not in closed]
        yield found


def _drafts(wreck: Wreck) -> list[Draft]:
    fields: dict[str, dict[str, Any]] = {}
    for draft_id, name, value in wreck.rows("select draft_id, field, value from draft_field", "草稿内容"):
        with contextlib.suppress(ValueError):
            fields.setdefault(str(draft_id), {})[str(name)] = json.loads(value)
    rows = wreck.rows("select draft_id, form, started_at, updated_at from draft order by started_at, draft_id", "草稿")
    return [
        Draft(str(draft_id), str(form), str(started_at), str(updated_at), fields.get(str(draft_id), {}))
        for draft_id, form, started_at, updated_at in rows
    ]


def _track(wreck: Wreck, draft: Draft) -> list[list[Any]]:
    query = "select * from track_point where event_id = ? order by leg, t_ms"
    return [list(row)[1:] for row in wreck.rows(query, "轨迹", draft.draft_id)] if draft.form in WALKS else []


class _Nothing:
    """A keystore of no tablet: no credential is needed to end a walk, and none is changed."""

    def get(self, name: str) -> str | None:
        return None

    def put(self, name: str, secret: str) -> None:
        pass

    def remove(self, name: str) -> None:
        pass


class _Room:
    def free_bytes(self) -> int:
        return 2**40


@dataclass
class _LastMoment:
    """The clock stands where something was last kept: nothing is known of what came after."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def monotonic_ms(self) -> int:
        return 0


def _close_walks(
    wreck: Wreck, folder: Path, copy: Path, drafts: list[Draft], sealing: Sealing, found: Unfinished
) -> set[str]:
    """Ids of those that were."""
    with contextlib.closing(sqlite3.connect(copy / STORE)) as target:
        wreck.connection.backup(target)
    if (folder / "packs").is_dir():
        (copy / "packs").symlink_to((folder / "packs").resolve())  # which species are guarded
    for photo in (one for draft in drafts for one in draft.photos):
        _lend(folder, copy, str(photo.get("sha256")))
    store, clock = Store(copy, _Nothing()), _LastMoment(datetime.now(CHINA))
    try:
        before = store.database.count("select coalesce(max(seq), 0) from record")
        recorder = Recorder(store, clock, _Room(), Vault(store, sealing))
        closed = {draft.draft_id for draft in drafts if _close(store, recorder, clock, draft, found)}
        rows = store.database.rows("select canonical from record where seq > ? order by seq", (before,))
        found.records = [bytes(row["canonical"]) for row in rows]
        for row in store.database.rows(
            "select * from media_file where media_id in (select record_id from record where seq > ?)", (before,)
        ):
            sha256 = row["sha256"]
            found.photos.append(Photo(sha256, row["file_name"], row["media_id"], row["state"]))
            found.files[sha256] = store.media.path(sha256)
        return closed
    finally:
        store.close()


def _lend(folder: Path, copy: Path, sha256: str) -> None:
    path = folder / "media" / sha256[:2] / sha256
    if len(sha256) == 64 and path.is_file():
        lent = copy / "media" / sha256[:2] / sha256
        lent.parent.mkdir(parents=True, exist_ok=True)
        lent.symlink_to(path.resolve())


def _close(store: Store, recorder: Recorder, clock: _LastMoment, draft: Draft, found: Unfinished) -> bool:
    if draft.form not in WALKS:
        return False
    capture = (PatrolCapture if draft.form == PatrolCapture.form else TransectCapture)(recorder, store)
    try:
        moments = [parse_aware(draft.updated_at), *(point.at for point in store.tracks.points(draft.draft_id)[-1:])]
        clock.at = max(moments).astimezone(CHINA)
        capture.restore(draft.draft_id)
        capture.break_off(REMARK)
    except _NOT_TO_BE_CLOSED as failure:
        found.problems.append(f"{draft.started_at[:16]} 开始的巡护或样线没有结束成记录，原样另存：{failure}")
        return False
    return True
