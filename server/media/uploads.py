"""tus 1.0 (core, creation, checksum, expiration, termination): the size of the part file is the offset, so nothing else can
disagree with it. What of it is on the disk, and when: decisions/0002-the-part-file-is-the-offset.md."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.model import Device
from server.media import parts, service, unsealing
from server.media.headers import metadata_of, whole
from server.media.model import MediaFile, Upload
from server.media.store import Store
from shared.clock import Clock
from shared.failpoints import fail
from shared.ids import uuid7
from shared.problems import Problem
from shared.protocol import MAX_PHOTO_BYTES, MAX_REVIEW_BYTES

PATIENCE_S = 1.0


@dataclass(frozen=True)
class Desk:
    """What it takes to take in files: a database session, the clock, the store, and how long an unfinished upload may rest.
    `taken`: digests of what came in whole, a photo that was sealed in a file among them."""

    session: Session
    clock: Clock
    store: Store
    rest: timedelta
    taken: list[str] = field(default_factory=list)


def create(desk: Desk, device: Device, length: str | None, metadata: str) -> Upload:
    """A new upload, or the one begun before; one whose bytes the store has already is complete from the start."""
    told = metadata_of(metadata)
    sha256, review_of = told.get("sha256", ""), told.get("review_of") or None
    byte_count = _length(length, MAX_PHOTO_BYTES if review_of is None else MAX_REVIEW_BYTES)
    held = _is_here(desk, sha256, byte_count, review_of)
    begun = None if held else _begun(desk.session, device, sha256, byte_count, review_of)
    now = desk.clock.now()
    if begun is not None:
        begun.expires_at = now + desk.rest
        return begun
    upload = Upload(
        id=uuid7(),
        device_id=device.id,
        sha256=sha256,
        byte_count=byte_count,
        created_at=now,
        completed_at=now if held else None,
        expires_at=now + desk.rest,
        review_of=review_of,
    )
    desk.session.add(upload)
    desk.session.flush()
    return upload


def _length(told: str | None, most: int) -> int:
    length = whole(told) or 0
    if not 0 < length <= most:
        raise Problem("upload_malformed", f"Upload-Length 应为 1 到 {most} 的整数", field="Upload-Length")
    return length


def _is_here(desk: Desk, sha256: str, byte_count: int, review_of: str | None) -> bool:
    if review_of is not None:
        return service.is_shown(desk.session, review_of)
    known = desk.session.get(MediaFile, sha256)
    if known is not None and known.byte_count != byte_count:
        raise Problem("upload_malformed", "长度与已有的同一文件不符", field="Upload-Length")
    return known is not None and service.is_held(desk.session, desk.store, sha256)


def _begun(session: Session, device: Device, sha256: str, byte_count: int, review_of: str | None) -> Upload | None:
    """The same upload, begun when the answer with its address was lost: its part file is not left behind."""
    mine = select(Upload).where(Upload.device_id == device.id, Upload.sha256 == sha256)
    alike = mine.where(Upload.byte_count == byte_count, Upload.review_of.is_not_distinct_from(review_of))
    open_ones = alike.where(Upload.completed_at.is_(None), Upload.terminated_at.is_(None))
    return session.scalar(open_ones.order_by(Upload.created_at, Upload.id).limit(1).with_for_update())


def find(desk: Desk, device: Device, upload_id: UUID) -> Upload:
    upload = desk.session.get(Upload, upload_id)
    if upload is None or upload.device_id != device.id:
        raise Problem("not_found")
    if upload.terminated_at is not None or (upload.completed_at is None and upload.expires_at <= desk.clock.now()):
        raise Problem("upload_expired")
    return upload


def settle(desk: Desk, upload_id: UUID) -> Upload:
    """Ends an upload that has all its bytes: also one whose last byte came just before the server died, as no more
    would come for it. Under a lock, since two requests may have seen the last byte. Custody is never told from a row alone: an
    upload whose file the store has lost since is open again."""
    upload = desk.session.get(Upload, upload_id, with_for_update=True, populate_existing=True)
    if upload is None:  # swept away meanwhile
        raise Problem("upload_expired")
    if upload.completed_at is None:
        if parts.offset(desk.store, upload.id) == upload.byte_count:
            _finish(desk, upload)
    elif upload.review_of is None and not service.is_held(desk.session, desk.store, upload.sha256):
        upload.completed_at = None
    if upload.completed_at is None:
        upload.expires_at = desk.clock.now() + desk.rest
    return upload


def _finish(desk: Desk, upload: Upload) -> None:
    path = parts.path(desk.store, upload.id)
    data = parts.whole_file(path, upload.sha256)
    fail("photo_whole")
    if upload.review_of is None:
        brought_by = desk.session.get_one(Device, upload.device_id).person_id
        taker = unsealing.Desk(desk.session, desk.clock, desk.store)
        desk.taken.extend(taker.take_in(str(brought_by), upload.sha256, data))
        upload.completed_at = desk.clock.now()
        fail("photo_taken_in")
    else:
        service.take_review(desk.session, desk.clock, desk.store, data, upload.review_of)
        upload.completed_at = desk.clock.now()


def reached(store: Store, upload: Upload) -> int:
    return upload.byte_count if upload.completed_at is not None else parts.offset(store, upload.id)


def wait_for_others(store: Store, upload: Upload) -> None:
    """Before an upload is gone on with: a request that was cut may still be writing what came of it."""
    if upload.completed_at is None:
        parts.offset(store, upload.id, PATIENCE_S)


def terminate(desk: Desk, upload: Upload) -> None:
    """The row of a completed one stays, and so does the photo: what a tablet gave it cannot take back by this."""
    parts.remove(desk.store, upload.id)
    if upload.completed_at is None:
        desk.session.delete(upload)
    else:
        upload.terminated_at = desk.clock.now()


def clear(store: Store, upload: Upload) -> None:
    """After the commit: the part of an upload that ended."""
    if upload.completed_at is not None:
        parts.remove(store, upload.id)


def kept_metadata(upload: Upload) -> Mapping[str, str]:
    """Names of files are not kept: they may name people."""
    told = {"sha256": upload.sha256}
    return told if upload.review_of is None else {**told, "review_of": upload.review_of}
