"""Reference packs: the species list that the search reads."""

import hashlib
import os
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


def digest_of(file: Path) -> str:
    """SHA-256, read piece by piece."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


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

    def fetching(self, kind: str) -> Path:
        """Where what came of the next pack lies until it is whole."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / f"{kind}.fetched"

    def fetched_bytes(self, kind: str) -> int:
        path = self._folder / f"{kind}.fetched"
        return path.stat().st_size if path.is_file() else 0

    def meta(self, kind: str) -> Meta | None:
        """What the installed pack says of itself; None also where it can no longer be read."""
        path = self.path(kind)
        try:
            return meta_of_file(path) if path else None
        except PackUnreadable:
            return None

    def install(self, kind: str, data: bytes, now: datetime, trust: Trust | None = None) -> None:
        """Takes the new pack only if it is proved; the one before stays until then. PackUnreadable says why not."""
        unproved = self._folder / f"{kind}.unproved"
        write_durably(unproved, data)
        self.install_file(kind, unproved, now, trust)

    def install_file(self, kind: str, unproved: Path, now: datetime, trust: Trust | None = None) -> None:
        """As `install`, of a file in the folder of packs, which is no longer there afterwards."""
        sha256, size = digest_of(unproved), unproved.stat().st_size
        path = self._folder / f"{kind}-{sha256[:16]}.sqlite3"
        try:
            with unproved.open("rb+") as file:
                os.fsync(file.fileno())
            meta = prove(unproved, trust, self._counts_as_installed(kind, trust))
            read_pack(unproved)
            unproved.replace(path)
            settle(self._folder)  # before the database names the file, and the one before is deleted
        finally:
            unproved.unlink(missing_ok=True)
        with self._database.transaction() as connection:
            connection.execute(
                "insert or replace into pack values (?, ?, ?, ?, ?, ?)",
                (kind, meta.version, sha256, size, path.name, now.isoformat(timespec="seconds")),
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
            self.install_file(kind, new, now, trust)
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
