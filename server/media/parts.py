"""Files on their way in, on the local disk whatever the store is: one a tablet's upload, appended in place."""

import fcntl
import hashlib
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from server.media.headers import Checksum
from server.media.store import Store
from shared.failpoints import fail
from shared.problems import Problem

_LOOK_AGAIN_S = 0.02
PIECE_BYTES = 4096
"""What is written at once: a request that is cut, or a server that is killed, loses less than this of what arrived."""


def path(store: Store, upload_id: UUID) -> Path:
    return store.uploads / f"{upload_id}.part"


def offset(store: Store, upload_id: UUID, patience_s: float = 0) -> int:
    """How far it is. `patience_s`: so long at most waits for a request that is just writing, as one that was cut does until the last of
    its bytes has come through; one whose line is dead without a word waits for ever, and is not waited for."""
    part, end = path(store, upload_id), time.monotonic() + patience_s
    while time.monotonic() < end and _is_busy(part):
        time.sleep(_LOOK_AGAIN_S)
    try:
        return part.stat().st_size
    except FileNotFoundError:
        return 0


def remove(store: Store, upload_id: UUID) -> None:
    path(store, upload_id).unlink(missing_ok=True)


def whole_file(part: Path, sha256: str) -> bytes:
    """The bytes of a complete part; one that is not what was announced is thrown away, and the upload stands at 0 again."""
    data = part.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        part.unlink(missing_ok=True)
        raise Problem("checksum_mismatch", "收到的内容与 SHA-256 不符，请从头重新上传", offset=0)
    return data


def append(
    store: Store,
    upload_id: UUID,
    byte_count: int,
    at: int,
    stream: BinaryIO,
    announced: int | None,
    checksum: Checksum | None = None,
) -> int:
    """Appends what arrives until the stream ends, even if it ends early; returns the new offset. No database is held meanwhile.

    A piece that came whole (`announced` bytes) and is not what its checksum says is taken back. Of one that was cut nobody can
    tell; it stays, as the digest of the whole file is asked at the end. Whoever comes later with the right offset may go on at once:
    an older request, whose line may be dead, writes no more then.
    """
    with _part_at(path(store, upload_id), at) as file:
        fcntl.flock(file, fcntl.LOCK_SH)  # busy; closing the file lets go
        found = checksum.new() if checksum else None
        reached = at
        try:
            _require_at(file, at)
            while piece := stream.read(PIECE_BYTES):
                if reached + len(piece) > byte_count:
                    raise Problem("upload_malformed", "内容超过声明的 Upload-Length")
                with _alone(file):
                    _require_at(file, reached)
                    file.write(piece)
                    file.flush()
                fail("piece_written")
                reached += len(piece)
                if found:
                    found.update(piece)
            came_whole = announced is None or reached - at == announced
            if checksum and found and came_whole and found.digest() != checksum.digest:
                _take_back(file, at, reached)
                raise Problem("checksum_mismatch", "这一段与 Upload-Checksum 不符，请从原处重发", offset=at)
        finally:
            os.fsync(file.fileno())
    fail("pieces_settled")
    return reached


def _part_at(part: Path, at: int) -> BinaryIO:
    """Only a first piece makes the file: a late one must not leave an empty file behind an upload that ended."""
    try:
        return os.fdopen(os.open(part, os.O_WRONLY | os.O_APPEND | (os.O_CREAT if at == 0 else 0), 0o600), "ab")
    except FileNotFoundError as error:
        raise Problem("upload_offset", f"服务器已有 0 字节，请求从 {at} 开始", offset=0) from error


def _require_at(file: BinaryIO, at: int) -> None:
    now = os.fstat(file.fileno())
    there = now.st_size if now.st_nlink else 0
    if at != there or not now.st_nlink:
        raise Problem("upload_offset", f"服务器已有 {there} 字节，请求从 {at} 开始", offset=there)


def _take_back(file: BinaryIO, at: int, reached: int) -> None:
    with _alone(file):
        _require_at(file, reached)
        file.truncate(at)


@contextmanager
def _alone(file: BinaryIO) -> Iterator[None]:
    """For one piece, against other requests of any process: a lock of this opening of the file, which knows nothing of `flock`."""
    fcntl.fcntl(file, fcntl.F_OFD_SETLKW, _lock(fcntl.F_WRLCK))
    try:
        yield
    finally:
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, _lock(fcntl.F_UNLCK))


def _lock(kind: int) -> bytes:
    """`struct flock` of Linux on 64 bits: all of the file."""
    return struct.pack("hhqqi4x", kind, os.SEEK_SET, 0, 0, 0)


def _is_busy(part: Path) -> bool:
    try:
        with part.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def remove_unused(part: Path) -> bool:
    """Not while a request is writing to it; whoever opened it before finds that it is gone."""
    try:
        with part.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink(missing_ok=True)
    except (FileNotFoundError, BlockingIOError):
        return False
    return True
