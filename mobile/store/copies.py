"""Copies of the store beside it: one a day, and those that an upgrade made. They hold what the store holds, so they lie nowhere else."""

import contextlib
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

from mobile.store.database import Database
from mobile.store.durable import CopyFailure, copy_store
from mobile.store.soundness import mend

KEPT = 3
EVERY = timedelta(days=1)
_AT, _FAILED = "copied_at", "copy_failed"


class Copies:
    """Numbered and not dated: a tablet's clock may stand anywhere, and the newest copy is still the one with the highest number."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def daily(self, now: datetime) -> None:
        """Once a day, as soon as there is a record. Never a failure: why there is no copy is kept in words."""
        if not self._is_due(now):
            return
        with contextlib.suppress(sqlite3.Error):
            mend(self._database, self.newest_first)  # else the third copy from now would hold nothing but the damage
        made = self.listed()
        number = int(made[-1].suffixes[-2].removeprefix(".daily")) + 1 if made else 1
        path = self._database.path
        try:
            copy_store(self._database.connection(), path, path.with_suffix(f".daily{number:06}.sqlite3"))
            for old in self.listed()[:-KEPT]:
                old.unlink(missing_ok=True)
            self._keep(now.isoformat(timespec="seconds"), "")
        except CopyFailure as failure:
            self._keep(None, str(failure))
        except (sqlite3.Error, OSError) as error:
            self._keep(None, f"今天的平板数据备份没有做成：{error}")

    def failure(self) -> str:
        """Why the last one was not made; empty when it was."""
        return self._setting(_FAILED) or ""

    def listed(self) -> list[Path]:
        """Oldest first."""
        return sorted(self._database.path.parent.glob(f"{self._database.path.stem}.daily*.sqlite3"))

    def newest_first(self) -> list[Path]:
        """Those from before upgrades too."""
        before = self._database.path.parent.glob(f"{self._database.path.stem}.before*.sqlite3")
        return [*reversed(self.listed()), *sorted(before, reverse=True)]

    def synced(self) -> None:
        """A sync came through with the upgraded store: the copies from before upgrades are nobody's help any more."""
        for copy in self._database.path.parent.glob(f"{self._database.path.stem}.before*.sqlite3"):
            copy.unlink(missing_ok=True)

    def _is_due(self, now: datetime) -> bool:
        at = self._setting(_AT)
        if at is not None and abs(now - datetime.fromisoformat(at)) < EVERY:
            return False
        return self._database.count("select exists (select 1 from record)") == 1

    def _setting(self, name: str) -> str | None:
        rows = self._database.rows("select value from setting where name = ?", (name,))
        return rows[0]["value"] if rows else None

    def _keep(self, at: str | None, failure: str) -> None:
        try:
            with self._database.transaction() as connection:
                settings = {_FAILED: failure} | ({_AT: at} if at is not None else {})
                connection.executemany("insert or replace into setting values (?, ?)", settings.items())
        except sqlite3.Error:
            return  # a full disk: the sync says so itself
