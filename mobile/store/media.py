"""Original photos, untouched, in files named by their SHA-256."""

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from mobile.store.database import Database
from mobile.store.delivery import next_try, pauses
from mobile.store.durable import write_durably
from mobile.store.owners import SENDABLE
from shared.failpoints import fail
from shared.wire.sealed_photo import SEALED_TYPE

KEPT_AFTER_CUSTODY = timedelta(days=30)
SCARCE_BYTES = 500_000_000
SentKind = Literal["original", "copy"]
_WIFI_ONLY: dict[SentKind, str] = {"original": "originals_on_wifi_only", "copy": "copies_on_wifi_only"}
# An upload that is begun anew begins at 0.
_LEFT = "byte_count - case when upload_url is null then 0 else server_offset end"


@dataclass(frozen=True)
class MediaFile:
    sha256: str
    file_name: str
    byte_count: int
    media_id: str
    path: Path
    upload_url: str | None


@dataclass(frozen=True)
class WaitingPhoto:
    """`reason`: why the last try did not come through; empty before the first."""

    file_name: str
    byte_count: int
    bytes_left: int
    reason: str


class MediaStore:
    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, data: bytes, file_name: str, media_type: str, now: datetime) -> str:
        """Writes the bytes safely before anything refers to them; the same photo twice is kept once. Returns its SHA-256."""
        sha256 = hashlib.sha256(data).hexdigest()
        if not self.intact(sha256):
            write_durably(self.path(sha256), data)
        fail("photo_without_row")
        with self._database.transaction() as connection:
            connection.execute(
                "insert into media_file (sha256, file_name, byte_count, media_type, kept_at) values (?,?,?,?,?) on conflict (sha256) "
                "do update set state = 'held', held_server_at = null where state = 'freed'",
                (sha256, file_name, len(data), media_type, now.isoformat(timespec="seconds")),
            )
        return sha256

    def path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def intact(self, sha256: str) -> bool:
        path = self.path(sha256)
        return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256

    def bind(self, connection: sqlite3.Connection, sha256: str, media_id: str, subject_ids: list[str]) -> None:
        """In the transaction that writes the media record: from here on the file waits to be sent."""
        connection.execute(
            "update media_file set media_id = coalesce(media_id, ?), state = case state when 'kept' then 'waiting' else state end "
            "where sha256 = ?",
            (media_id, sha256),
        )
        connection.executemany(
            "insert or ignore into media_subject values (?, ?)", [(sha256, subject) for subject in subject_ids]
        )

    def first_of(self, subject_id: str) -> Path | None:
        rows = self._database.rows(
            "select sha256 from media_subject join media_file using (sha256) where subject_id = ? and media_type <> ? limit 1",
            (subject_id, SEALED_TYPE),
        )
        path = self.path(rows[0]["sha256"]) if rows else None
        return path if path and path.is_file() else None

    def waiting_count(self) -> int:
        return self._database.count("select count(*) from media_file where state = 'waiting'")

    def sendable_count(self) -> int:
        """Without those that wait for another person."""
        return self._database.count(f"select count(*) from media_file where state = 'waiting' and {SENDABLE}")

    def held_count(self) -> int:
        return self._database.count("select count(*) from media_file where state in ('held', 'freed')")

    def reasons(self) -> list[tuple[str, int]]:
        rows = self._database.rows(
            "select last_reason, count(*) from media_file where state = 'waiting' and last_reason <> '' group by 1 order by 2 desc",
        )
        return [(row[0], row[1]) for row in rows]

    def due(self, now: datetime, ignore_pause: bool) -> list[MediaFile]:
        rows = self._database.rows("select * from media_file where state = 'waiting' order by kept_at, sha256")
        return [
            MediaFile(
                r["sha256"], r["file_name"], r["byte_count"], r["media_id"], self.path(r["sha256"]), r["upload_url"]
            )
            for r in rows
            if ignore_pause or not pauses(r["next_try_at"], now)
        ]

    def uploading(self, sha256: str, upload_url: str | None, server_offset: int = 0) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "update media_file set upload_url = ?, server_offset = ? where sha256 = ?",
                (upload_url, server_offset, sha256),
            )

    def waiting_photos(self) -> list[WaitingPhoto]:
        rows = self._database.rows(
            f"select file_name, byte_count, {_LEFT} bytes_left, last_reason from media_file where state = 'waiting' "
            "order by kept_at, sha256"
        )
        return [WaitingPhoto(r["file_name"], r["byte_count"], r["bytes_left"], r["last_reason"]) for r in rows]

    def bytes_left(self) -> int:
        """Of all originals that wait, by what the server said that it has."""
        return self._database.count(f"select coalesce(sum({_LEFT}), 0) from media_file where state = 'waiting'")

    def wait_for_wifi(self, kind: SentKind = "original") -> bool:
        """Whether these go only where sending costs nothing: originals do and small copies do not, unless somebody chose otherwise."""
        rows = self._database.rows("select value from setting where name = ?", (_WIFI_ONLY[kind],))
        return rows[0]["value"] == "yes" if rows else kind == "original"

    def set_wait_for_wifi(self, wait: bool, kind: SentKind = "original") -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "insert into setting values (?, ?) on conflict (name) do update set value = excluded.value",
                (_WIFI_ONLY[kind], "yes" if wait else "no"),
            )

    def held(self, sha256: str, holder: str, epoch: str, now: datetime, server_now: datetime | None = None) -> None:
        """Custody of exactly these bytes was confirmed; without `server_now` the thirty days begin when a server next tells the time."""
        with self._database.transaction() as connection:
            connection.execute(
                "update media_file set state = 'held', custody_holder = ?, custody_epoch = ?, held_at = ?, held_server_at = ?, "
                "last_reason = '', next_try_at = null where sha256 = ?",
                (
                    holder,
                    epoch,
                    now.isoformat(timespec="seconds"),
                    server_now.isoformat() if server_now else None,
                    sha256,
                ),
            )
            fail("custody_written")

    def failed(self, sha256: str, reason: str, now: datetime) -> None:
        with self._database.transaction() as connection:
            attempts = connection.execute("select attempts from media_file where sha256 = ?", (sha256,)).fetchone()[0]
            connection.execute(
                "update media_file set attempts = attempts + 1, last_reason = ?, next_try_at = ? where sha256 = ?",
                (reason, next_try(attempts + 1, now), sha256),
            )

    def free(self, server_now: datetime | None, free_bytes: int, now: datetime | None = None) -> int:
        """Removes originals whose custody is proved, 30 days after it by the server's time and by the tablet's own (`now`), since either
        may be wrong for a day; or at once when storage is scarce. Where no server told the time since the start nothing is old enough.
        Returns how many."""
        if server_now is not None:
            with self._database.transaction() as connection:
                connection.execute(
                    "update media_file set held_server_at = ? where state = 'held' and held_server_at is null",
                    (server_now.isoformat(),),
                )
        rows = self._database.rows("select sha256, held_at, held_server_at from media_file where state = 'held'")
        ripe = [
            r["sha256"]
            for r in rows
            if free_bytes < SCARCE_BYTES or (_is_old(r["held_server_at"], server_now) and _is_old(r["held_at"], now))
        ]
        for sha256 in ripe:
            with self._database.transaction() as connection:
                connection.execute("update media_file set state = 'freed' where sha256 = ?", (sha256,))
            fail("photo_to_free")
            self.path(sha256).unlink(missing_ok=True)
        return len(ripe)

    def sweep(self) -> None:
        """At the start: files that were freed when the app ended before it removed them."""
        for row in self._database.rows("select sha256 from media_file where state = 'freed'"):
            self.path(row["sha256"]).unlink(missing_ok=True)


def _is_old(held_at: str | None, now: datetime | None) -> bool:
    if held_at is None or now is None:
        return False
    return now - datetime.fromisoformat(held_at) > KEPT_AFTER_CUSTODY
