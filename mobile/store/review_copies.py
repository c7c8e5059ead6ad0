"""Small copies of photos, made when they are first to be sent: they go ahead, so that a reviewer sees something before the original is here."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mobile.store.database import Database
from mobile.store.delivery import next_try, pauses
from mobile.store.durable import write_durably

WORTH_A_COPY_BYTES = 200_000
"""An original no larger than this needs none."""
MOST_OF_ORIGINAL = 0.6


@dataclass(frozen=True)
class Wanted:
    """An original that waits, and the copy that was made of it, if it was."""

    original_sha256: str
    original: Path
    media_id: str
    file_name: str
    copy_sha256: str | None
    copy: Path
    upload_url: str | None


class ReviewCopies:
    def __init__(self, database: Database, folder: Path, originals: Path) -> None:
        self._database = database
        self._folder = folder
        self._originals = originals

    def due(self, now: datetime, ignore_pause: bool) -> list[Wanted]:
        rows = self._database.rows(
            "select f.sha256, f.media_id, f.file_name, c.copy_sha256, c.upload_url, c.next_try_at "
            "from media_file f left join review_copy c using (sha256) where f.state = 'waiting' and f.byte_count > ? "
            "and coalesce(c.state, 'waiting') = 'waiting' order by f.kept_at, f.sha256",
            (WORTH_A_COPY_BYTES,),
        )
        return [
            Wanted(
                r["sha256"],
                self._originals / r["sha256"][:2] / r["sha256"],
                r["media_id"],
                r["file_name"],
                r["copy_sha256"],
                self._path(r["sha256"]),
                r["upload_url"],
            )
            for r in rows
            if ignore_pause or not pauses(r["next_try_at"], now)
        ]

    def keep(self, original_sha256: str, copy: bytes) -> str:
        """The copy as it will be sent, also after a restart: half of it may be at the server already."""
        write_durably(self._path(original_sha256), copy)
        digest = hashlib.sha256(copy).hexdigest()
        self._set(original_sha256, "waiting", copy_sha256=digest, byte_count=len(copy), upload_url=None)
        return digest

    def over(self, original_sha256: str, sent: bool) -> None:
        """It is at the server, or there will be none."""
        self._set(original_sha256, "sent" if sent else "none", upload_url=None, last_reason="", next_try_at=None)
        self._path(original_sha256).unlink(missing_ok=True)

    def uploading(self, original_sha256: str, upload_url: str | None) -> None:
        self._set(original_sha256, "waiting", upload_url=upload_url)

    def failed(self, original_sha256: str, reason: str, now: datetime) -> None:
        known = self._database.rows("select attempts from review_copy where sha256 = ?", (original_sha256,))
        attempts = (known[0]["attempts"] if known else 0) + 1
        self._set(
            original_sha256, "waiting", attempts=attempts, last_reason=reason, next_try_at=next_try(attempts, now)
        )

    def waiting_count(self) -> int:
        return self._database.count(
            "select count(*) from media_file f left join review_copy c using (sha256) where f.state = 'waiting' "
            "and f.byte_count > ? and coalesce(c.state, 'waiting') = 'waiting'",
            (WORTH_A_COPY_BYTES,),
        )

    def _set(self, original_sha256: str, state: str, **columns: object) -> None:
        named = {"state": state, **columns}
        changes = ", ".join(f"{name} = excluded.{name}" for name in named)
        with self._database.transaction() as connection:
            connection.execute(
                f"insert into review_copy (sha256, {', '.join(named)}) values (?{', ?' * len(named)}) "
                f"on conflict (sha256) do update set {changes}",
                (original_sha256, *named.values()),
            )

    def _path(self, original_sha256: str) -> Path:
        return self._folder / f"{original_sha256}.jpg"
