"""tus 1.0 (core, creation, termination): the size of the part file is the offset, so nothing else can disagree with it."""

import base64
import fcntl
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.model import Device
from server.audit.service import log
from server.media import service
from server.media.model import MediaFile, Upload
from server.media.store import Store
from shared.clock import Clock
from shared.ids import uuid7
from shared.problems import Problem
from shared.protocol import MAX_PHOTO_BYTES

_PIECE = 4096


def create(session: Session, clock: Clock, store: Store, device: Device, length: str | None, metadata: str) -> Upload:
    """A new upload; one whose bytes are held already is complete from the start."""
    if not 0 < (whole(length) or 0) <= MAX_PHOTO_BYTES:
        raise Problem("upload_malformed", f"Upload-Length 应为 1 到 {MAX_PHOTO_BYTES} 的整数", field="Upload-Length")
    sha256 = _metadata(metadata).get("sha256", "")
    if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
        raise Problem("upload_malformed", "Upload-Metadata 缺少 sha256（小写十六进制）", field="Upload-Metadata")
    held = session.get(MediaFile, sha256)
    byte_count = whole(length) or 0
    if held is not None and held.byte_count != byte_count:
        raise Problem("upload_malformed", "长度与已有的同一文件不符", field="Upload-Length")
    now = clock.now()
    begun = _begun(session, device, sha256, byte_count) if held is None else None
    if begun is not None:
        return begun
    upload = Upload(
        id=uuid7(),
        device_id=device.id,
        sha256=sha256,
        byte_count=byte_count,
        created_at=now,
        completed_at=now if held else None,
    )
    session.add(upload)
    session.flush()
    return upload


def _begun(session: Session, device: Device, sha256: str, byte_count: int) -> Upload | None:
    """The same upload, begun when the answer with its address was lost: its part file is not left behind."""
    mine = select(Upload).where(Upload.device_id == device.id, Upload.sha256 == sha256)
    open_ones = mine.where(Upload.byte_count == byte_count, Upload.completed_at.is_(None))
    return session.scalar(open_ones.order_by(Upload.created_at, Upload.id).limit(1))


def whole(value: str | None) -> int | None:
    """A header's whole number; None for anything else, and for one that no file could have."""
    return int(value) if value and value.isascii() and value.isdecimal() and len(value) <= 18 else None


def find(session: Session, device: Device, upload_id: UUID) -> Upload:
    upload = session.get(Upload, upload_id)
    if upload is None or upload.device_id != device.id:
        raise Problem("not_found")
    return upload


def offset(store: Store, upload: Upload) -> int:
    if upload.completed_at is not None:
        return upload.byte_count
    path = part(store, upload)
    return path.stat().st_size if path.exists() else 0


def settle(session: Session, clock: Clock, store: Store, upload: Upload) -> None:
    """Ends an upload that has all its bytes: also one whose last byte came just before the server died, as no more
    would come for it. Under a lock, since two requests may have seen the last byte."""
    if upload.completed_at is None and offset(store, upload) == upload.byte_count:
        session.refresh(upload, with_for_update=True)
        if upload.completed_at is None:
            _finish(session, clock, store, upload, part(store, upload))


def append(session: Session, clock: Clock, store: Store, upload: Upload, at: int, stream: BinaryIO) -> int:
    """Appends what arrives until the stream ends, even if it ends early; returns the new offset."""
    with _part_at(part(store, upload), at) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        reached = os.fstat(file.fileno()).st_size
        if at != reached:
            raise Problem("upload_offset", f"服务器已有 {reached} 字节，请求从 {at} 开始", offset=reached)
        reached = _copy(stream, file, reached, upload.byte_count)
    settle(session, clock, store, upload)
    return reached


def _part_at(path: Path, at: int) -> BinaryIO:
    """Only a first piece makes the file: a late one must not leave an empty file behind an upload that ended."""
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | (os.O_CREAT if at == 0 else 0), 0o600), "ab")
    except FileNotFoundError as error:
        raise Problem("upload_offset", f"服务器已有 0 字节，请求从 {at} 开始", offset=0) from error


def _copy(stream: BinaryIO, file: BinaryIO, reached: int, length: int) -> int:
    try:
        while piece := stream.read(_PIECE):
            if reached + len(piece) > length:
                raise Problem("upload_malformed", "内容超过声明的 Upload-Length")
            file.write(piece)
            reached += len(piece)
    finally:
        file.flush()
        os.fsync(file.fileno())
    return reached


def _finish(session: Session, clock: Clock, store: Store, upload: Upload, path: Path) -> None:
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != upload.sha256:
        path.unlink(missing_ok=True)
        raise Problem("checksum_mismatch", "收到的内容与 SHA-256 不符，请重新上传")
    service.take_in(session, clock, store, path, upload.sha256)
    upload.completed_at = clock.now()
    brought_by = session.get_one(Device, upload.device_id).person_id
    log(session, clock, str(brought_by), "photo", upload.sha256, {"byte_count": upload.byte_count})


def clear(store: Store, upload: Upload) -> None:
    """After the commit: the part of an upload that ended."""
    if upload.completed_at is not None:
        part(store, upload).unlink(missing_ok=True)


def terminate(session: Session, store: Store, upload: Upload) -> None:
    part(store, upload).unlink(missing_ok=True)
    session.delete(upload)


def part(store: Store, upload: Upload) -> Path:
    return store.uploads / f"{upload.id}.part"


def _metadata(header: str) -> Mapping[str, str]:
    pairs = [pair.strip().split(" ", 1) for pair in header.split(",") if pair.strip()]
    try:
        return {
            pair[0]: base64.b64decode(pair[1], validate=True).decode("utf-8") if len(pair) > 1 else "" for pair in pairs
        }
    except ValueError as error:  # of base64 and of UTF-8
        raise Problem("upload_malformed", "Upload-Metadata 不是 base64", field="Upload-Metadata") from error
