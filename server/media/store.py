"""Where files lie: originals under `precise/`, since their EXIF tells the place; renditions beside. A folder, or an S3 bucket by setting."""

import contextlib
import errno
import functools
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, S3Store

from server.settings import Bucket, Settings
from shared.failpoints import fail
from shared.problems import Problem

ORIGINALS, RENDITIONS = "precise/original/", "rendition/"
_STAGED = re.compile(r"#\d+$")
_PATIENCE = {"max_retries": 2}
_TIMEOUT = "60s"
T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """A file as the store lists it."""

    key: str
    sha256: str
    modified: datetime
    byte_count: int


def open_store(settings: Settings) -> "Store":
    """The one way to the store that the settings name."""
    return Store(settings.store_dir, settings.bucket)


class Store:
    """`folder` always holds what is on its way in; finished files lie in the bucket where there is one, else in the folder."""

    def __init__(self, folder: Path, bucket: Bucket | None = None) -> None:
        self.folder = folder
        self.is_local = bucket is None
        self._store: LocalStore | S3Store = LocalStore(folder, mkdir=True) if bucket is None else _s3(bucket)
        self.uploads.mkdir(parents=True, exist_ok=True)

    @property
    def uploads(self) -> Path:
        """Files on their way in: appended in place, their size is the offset."""
        return self.folder / "precise" / "uploads"

    def put_original(self, sha256: str, data: bytes) -> None:
        """Lasting, not only in a system's memory, when this returns: custody is given for it."""
        self._put(f"{ORIGINALS}{sha256[:2]}/{sha256}", data)

    def original(self, sha256: str) -> bytes:
        """FileNotFoundError where it is gone."""
        return self._get(f"{ORIGINALS}{sha256[:2]}/{sha256}")

    def holds_original(self, sha256: str, digest: str) -> bool:
        """Whether its bytes are there and are those of `digest` (another one than its name only after a redaction)."""
        try:
            return hashlib.sha256(self.original(sha256)).hexdigest() == digest
        except FileNotFoundError:
            return False

    def put_rendition(self, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        self._put(_rendition_key(sha256), data)
        return sha256

    def rendition(self, sha256: str) -> bytes:
        return self._get(_rendition_key(sha256))

    def holds_rendition(self, sha256: str) -> bool:
        try:
            return hashlib.sha256(self.rendition(sha256)).hexdigest() == sha256
        except FileNotFoundError:
            return False

    def entries(self, under: str) -> Iterator[Entry]:
        for some in self._asked(lambda: obstore.list(self._store, under)):
            for one in cast(Any, some):
                sha256 = one["path"].rsplit("/", 1)[-1].removesuffix(".jpg")
                yield Entry(one["path"], sha256, one["last_modified"], one["size"])

    def remove(self, key: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._asked(lambda: obstore.delete(self._store, key))

    def staged(self) -> Iterator[Entry]:
        """What a crash left of files that were just being written into the folder; a bucket shows none."""
        for under in (ORIGINALS, RENDITIONS) if self.is_local else ():
            for path in (self.folder / under).rglob("*#*"):
                with contextlib.suppress(FileNotFoundError):  # it was written, and has its name by now
                    told = path.stat()
                    if _STAGED.search(path.name):
                        modified = datetime.fromtimestamp(told.st_mtime, UTC)
                        yield Entry(str(path.relative_to(self.folder)), path.name, modified, told.st_size)

    def _put(self, key: str, data: bytes) -> None:
        self._asked(lambda: obstore.put(self._store, key, data))
        fail("file_put")
        if self.is_local:
            self._settle(self.folder / key)

    def _settle(self, path: Path) -> None:
        """On the disk: the file, and every name on the way to it, as each folder may be new."""
        _sync(path)
        for folder in path.parents:
            _sync(folder)
            if folder == self.folder.parent:
                return

    def _get(self, key: str) -> bytes:
        return bytes(self._asked(lambda: obstore.get(self._store, key).bytes()))

    def _asked(self, ask: Callable[[], T]) -> T:
        """What went wrong as the rest of the program knows it: a missing file, a full disk, a store that is away."""
        try:
            return ask()
        except NotFoundError as error:
            raise FileNotFoundError(errno.ENOENT, str(error)) from error
        except BaseError as error:
            if not self.is_local:
                raise Problem("store_away", "照片存储暂不可用，请稍后重试") from error
            if f"(os error {errno.ENOSPC})" in str(error):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.folder)) from error
            raise


@functools.cache
def _s3(bucket: Bucket) -> S3Store:
    """One for the life of a process, so that its connections are used again."""
    told = {
        "aws_access_key_id": bucket.key,
        "aws_secret_access_key": bucket.secret,
        "aws_region": bucket.region,
        "aws_endpoint": bucket.endpoint,
    }
    return S3Store(
        bucket.name,
        prefix=bucket.prefix or None,
        config=cast(Any, {name: value for name, value in told.items() if value}),
        client_options={"allow_http": bucket.endpoint.startswith("http://"), "timeout": _TIMEOUT},
        retry_config=cast(Any, _PATIENCE),
    )


def _rendition_key(sha256: str) -> str:
    return f"{RENDITIONS}{sha256[:2]}/{sha256}.jpg"


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
