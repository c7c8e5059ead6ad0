"""ZIP archives from strangers: members are streamed and never extracted to a name from inside."""

import io
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from server.formats.unusable import Unusable

MAX_ENTRIES = 1_000
MAX_UNPACKED_BYTES = 200 * 1024 * 1024
MAX_RATIO = 100
SMALL_BYTES = 1024 * 1024  # below this a high ratio is mere repetition, not a bomb
_NESTED = (".zip", ".gz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".tgz")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError)


class Archive:
    """`names` are the data members by their path inside; folders and the litter of file managers are left out."""

    def __init__(self, opened: zipfile.ZipFile) -> None:
        self._zip = opened
        entries = [info for info in opened.infolist() if not info.is_dir()]
        _refuse_unsafe(opened.infolist())
        self._entries = {info.filename: info for info in entries if not _is_litter(info.filename)}
        self.names = sorted(self._entries)
        if not self.names:
            raise Unusable("archive_empty")

    def read(self, name: str, limit: int) -> bytes:
        """The whole member; Unusable when it is longer than `limit` bytes."""
        with self.stream(name) as stream:
            data = stream.read(limit + 1)
        if len(data) > limit:
            raise Unusable("archive_too_large", name)
        return data

    @contextmanager
    def stream(self, name: str) -> Iterator[IO[bytes]]:
        try:
            raw = self._zip.open(self._entries[name])
        except _BROKEN as error:
            raise Unusable("archive_broken", f"{name}: {error}") from error
        with raw, io.BufferedReader(_Counted(raw, name)) as counted:
            yield counted


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    try:
        opened = zipfile.ZipFile(path)
    except _BROKEN as error:
        raise Unusable("archive_broken", str(error)) from error
    with opened:
        yield Archive(opened)


class _Counted(io.RawIOBase):
    """Counts what really comes out, since the sizes that an archive states may lie."""

    def __init__(self, raw: IO[bytes], name: str) -> None:
        self._raw, self._name, self._seen = raw, name, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._raw.read(len(buffer))
        except _BROKEN as error:
            raise Unusable("archive_broken", f"{self._name}: {error}") from error
        self._seen += len(data)
        if self._seen > MAX_UNPACKED_BYTES:
            raise Unusable("archive_too_large", self._name)
        buffer[: len(data)] = data
        return len(data)


def _refuse_unsafe(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise Unusable("archive_too_large", f"{len(entries)} > {MAX_ENTRIES}")
    seen: set[str] = set()
    for info in entries:
        _refuse_entry(info)
        twin = unicodedata.normalize("NFC", info.filename).casefold()
        if twin in seen:
            raise Unusable("archive_unsafe", f"名称重复 {info.filename!r}")
        seen.add(twin)
    if sum(info.file_size for info in entries) > MAX_UNPACKED_BYTES:
        raise Unusable("archive_too_large", f"{MAX_UNPACKED_BYTES // 1024 // 1024} MB")
    _refuse_overlap(entries)


def _refuse_entry(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    if _leads_out(name):
        raise Unusable("archive_unsafe", f"路径越界 {name!r}")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise Unusable("archive_unsafe", f"链接 {name!r}")
    if info.flag_bits & 0x1:
        raise Unusable("archive_unsafe", f"加密 {name!r}")
    if name.lower().endswith(_NESTED):
        raise Unusable("archive_unsafe", f"压缩包套压缩包 {name!r}")
    if info.file_size > SMALL_BYTES and info.file_size > MAX_RATIO * max(info.compress_size, 1):
        raise Unusable("archive_too_large", f"{name!r} 压缩比过高")


def _leads_out(name: str) -> bool:
    return "\\" in name or "\0" in name or name.startswith("/") or name[1:2] == ":" or ".." in PurePosixPath(name).parts


def _refuse_overlap(entries: list[zipfile.ZipInfo]) -> None:
    """Members that share their compressed bytes are how a small archive claims to be huge."""
    end = 0
    for info in sorted(entries, key=lambda entry: entry.header_offset):
        if info.header_offset < end:
            raise Unusable("archive_unsafe", f"成员重叠 {info.filename!r}")
        end = info.header_offset + 30 + len(info.orig_filename.encode("utf-8", "replace")) + info.compress_size


def _is_litter(name: str) -> bool:
    path = PurePosixPath(name)
    return path.parts[0] == "__MACOSX" or path.name in (".DS_Store", "Thumbs.db")
