"""A rescue file: what a tablet has not yet handed over, in one file that travels by hand.

    XIANGYE-RESCUE 1 LF
    header LF             canonical JSON, in clear: who made it, with which keys
    (length frame)*       length: 4 bytes, big-endian, never 0; a frame is a piece, sealed to the province's key or, on request, in clear
    0 trailer LF          4 bytes of 0, then canonical JSON: SHA-256 over all before it, and the tablet's signature

A piece is canonical JSON, LF, bytes. The pieces of an entry follow one another; the last entry is the manifest. Each frame is sealed by
itself, bound to its file and its number, so that neither side ever holds more than one piece in memory and no frame can be moved.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from shared.canonical import NotCanonical, canonical_bytes, parse
from shared.ids import is_uuid
from shared.wire.signature import ALGORITHM

MAGIC = b"XIANGYE-RESCUE 1\n"
PIECE_BYTES = 1024 * 1024
BATCH, PHOTO, SCRAP, MANIFEST = "batch", "photo", "scrap", "manifest"
DRAFT = "draft "
"""So begins the name of a scrap that is a form which nobody saved, or a photo of it."""
KINDS = (BATCH, PHOTO, SCRAP, MANIFEST)
_LONGEST_FRAME = PIECE_BYTES + 64 * 1024
_LONGEST_LINE = 64 * 1024
_LENGTH_BYTES = 4

Seal = Callable[[bytes, bytes], bytes]
"""(what is bound to it, a piece) → a frame; or (what is bound to it, a frame) → the piece. ValueError where it cannot be opened."""


class RescueBroken(ValueError):
    """Not as it was written; the text says in words at which byte, and in which entry where that is known."""


@dataclass(frozen=True)
class Header:
    """`key_id`: of the signature in the trailer, None where the tablet could not sign; `seal_key_id`: None where it is in clear."""

    file_id: str
    device_id: str
    person_id: str
    made_at: str
    app_version: str
    key_id: str | None
    seal_key_id: str | None

    def line(self) -> bytes:
        return canonical_bytes(vars(self)) + b"\n"


@dataclass(frozen=True)
class Piece:
    """`about` is in the first piece of an entry: its kind, name, size, SHA-256, and what else belongs to it."""

    entry: int
    at: int
    data: bytes
    about: dict[str, Any] | None = None

    def bytes(self) -> bytes:
        head: dict[str, Any] = {"entry": self.entry, "at": self.at}
        return canonical_bytes(head if self.about is None else {**head, "about": self.about}) + b"\n" + self.data


def statement(key: str, device_id: str, sha256: str) -> bytes:
    """What the tablet signs: the bytes of the file before its trailer."""
    return f"xiangye rescue 1\n{ALGORITHM}\n{key}\n{device_id}\n{sha256}\n".encode()


class Writer:
    """`seal` makes the frames; `sign` gives the signature for a SHA-256, as it stands in Xiangye-Signature, or None."""

    def __init__(self, file: BinaryIO, header: Header, seal: Seal) -> None:
        self._file = file
        self._seal = seal
        self._digest = hashlib.sha256()
        self._frames = 0
        self._bound = _bound_to(header.line())
        self._put(MAGIC + header.line())

    def piece(self, piece: Piece) -> None:
        frame = self._seal(self._bound(self._frames), piece.bytes())
        self._put(len(frame).to_bytes(_LENGTH_BYTES, "big") + frame)
        self._frames += 1

    def end(self, sign: Callable[[str], str | None]) -> str:
        """The SHA-256 of all before the trailer."""
        sha256 = self._digest.hexdigest()
        trailer = {"frames": self._frames, "sha256": sha256, "signature": sign(sha256)}
        self._put(bytes(_LENGTH_BYTES) + canonical_bytes(trailer) + b"\n")
        return sha256

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self._file.write(data)


@dataclass(frozen=True)
class Frame:
    number: int
    begins: int
    sealed: bytes


class Reader:
    """Reads from the beginning, more than once where that is asked. `signature` and `sha256` are known after `check`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.seek(0)
        if file.read(len(MAGIC)) != MAGIC:
            raise RescueBroken("不是湘野的救援文件，或开头已损坏（字节 0）")
        line = _line(file, len(MAGIC))
        self.header = _header_of(line)
        self._begins = file.tell()
        self._first = MAGIC + line
        self._bound = _bound_to(line)
        self.signature: str | None = None
        self.sha256 = ""

    def check(self) -> None:
        """The whole file once: nothing cut, nothing added, the digest as it was written. The signature is the caller's to verify."""
        digest = hashlib.sha256(self._first)
        number = 0
        for frame in self._frames():
            digest.update(len(frame.sealed).to_bytes(_LENGTH_BYTES, "big") + frame.sealed)
            number += 1
        trailer = _object(_line(self._file, self._file.tell()), self._file.tell())
        if self._file.read(1):
            raise RescueBroken(f"文件末尾之后还有内容（字节 {self._file.tell() - 1} 起）")
        self.sha256 = digest.hexdigest()
        if trailer.get("sha256") != self.sha256 or trailer.get("frames") != number:
            raise RescueBroken("文件内容与写成时的 SHA-256 不符")
        told = trailer.get("signature")
        self.signature = told if isinstance(told, str) else None

    def pieces(self, unseal: Seal) -> Iterator[Piece]:
        """Opened one by one. RescueBroken names the frame that is not as it was written, its bytes, and the entry before it."""
        name, entry, reached, size = "", -1, 0, 0
        for frame in self._frames():
            where = f"第 {frame.number + 1} 段（字节 {frame.begins}–{frame.begins + len(frame.sealed) - 1}）"
            where += f"，在“{name}”的 {reached}/{size} 字节处" if name else ""
            try:
                piece = _piece_of(unseal(self._bound(frame.number), frame.sealed))
            except ValueError as error:
                raise RescueBroken(f"{where}与写成时不同，无法解开") from error
            if piece.about is not None:
                if reached != size or piece.entry != entry + 1 or piece.at != 0:
                    raise RescueBroken(f"{where}：“{name}”没有写完")
                name, entry, reached, size = piece.about["name"], piece.entry, 0, piece.about["size"]
            if piece.entry != entry or piece.at != reached or reached + len(piece.data) > size:
                raise RescueBroken(f"{where}不在原来的位置")
            reached += len(piece.data)
            yield piece
        if reached != size:
            raise RescueBroken(f"“{name}”只有 {reached}/{size} 字节")

    def _frames(self) -> Iterator[Frame]:
        """Up to the trailer, before which the file stands then."""
        self._file.seek(self._begins)
        number = 0
        while True:
            begins = self._file.tell()
            length = int.from_bytes(_exactly(self._file, _LENGTH_BYTES, number), "big")
            if length == 0:
                return
            if length > _LONGEST_FRAME:
                raise RescueBroken(f"第 {number + 1} 段的长度不可能（字节 {begins}）")
            yield Frame(number, begins + _LENGTH_BYTES, _exactly(self._file, length, number))
            number += 1


def _bound_to(line: bytes) -> Callable[[int], bytes]:
    """What a frame is sealed under: its file and its number."""
    file = hashlib.sha256(line).hexdigest()
    return lambda number: f"xiangye rescue frame 1\n{file}\n{number}\n".encode()


def _exactly(file: BinaryIO, length: int, number: int) -> bytes:
    begins = file.tell()
    data = file.read(length)
    if len(data) != length:
        raise RescueBroken(f"文件在字节 {begins + len(data)} 处中断（第 {number + 1} 段，从字节 {begins} 开始）")
    return data


def _line(file: BinaryIO, at: int) -> bytes:
    line = file.readline(_LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise RescueBroken(f"文件在字节 {at + len(line)} 处中断或损坏")
    return line


def _object(line: bytes, at: int) -> dict[str, Any]:
    try:
        found = parse(line)
    except NotCanonical as error:
        raise RescueBroken(f"字节 {at} 附近无法读取") from error
    if not isinstance(found, dict):
        raise RescueBroken(f"字节 {at} 附近不是所应有的内容")
    return found


def _header_of(line: bytes) -> Header:
    told = _object(line, len(MAGIC))
    names = ("file_id", "device_id", "person_id", "made_at", "app_version", "key_id", "seal_key_id")
    try:
        header = Header(**{name: told[name] for name in names})
    except KeyError as missing:
        raise RescueBroken(f"文件头缺少 {missing}") from missing
    texts = (header.person_id, header.made_at, header.app_version, header.key_id or "", header.seal_key_id or "")
    if not is_uuid(header.file_id) or not is_uuid(header.device_id) or not all(isinstance(one, str) for one in texts):
        raise RescueBroken("文件头的内容不符")
    return header


def _piece_of(told: bytes) -> Piece:
    line, newline, data = told.partition(b"\n")
    head = json.loads(line)
    about = head.get("about")
    sound = newline and isinstance(head.get("entry"), int) and isinstance(head.get("at"), int)
    if not sound or not (about is None or _tells(about)):
        raise ValueError("no piece")
    return Piece(head["entry"], head["at"], data, about)


def _tells(about: Any) -> bool:
    return (
        isinstance(about, dict)
        and about.get("kind") in KINDS
        and all(isinstance(about.get(name), str) for name in ("name", "sha256"))
        and isinstance(about.get("size"), int)
        and about["size"] >= 0
    )
