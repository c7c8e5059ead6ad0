"""Where files lie: originals under `precise/`, since their EXIF tells the place; renditions beside."""

import errno
import hashlib
import os
from pathlib import Path

import obstore
from obstore.exceptions import GenericError
from obstore.store import LocalStore


class Store:
    """A folder now; any store that obstore knows by setting."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._store = LocalStore(folder, mkdir=True)
        self.uploads.mkdir(parents=True, exist_ok=True)

    @property
    def uploads(self) -> Path:
        """Files on their way in: appended in place, their size is the offset."""
        return self.folder / "precise" / "uploads"

    def put_original(self, sha256: str, data: bytes) -> None:
        """On the disk, not only in the system's memory, when this returns: custody is given for it."""
        key = f"precise/original/{sha256[:2]}/{sha256}"
        self._put(key, data)
        for path in (self.folder / key, (self.folder / key).parent):
            _sync(path)

    def original(self, sha256: str) -> bytes:
        return bytes(obstore.get(self._store, f"precise/original/{sha256[:2]}/{sha256}").bytes())

    def put_rendition(self, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        self._put(f"rendition/{sha256[:2]}/{sha256}.jpg", data)
        return sha256

    def rendition(self, sha256: str) -> bytes:
        return bytes(obstore.get(self._store, f"rendition/{sha256[:2]}/{sha256}.jpg").bytes())

    def _put(self, key: str, data: bytes) -> None:
        try:
            obstore.put(self._store, key, data)
        except GenericError as error:
            if f"(os error {errno.ENOSPC})" in str(error):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), key) from error
            raise


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
