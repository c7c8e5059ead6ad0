"""ZIP archives from strangers: members are streamed and never extracted to a name from inside.

What can be asked of the directory is asked before it is read, and what it says is held against what comes out.
"""

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
MAX_DIRECTORY_BYTES = 1024 * MAX_ENTRIES
_NESTED = (".zip", ".gz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".tgz")
_NESTED_HEADS = (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zX")
_END, _END_64 = b"PK\x05\x06", b"PK\x06\x07"
_END_BYTES, _LOCATOR_64_BYTES, _LONGEST_COMMENT = 22, 20, 65_535
_UTF8_NAME = 0x800
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError)


class Archive:
    """`names` are the data members by their path inside; folders and the litter of file managers are left out."""

    def __init__(self, opened: zipfile.ZipFile, max_unpacked: int = MAX_UNPACKED_BYTES) -> None:
        self._zip = opened
        entries = [info for info in opened.infolist() if not info.is_dir()]
        _refuse_unsafe(opened, max_unpacked)
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
        with raw, io.BufferedReader(_Counted(raw, self._entries[name])) as counted:
            if counted.peek(6).startswith(_NESTED_HEADS):
                raise Unusable("archive_unsafe", f"压缩包套压缩包 {name!r}")
            yield counted


@contextmanager
def open_archive(path: Path, max_unpacked: int = MAX_UNPACKED_BYTES) -> Iterator[Archive]:
    try:
        with path.open("rb") as file:
            _refuse_vast_directory(file)
        opened = _with_readable_names(path)
    except _BROKEN as error:
        if isinstance(error, Unusable):
            raise
        raise Unusable("archive_broken", str(error)) from error
    with opened:
        yield Archive(opened, max_unpacked)


def _refuse_vast_directory(file: IO[bytes]) -> None:
    """zipfile makes an object of every entry of the directory, however many there are, before anybody can count them."""
    size = file.seek(0, io.SEEK_END)
    start = max(size - _LONGEST_COMMENT - _END_BYTES - _LOCATOR_64_BYTES, 0)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_BYTES:
        raise Unusable("archive_broken", "没有目录")
    if _END_64 in tail[max(at - _LOCATOR_64_BYTES, 0) : at]:
        raise Unusable("archive_unsafe", "ZIP64")
    directory = int.from_bytes(tail[at + 12 : at + 16], "little")
    if directory > MAX_DIRECTORY_BYTES:
        raise Unusable("archive_too_large", f"目录 {directory} > {MAX_DIRECTORY_BYTES}")


def _with_readable_names(path: Path) -> zipfile.ZipFile:
    """Names without the mark of UTF-8 are GB18030 on the machines that pack here; what is not that either stays as it is."""
    opened = zipfile.ZipFile(path)
    if all(info.flag_bits & _UTF8_NAME or info.filename.isascii() for info in opened.infolist()):
        return opened
    try:
        named = zipfile.ZipFile(path, metadata_encoding="gb18030")
    except UnicodeDecodeError:
        return opened
    opened.close()
    return named


class _Counted(io.RawIOBase):
    """Holds what really comes out against the size that was said, which is held against the limit."""

    def __init__(self, raw: IO[bytes], said: zipfile.ZipInfo) -> None:
        self._raw, self._name, self._said, self._seen = raw, said.filename, said.file_size, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._raw.read(len(buffer))
        except _BROKEN as error:
            raise Unusable("archive_broken", f"{self._name}: {error}") from error
        self._seen += len(data)
        if self._seen > self._said or (not data and len(buffer) and self._seen < self._said):
            raise Unusable("archive_broken", f"{self._name}: 长度不是所写的 {self._said}")
        buffer[: len(data)] = data
        return len(data)


def _refuse_unsafe(opened: zipfile.ZipFile, max_unpacked: int) -> None:
    entries = opened.infolist()
    if len(entries) > MAX_ENTRIES:
        raise Unusable("archive_too_large", f"{len(entries)} > {MAX_ENTRIES}")
    seen: set[str] = set()
    for info in entries:
        _refuse_entry(info)
        twin = unicodedata.normalize("NFC", info.filename).casefold()
        if twin in seen:
            raise Unusable("archive_unsafe", f"名称重复 {info.filename!r}")
        seen.add(twin)
    if sum(info.file_size for info in entries) > max_unpacked:
        raise Unusable("archive_too_large", f"{max_unpacked // 1024 // 1024} MB")
    _refuse_overlap(entries, opened.start_dir)


def _refuse_entry(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    if _leads_out(name):
        raise Unusable("archive_unsafe", f"路径越界 {name!r}")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Unusable("archive_unsafe", f"链接或设备 {name!r}")
    if info.flag_bits & 0x1:
        raise Unusable("archive_unsafe", f"加密 {name!r}")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unusable(
            "archive_unsafe", f"压缩方式不支持 {name!r}"
        )  # others let an archive choose how much memory it takes
    if name.lower().endswith(_NESTED):
        raise Unusable("archive_unsafe", f"压缩包套压缩包 {name!r}")
    if info.file_size > SMALL_BYTES and info.file_size > MAX_RATIO * max(info.compress_size, 1):
        raise Unusable("archive_too_large", f"{name!r} 压缩比过高")


def _leads_out(name: str) -> bool:
    return "\\" in name or "\0" in name or name.startswith("/") or name[1:2] == ":" or ".." in PurePosixPath(name).parts


def _refuse_overlap(entries: list[zipfile.ZipInfo], directory: int) -> None:
    """Members that share their compressed bytes, with each other or with the directory, are how a small archive claims to be huge."""
    end = 0
    for info in sorted(entries, key=lambda entry: entry.header_offset):
        if info.header_offset < end:
            raise Unusable("archive_unsafe", f"成员重叠 {info.filename!r}")
        # At least that: in what encoding the name stands is not always known.
        end = info.header_offset + 30 + len(info.orig_filename) + info.compress_size
    if end > directory:
        raise Unusable("archive_unsafe", "成员与目录重叠")


def _is_litter(name: str) -> bool:
    path = PurePosixPath(name)
    return path.parts[0] == "__MACOSX" or path.name in (".DS_Store", "Thumbs.db")
