"""Takes a rescue file in: its batches through the door that every batch comes by, its photos as if a tablet had sent them."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from server.accounts.viewer import LOCAL_OPERATOR, Actor
from server.audit.service import log
from server.db import session_factory
from server.media.store import Store, open_store
from server.media.unsealing import Desk
from server.rescue import kept
from server.rescue.opening import Entry, NotAdmitted, Opened
from server.sensitivity.sealing import seal_keys
from server.settings import Settings
from server.sync import custody
from server.sync.service import accept_batch
from server.verification.service import photo_came
from shared.clock import Clock
from shared.failpoints import fail
from shared.problems import Problem
from shared.protocol import OUTCOMES
from shared.rescue_file import BATCH, DRAFT, MAGIC, PHOTO, SCRAP, RescueBroken


@dataclass
class Imported:
    """`quarantined`: why the file was set aside, then nothing of it was admitted; `receipts` lies beside the file then not."""

    file: str
    device: str = ""
    records: int = 0
    outcomes: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(OUTCOMES, 0)))
    photos: int = 0
    scraps: int = 0
    notes: list[str] = field(default_factory=list)
    receipts: str | None = None
    quarantined: str | None = None
    kept_as: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "outcomes": dict(self.outcomes)}

    def lines(self) -> list[str]:
        if self.quarantined:
            return [f"{self.file}：未导入，{self.quarantined}", f"  原文件已留存，原因消除后可再导入：{self.kept_as}"]
        counts = self.outcomes
        told = (
            f"{self.file}（{self.device}）：记录 {self.records} 条，接收 {counts['accepted']}，已有 {counts['already_have']}，"
            f"冲突 {counts['conflict']}，未能读取 {counts['quarantined']}；照片 {self.photos} 张"
        )
        return [
            told,
            *(f"  注意：{words}" for words in self.notes),
            f"  收据：{self.receipts}（交给平板，用 xiangye field --receipts 收下）",
        ]


def is_rescue_file(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def import_rescue(
    settings: Settings, clock: Clock, path: Path, vouched: str | None = None, receipts_to: Path | None = None
) -> Imported:
    """Idempotent: what was begun and broken off is begun again, and what is here already is receipted again."""
    done = Imported(str(path))
    with session_factory(settings)() as session, path.open("rb") as file:
        try:
            opened = Opened(session, file, seal_keys(settings), vouched is not None)
            _Taking(settings, session, clock, opened, done).run(vouched, receipts_to or path.parent)
        except (NotAdmitted, RescueBroken) as refused:
            session.rollback()
            done.quarantined = str(refused)
            done.kept_as = str(kept.set_aside(settings, path, str(refused), clock.now().isoformat()))
            told = {"file": path.name, "reason": str(refused)}
            log(session, clock, LOCAL_OPERATOR.name, "quarantine_rescue", kept.sha256_of(path), told)
            session.commit()
            return done
    kept.let_go(settings, path)
    return done


class _Taking:
    def __init__(self, settings: Settings, session: Session, clock: Clock, opened: Opened, done: Imported) -> None:
        self._settings = settings
        self._session = session
        self._clock = clock
        self._opened = opened
        self._done = done
        self._store: Store = open_store(settings)
        self._receipts: list[dict[str, Any]] = []
        self._photos: list[str] = []

    def run(self, vouched: str | None, receipts_to: Path) -> None:
        header, done = self._opened.header, self._done
        done.device = self._opened.device.name
        done.notes += [f"平板上未能读出：{words}" for words in self._opened.manifest.get("unread") or []]
        person_id = str(self._opened.device.person_id)
        ways = {BATCH: self._batch, PHOTO: self._photo, SCRAP: self._scrap}
        for entry in self._opened.entries():
            if entry.kind in ways:
                ways[entry.kind](entry)
        told = {"device": header.device_id, "person": person_id, "records": done.records, "photos": done.photos}
        reason = {} if vouched is None else {"vouched": vouched}
        log(self._session, self._clock, LOCAL_OPERATOR.name, "import_rescue", header.file_id, {**told, **reason})
        self._session.commit()
        done.receipts = str(self._write_receipts(receipts_to, header.file_id))

    def _batch(self, entry: Entry) -> None:
        signed = self._opened.signature_of(entry)
        device = self._opened.device
        actor = Actor(device.person_id, device.id)
        answer = accept_batch(
            self._session, actor, self._clock, self._settings.holder, entry.data, signed, at_once=False
        )
        self._session.commit()
        fail("rescue_batch_committed")
        self._receipts += answer["receipts"]
        self._done.records += len(answer["receipts"])
        self._done.outcomes.update(receipt["outcome"] for receipt in answer["receipts"])

    def _photo(self, entry: Entry) -> None:
        desk = Desk(self._session, self._clock, self._store)
        try:
            taken = desk.take_in(str(self._opened.device.person_id), entry.sha256, entry.data)
        except Problem as problem:
            if problem.kind.code != "photo_redacted":
                raise
            self._session.rollback()
            self._done.notes.append(f"照片 {entry.about['name']}：{problem}")
            return
        self._session.commit()
        for sha256 in taken:
            photo_came(self._session, self._clock.now(), sha256)
        self._session.commit()
        self._photos.append(entry.sha256)
        self._done.photos += 1

    def _scrap(self, entry: Entry) -> None:
        """Not what a record or photo of this name should be, or a form that nobody saved: kept for a person to look at, never admitted."""
        path = kept.folder(self._settings, "scraps") / entry.sha256
        kept.write(path, [entry.data])
        self._done.scraps += 1
        name = str(entry.about["name"])
        what = "是平板上没有保存的草稿" if name.startswith(DRAFT) else "已损坏"
        self._done.notes.append(f"“{name}”{what}，原样存为 {path}")

    def _write_receipts(self, folder: Path, file_id: str) -> Path:
        """Beside the file; where that cannot be written, with the server's own things."""
        device_id = self._opened.device.id
        told = custody.signed(self._settings, self._session, self._clock, device_id, self._receipts, self._photos)
        data = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        name = f"xiangye-{str(device_id)[-8:]}-{file_id[-8:]}.receipts.json"
        try:
            kept.write(folder / name, [data])
        except OSError:
            folder = kept.folder(self._settings, "receipts")
            kept.write(folder / name, [data])
        return folder / name
