"""Orphans: files that no row tells of, left by a crash between the store and the database, and uploads that nobody went on with.

A file that is just being taken in is never taken away: `service.take_in_data` holds the lock of its digest until its row is committed, and
the sweep looks for the row again under the same lock.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker

from server.db import session_factory
from server.media import parts, service
from server.media.model import Upload
from server.media.store import ORIGINALS, RENDITIONS, Entry, Store, open_store
from server.media.unsealing import Desk
from server.settings import Settings
from shared.clock import FixedClock, SystemClock

ORPHAN_AFTER = timedelta(hours=1)
TABLETS_KEEP = timedelta(days=30)
_AT_ONCE = 10_000
_UPLOADS_AT_ONCE = 200
_UNKNOWN = {
    service.ORIGINAL: text("SELECT unnest(CAST(:digests AS text[])) EXCEPT SELECT sha256 FROM xiangye.media_file"),
    service.RENDITION: text(
        "SELECT unnest(CAST(:digests AS text[])) "
        "EXCEPT SELECT unnest(ARRAY[rendition_sha256, preview_sha256]) FROM xiangye.media_file "
        "EXCEPT SELECT unnest(ARRAY[rendition_sha256, preview_sha256]) FROM xiangye.media_review"
    ),
}


@dataclass
class Swept:
    """How many of each were taken away, and how many bytes of the store that made free; `decoded`: photos over which the decoder had
    died, and that show something now."""

    uploads: int = 0
    parts: int = 0
    originals: int = 0
    renditions: int = 0
    unfinished: int = 0
    bytes_freed: int = 0
    decoded: int = 0


@dataclass(frozen=True)
class Sweep:
    sessions: sessionmaker[Session]
    store: Store
    now: datetime
    after: timedelta = ORPHAN_AFTER
    originals_after: timedelta | None = None

    def all(self) -> Swept:
        done = self.uploads()
        done.originals, freed = self._files(service.ORIGINAL, ORIGINALS, self.originals_after or self.after)
        done.renditions, more = self._files(service.RENDITION, RENDITIONS, self.after)
        done.bytes_freed += freed + more
        done.decoded = self._decode_again()
        return done

    def _decode_again(self) -> int:
        """Each in a transaction of its own: the next one may kill whoever decodes it."""
        with self.sessions() as session:
            waiting = service.waiting_for_decoder(session)
        decoded = 0
        for digest in waiting:
            with self.sessions.begin() as session:
                decoded += service.decode_again(session, FixedClock(self.now), self.store, digest)
        return decoded

    def uploads(self) -> Swept:
        """What lies on this machine alone: expired uploads, parts that belong to none, remains of writing."""
        done = Swept()
        while some := self._expired():
            done.uploads += some
        for part in self.store.uploads.glob("*.part"):
            if self._is_old(datetime.fromtimestamp(part.stat().st_mtime, UTC), self.after) and not self._is_open(
                part.stem
            ):
                done.parts += parts.remove_unused(part)
        for entry in self.store.staged():  # no lock guards these, but nobody writes one file for an hour
            if self._is_old(entry.modified, max(self.after, ORPHAN_AFTER)):
                (self.store.folder / entry.key).unlink(missing_ok=True)
                done.unfinished += 1
                done.bytes_freed += entry.byte_count
        return done

    def _expired(self) -> int:
        """Each row goes with its part, unless a request is at it just now."""
        with self.sessions.begin() as session:
            open_ones = select(Upload).where(Upload.completed_at.is_(None), Upload.expires_at <= self.now)
            locked = open_ones.order_by(Upload.expires_at).limit(_UPLOADS_AT_ONCE).with_for_update(skip_locked=True)
            gone = [one for one in session.scalars(locked) if self._remove(one.id)]
            for upload in gone:
                session.delete(upload)
        return len(gone)

    def _remove(self, upload_id: UUID) -> bool:
        part = parts.path(self.store, upload_id)
        return not part.exists() or parts.remove_unused(part)

    def _is_open(self, name: str) -> bool:
        with self.sessions() as session:
            try:
                upload = session.get(Upload, UUID(name))
            except ValueError:
                return False
            return upload is not None and upload.completed_at is None

    def adopt(self, by: str) -> int:
        """After a restore: originals that the database of the backup has not heard of are taken in once more, each in a transaction of
        its own. Tablets may have freed theirs, and their records come again."""
        taken = 0
        for entry in self._orphans(service.ORIGINAL, ORIGINALS, self.after):
            data = self.store.original(entry.sha256)
            if sha256(data).hexdigest() == entry.sha256:
                with self.sessions.begin() as session:
                    Desk(session, FixedClock(self.now), self.store).take_in(by, entry.sha256, data)
                taken += 1
        return taken

    def _files(self, kind: str, under: str, after: timedelta) -> tuple[int, int]:
        removed = freed = 0
        for entry in self._orphans(kind, under, after):
            with self.sessions.begin() as session:
                if service.hold_or_leave(session, kind, entry.sha256) and _unknown(session, kind, [entry.sha256]):
                    self.store.remove(entry.key)
                    removed, freed = removed + 1, freed + entry.byte_count
        return removed, freed

    def _orphans(self, kind: str, under: str, after: timedelta) -> Iterator[Entry]:
        old = (entry for entry in self.store.entries(under) if self._is_old(entry.modified, after))
        while some := list(islice(old, _AT_ONCE)):
            with self.sessions() as session:
                unknown = _unknown(session, kind, [entry.sha256 for entry in some])
            yield from (entry for entry in some if entry.sha256 in unknown)

    def _is_old(self, modified: datetime, after: timedelta) -> bool:
        return self.now - modified > after


def _unknown(session: Session, kind: str, digests: Sequence[str]) -> set[str]:
    return set(session.scalars(_UNKNOWN[kind], {"digests": list(digests)}))


def sweep_at_start(settings: Settings) -> Swept:
    """A bucket is left to `xiangye media sweep`: listing it may take long. Originals too for as long as tablets keep theirs: where a
    database was put back from a backup and nothing told of it, they are the only ones."""
    now = SystemClock().now()
    sweep = Sweep(session_factory(settings), open_store(settings), now, originals_after=TABLETS_KEEP)
    return sweep.all() if sweep.store.is_local else sweep.uploads()
