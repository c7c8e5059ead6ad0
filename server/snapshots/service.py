"""Freezes what a compilation reads, and gives it back unchanged."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.viewer import Viewer
from server.audit.queries import digest_now
from server.ledger.service import take_order_lock
from server.sensitivity.queries import log_frozen, read_frozen
from server.sensitivity.records import FrozenRecord
from server.settings import Settings
from server.snapshots import files
from server.snapshots.context import Context
from server.snapshots.model import SnapshotRow
from server.snapshots.queries import find, gather, last_change
from server.snapshots.rules import counting, select_counties, snapshot_digest
from shared import __version__
from shared.canonical import digest
from shared.clock import Clock, end_of_day_in_china
from shared.problems import Problem

SOFTWARE = f"xiangye {__version__}"


@dataclass(frozen=True)
class Snapshot:
    """`software` is what froze it; `cutoff` is 24:00 in China of `as_of`, and the only clock that may show in a report's files."""

    id: str
    kind: str
    parameters: Mapping[str, Any]
    as_of: date
    change_no: int
    digest: str
    software: str
    records: tuple[FrozenRecord, ...]
    context: Context

    @property
    def cutoff(self) -> datetime:
        return end_of_day_in_china(self.as_of.isoformat())


def freeze(
    session: Session,
    viewer: Viewer,
    clock: Clock,
    settings: Settings,
    kind: str,
    parameters: Mapping[str, Any],
    as_of: date,
) -> Snapshot:
    """`parameters["counties"]`: codes of the counties chosen. The same inputs find the same snapshot. Commits nothing."""
    cutoff = end_of_day_in_china(as_of.isoformat())
    until = last_change(session, cutoff)  # before the reading: what comes while it goes on is not claimed
    everything = read_frozen(session, viewer, cutoff)
    records, left_out = counting(select_counties(everything, parameters["counties"]))
    context = replace(gather(session, records, parameters["counties"], as_of, cutoff), left_out=left_out)
    mark = snapshot_digest(
        kind,
        parameters,
        as_of.isoformat(),
        records,
        {key: one.sha256 for key, one in context.renditions.items()},
        context.lists,
        context.boundary_version,
        left_out,
    )
    log_frozen(session, viewer, clock, f"{kind} {as_of.isoformat()}", cutoff, len(everything))
    take_order_lock(session)
    row = session.scalar(select(SnapshotRow).where(SnapshotRow.digest == mark))
    if row is None:
        row = _keep(session, viewer, clock, settings, (kind, parameters, as_of, mark), (records, context), until)
    return load(session, settings, row.id)


def load(session: Session, settings: Settings, snapshot_id: str) -> Snapshot:
    """Problem `not_found`, or `snapshot_broken` where its files are not those that were written."""
    row = find(session, snapshot_id)
    folder, contents = folder_of(settings, row.id), {}
    for name, sha256 in row.files.items():
        path = folder / name
        contents[name] = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(contents[name]).hexdigest() != digest_now(session, "snapshot", f"{row.id}/{name}", sha256):
            raise Problem("snapshot_broken", f"快照 {row.id} 的文件 {name} 缺失或已被改动")
    records, context = files.read(contents)
    return Snapshot(
        row.id, row.kind, row.parameters, row.as_of, row.change_no, row.digest, row.software, records, context
    )


def folder_of(settings: Settings, snapshot_id: str) -> Path:
    return settings.store_dir / "precise" / "snapshots" / snapshot_id


def _keep(
    session: Session,
    viewer: Viewer,
    clock: Clock,
    settings: Settings,
    key: tuple[str, Mapping[str, Any], date, str],
    content: tuple[list[FrozenRecord], Context],
    until: int,
) -> SnapshotRow:
    kind, parameters, as_of, mark = key
    records, context = content
    id_ = f"{kind}-{as_of:%Y%m%d}-{mark[:12]}"
    written = files.write(records, context, seed=digest([kind, dict(parameters), as_of.isoformat(), mark]))
    folder = folder_of(settings, id_)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, data in written.items():
        (folder / name).write_bytes(data)
    row = SnapshotRow(
        id=id_,
        kind=kind,
        parameters=dict(parameters),
        as_of=as_of,
        change_no=until,
        digest=mark,
        files={name: hashlib.sha256(data).hexdigest() for name, data in written.items()},
        record_count=len(records),
        software=SOFTWARE,
        created_by=viewer.name,
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    return row
