"""Replays a trace of the model on the tablet's own store and the server's own admission; tells how it ended."""

import tempfile
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session, SessionTransaction

from mobile.device.desktop_folder import FileKeystore
from mobile.store.delivery import Offered
from mobile.store.store import Store
from mobile.sync.batches import matching
from mobile.sync.body import batch_body
from server import db
from server.sync.service import accept_batch
from shared.canonical import canonical_bytes, digest
from tests import records
from tests.admitting import ACTOR, CLOCK, set_up
from tests.own_database import reference_database

PROVINCE = "province"


class World:
    """Two tablets and a server. A transaction of the server is a savepoint here, so that each trace leaves nothing behind."""

    def __init__(self, session: Session, folder: Path, same_field: bool) -> None:
        self.session, self.folder, self.same_field = session, folder, same_field
        first = records.event()
        again = {"effort": {"length_m": "1500", "duration_min": "60"}} if same_field else {"event_remarks": "雾"}
        other = {**records.edited(first, **again), "seq": 1}
        changed = records.edited(first, effort={"length_m": "2500", "duration_min": "60"})
        self.versions = [first, changed, other, {**records.occurrence(event_id=first["id"]), "seq": 2}]
        self.keys = [(one["id"], digest(one)) for one in self.versions]
        self.offered: list[list[Offered]] = [[], []]
        self.posted: dict[tuple[int, int], bytes] = {}
        self.receipts: dict[tuple[str, str], dict[str, Any]] = {}
        self.open: SessionTransaction | None = None
        self.answer: dict[str, Any] = {}
        self.stores = [self._store(0), self._store(1)]

    def _store(self, tablet: int) -> Store:
        home = self.folder / str(tablet)
        store = Store(home, FileKeystore(home / "keys.json"))
        store.database.connection().execute("pragma synchronous = off")
        store.identity.keep(holder=PROVINCE)
        return store

    def add(self, version: int) -> None:
        one, store = self.versions[version], self.stores[version // 2]
        with store.database.transaction() as connection:
            store.outbox.add(connection, one, digest(one), canonical_bytes(one))

    def posting(self, tablet: int, mask: int) -> None:
        store = self.stores[tablet]
        wanted = {self.keys[v] for v in range(4) if mask & 1 << v}
        due = store.deliveries.read(store.deliveries.due(CLOCK.now(), True), 1_000_000)
        batch = [one for one in due if (one.record_id, one.digest) in wanted]
        assert len(batch) == len(wanted), "the model offers what the tablet does not"
        store.deliveries.posting(batch)
        self.offered[tablet] = batch
        self.posted[tablet, mask] = batch_body([one.canonical for one in batch], CLOCK.now())

    def accept_batch(self, tablet: int, mask: int) -> None:
        self.open = self.session.begin_nested()
        self.answer = accept_batch(self.session, ACTOR, CLOCK, PROVINCE, self.posted[tablet, mask])

    def commit(self) -> None:
        assert self.open is not None
        self.open.commit()
        self.open = None

    def receipt(self) -> None:
        for one in self.answer["receipts"]:
            self.receipts.setdefault((one["record_id"], one["digest"]), one)

    def answered(self, tablet: int, mask: int, **lies: str) -> None:
        for version in (v for v in range(4) if mask & 1 << v):
            known = self.receipts.get(self.keys[version])
            record_id, its_digest = self.keys[version]
            told = known or {"record_id": record_id, "digest": its_digest, "outcome": "accepted", "server_epoch": "e"}
            believed = matching(self.offered[tablet], {"receipts": [told | lies]})
            self.stores[tablet].deliveries.answered(believed, PROVINCE, CLOCK.now())
            gone = [one for one in self.offered[tablet] if (one.record_id, one.digest) == self.keys[version]]
            self.offered[tablet] = [one for one in self.offered[tablet] if one not in gone]
            if not believed:
                self.stores[tablet].deliveries.failed(gone, "strange", CLOCK.now())

    def strange(self, tablet: int, mask: int) -> None:
        self.answered(tablet, mask, digest="0" * 64)

    def station(self, tablet: int, mask: int) -> None:
        self.answered(tablet, mask, holder="station")

    def failed(self, tablet: int) -> None:
        self.stores[tablet].deliveries.failed(self.offered[tablet], "cut", CLOCK.now() - timedelta(days=1))
        self.offered[tablet] = []

    def crash(self, side: int) -> None:
        if side < 2:  # what was in memory is gone, the file is opened anew
            self.stores[side].close()
            self.offered[side] = []
            self.stores[side] = self._store(side)
        elif self.open is not None:
            self.open.rollback()
            self.open = None

    def end(self) -> str:
        rows = self.session.execute(
            text("SELECT id::text, digest, change_no FROM version WHERE id = ANY(:ids)"), self._ids
        )
        found = [(row[0], row[1]) for row in rows]
        assert len(found) == len(set(found))
        standing = self.session.execute(text("SELECT id::text, state FROM ledger WHERE id = ANY(:ids)"), self._ids)
        assert {row[0]: row[1] for row in standing} == {
            self.keys[0][0]: "conflict" if self.same_field else "current",
            self.keys[3][0]: "current",
        }, "the standing is not that of the set"
        boxes = [
            {(row["record_id"], row["digest"]): row["state"] for row in store.database.rows("select * from outbox")}
            for store in self.stores
        ]
        saved = self._mask(boxes[0] | boxes[1])
        freed = self._mask(key for box in boxes for key, state in box.items() if state in ("held", "conflict"))
        return f"END saved={saved} stored={self._mask(found)} freed={freed} backlog=0"

    @property
    def _ids(self) -> dict[str, Any]:
        return {"ids": [self.keys[0][0], self.keys[3][0]]}

    def _mask(self, keys: Iterable[tuple[str, str]]) -> int:
        return sum(1 << self.keys.index(key) for key in keys)


def replay(session: Session, folder: Path, trace: list[str]) -> str:
    """The end as the model prints it; the last line of `trace` is what the model says."""
    world = World(session, folder, same_field=len(trace) % 2 == 0)
    try:
        for line in trace[:-1]:
            name, *numbers = line.split()
            getattr(world, name)(*map(int, numbers))
        return world.end()
    finally:
        for store in world.stores:
            store.close()


def replay_all(traces: dict[int, list[str]]) -> list[int]:
    """Seeds of the traces that ended otherwise than in the model."""
    differing = []
    with reference_database() as settings:
        for seed, trace in traces.items():
            with tempfile.TemporaryDirectory() as folder, db.session_factory(settings)() as session:
                set_up(session)
                if replay(session, Path(folder), trace) != trace[-1]:
                    differing.append(seed)
                session.rollback()
    return differing
