"""tus 1.0 (core, creation, termination): the size of the part file is the offset, so nothing else can disagree with it."""

import base64
import binascii
import fcntl
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from sqlalchemy.orm import Session

from server.accounts.model import Device
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
    if length is None or not length.isdecimal() or not 0 < int(length) <= MAX_PHOTO_BYTES:
        raise Problem("upload_malformed", f"Upload-Length 应为 1 到 {MAX_PHOTO_BYTES} 的整数", field="Upload-Length")
    sha256 = _metadata(metadata).get("sha256", "")
    if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
        raise Problem("upload_malformed", "Upload-Metadata 缺少 sha256（小写十六进制）", field="Upload-Metadata")
    held = session.get(MediaFile, sha256)
    if held is not None and held.byte_count != int(length):
        raise Problem("upload_malformed", "长度与已有的同一文件不符", field="Upload-Length")
    now = clock.now()
    upload = Upload(
        id=uuid7(),
        device_id=device.id,
        sha256=sha256,
        byte_count=int(length),
        created_at=now,
        completed_at=now if held else None,
    )
    session.add(upload)
    session.flush()
    if held is None:
        part(store, upload).touch()
    return upload


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
    """A server that died between the last byte and its commit left a whole file behind that nobody had checked yet."""
    if upload.completed_at is None and offset(store, upload) == upload.byte_count:
        _finish(session, clock, store, upload, part(store, upload))


def append(session: Session, clock: Clock, store: Store, upload: Upload, at: int, stream: BinaryIO) -> int:
    """Appends what arrives until the stream ends, even if it ends early; returns the new offset."""
    path = part(store, upload)
    with open(path, "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        reached = os.fstat(file.fileno()).st_size
        if at != reached:
            raise Problem("upload_offset", f"服务器已有 {reached} 字节，请求从 {at} 开始", offset=reached)
        reached = _copy(stream, file, reached, upload.byte_count)
    if reached == upload.byte_count:
        _finish(session, clock, store, upload, path)
    return reached


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
        path.unlink()
        raise Problem("checksum_mismatch", "收到的内容与 SHA-256 不符，请重新上传")
    service.take_in(session, clock, store, path, upload.sha256)
    upload.completed_at = clock.now()


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
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Problem("upload_malformed", "Upload-Metadata 不是 base64", field="Upload-Metadata") from error
