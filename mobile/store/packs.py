"""Reference packs: the species list that the search reads."""

import hashlib
import sqlite3
from datetime import datetime
from pathlib import Path

from mobile.species.pack import PackUnreadable, meta_of_file, read_pack
from mobile.species.proof import Trust, prove
from mobile.species.search import SpeciesIndex
from mobile.species.update import apply_difference
from mobile.store.database import Database
from mobile.store.durable import settle, write_durably
from shared.failpoints import fail
from shared.taxon_pack import Meta


class Packs:
    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._index: tuple[str, SpeciesIndex] | None = None

    def digest(self, kind: str) -> str | None:
        """SHA-256 of the installed pack, or None."""
        row = self._installed(kind)
        return row["sha256"] if row else None

    def path(self, kind: str) -> Path | None:
        """The file of the installed pack."""
        row = self._installed(kind)
        return self._folder / row["file_name"] if row else None

    def _installed(self, kind: str) -> sqlite3.Row | None:
        rows = self._database.rows("select version, sha256, file_name from pack where kind = ?", (kind,))
        return rows[0] if rows and (self._folder / rows[0]["file_name"]).is_file() else None

    def meta(self, kind: str) -> Meta | None:
        """What the installed pack says of itself; None also where it can no longer be read."""
        path = self.path(kind)
        try:
            return meta_of_file(path) if path else None
        except PackUnreadable:
            return None

    def install(self, kind: str, data: bytes, now: datetime, trust: Trust | None = None) -> None:
        """Takes the new pack only if it is proved; the one before stays until then. PackUnreadable says why not."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._folder / f"{kind}-{sha256[:16]}.sqlite3"
        unproved = path.with_suffix(".new")
        write_durably(unproved, data)
        try:
            meta = prove(unproved, trust, self._counts_as_installed(kind, trust))
            read_pack(unproved)
            unproved.replace(path)
            settle(self._folder)  # before the database names the file, and the one before is deleted
        finally:
            unproved.unlink(missing_ok=True)
        with self._database.transaction() as connection:
            connection.execute(
                "insert or replace into pack values (?, ?, ?, ?, ?, ?)",
                (kind, meta.version, sha256, len(data), path.name, now.isoformat(timespec="seconds")),
            )
        fail("pack_before_to_delete")
        self._index = None
        for other in self._folder.glob(f"{kind}[-.]*"):  # the one before, and what an app that was ended left half done
            if other != path:
                other.unlink(missing_ok=True)

    def update(self, kind: str, difference: bytes, now: datetime, trust: Trust | None = None) -> None:
        """The installed pack with what changed since. PackUnreadable says why not, and nothing is changed then."""
        old, new = self.path(kind), self._folder / f"{kind}.updated"
        if old is None:
            raise PackUnreadable("平板上没有可以更新的名录包")
        try:
            apply_difference(old, difference, new)
            self.install(kind, new.read_bytes(), now, trust)
        finally:
            new.unlink(missing_ok=True)

    def _counts_as_installed(self, kind: str, trust: Trust | None) -> Meta | None:
        """Versions are compared within one server's packs: another key means another server, enrolled with by intent."""
        meta = self.meta(kind)
        return meta if meta and (trust is None or trust.holds(meta)) else None

    def species(self) -> SpeciesIndex:
        """The index of the installed species pack; empty before the first sync. Read once per pack."""
        row = self._installed("taxa")
        sha256 = row["sha256"] if row else ""
        if self._index is None or self._index[0] != sha256:
            self._index = (sha256, self._read(row))
        return self._index[1]

    def _read(self, row: sqlite3.Row | None) -> SpeciesIndex:
        if row is None:
            return SpeciesIndex((), "")
        try:
            return SpeciesIndex(read_pack(self._folder / row["file_name"]), row["version"])
        except PackUnreadable:
            return SpeciesIndex((), "")
