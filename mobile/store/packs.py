"""Reference packs: the species list that the search reads."""

import hashlib
from datetime import datetime
from pathlib import Path

from mobile.species.pack import PackUnreadable, read_pack
from mobile.species.search import SpeciesIndex
from mobile.store.database import Database
from mobile.store.media import write_durably


class Packs:
    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._index: tuple[str, SpeciesIndex] | None = None

    def digest(self, kind: str) -> str | None:
        """SHA-256 of the installed pack, or None."""
        rows = self._database.rows("select sha256, file_name from pack where kind = ?", (kind,))
        return rows[0]["sha256"] if rows and (self._folder / rows[0]["file_name"]).is_file() else None

    def install(self, kind: str, version: str, data: bytes, now: datetime) -> None:
        """Takes the new pack only if it can be read; the one before stays until then. PackUnreadable says why not."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._folder / f"{kind}-{sha256[:16]}.sqlite3"
        write_durably(path, data)
        try:
            read_pack(path)
        except PackUnreadable:
            path.unlink(missing_ok=True)
            raise
        with self._database.transaction() as connection:
            connection.execute(
                "insert or replace into pack values (?, ?, ?, ?, ?, ?)",
                (kind, version, sha256, len(data), path.name, now.isoformat(timespec="seconds")),
            )
        for old in self._folder.glob(f"{kind}-*.sqlite3"):
            if old != path:
                old.unlink(missing_ok=True)

    def species(self) -> SpeciesIndex:
        """The index of the installed species pack; empty before the first sync. Read once per pack."""
        sha256 = self.digest("taxa") or ""
        if self._index is None or self._index[0] != sha256:
            self._index = (sha256, self._read(sha256))
        return self._index[1]

    def _read(self, sha256: str) -> SpeciesIndex:
        if not sha256:
            return SpeciesIndex((), "")
        row = self._database.rows("select version, file_name from pack where kind = 'taxa'")[0]
        try:
            return SpeciesIndex(read_pack(self._folder / row["file_name"]), row["version"])
        except PackUnreadable:
            return SpeciesIndex((), "")
