"""A long file that comes in pieces: what came stays in the data folder over cuts and kills, and the next request asks for the rest."""

import gzip
import json
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from mobile.store.durable import write_durably
from mobile.sync.failures import BrokenAnswer

_PIECE = 1 << 16


@dataclass(frozen=True)
class Note:
    """Of which answer the bytes are a part: its strong ETag (empty: it cannot be gone on with), and how they are to be read."""

    etag: str
    encoding: str
    media_type: str
    total: int


class Part:
    """`path` holds the bytes as they travel; `path.note` says of what. Bytes without a note are nothing."""

    def __init__(self, path: Path, most: int) -> None:
        self.path = path
        self.most = most
        self._noted = path.with_name(f"{path.name}.note")
        self._whole = path.with_name(f"{path.name}.whole")

    def note(self) -> Note | None:
        try:
            return Note(**json.loads(self._noted.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def size(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def is_complete(self) -> bool:
        note = self.note()
        return note is not None and self.size() == note.total

    def keep_only(self, version: str) -> None:
        """A part of another version is dropped; its tag begins with the digest of the file that it is of."""
        note = self.note()
        if note is None or not note.etag.strip('"').startswith(version) or self.size() > note.total:
            self.drop()

    def headers(self) -> dict[str, str]:
        """Asks for the rest where a part is here, and for all where that is of something else by now."""
        note, size = self.note(), self.size()
        return {"Range": f"bytes={size}-", "If-Range": note.etag} if note and note.etag and size else {}

    def begin(self, note: Note) -> None:
        """Anew, from the first byte."""
        self.drop()
        if note.total > self.most:
            raise BrokenAnswer
        write_durably(self._noted, json.dumps(asdict(note)).encode())

    def add(self, pieces: Iterable[bytes]) -> None:
        """Each piece is in the file before the next is read. More than was promised is broken, and nothing to go on from."""
        size, note = self.size(), self.note()
        with self.path.open("ab") as file:
            for piece in pieces:
                size += len(piece)
                if note is None or size > note.total:
                    raise BrokenAnswer
                file.write(piece)
                file.flush()

    def unpack(self) -> Path:
        """The file that all the bytes are of; BrokenAnswer where they are none."""
        note = self.note()
        if note is None or note.encoding not in ("", "identity", "gzip"):
            raise BrokenAnswer
        if note.encoding != "gzip":
            return self.path
        left = self.most
        try:
            with gzip.open(self.path) as packed, self._whole.open("wb") as whole:
                while piece := packed.read(_PIECE):
                    left -= len(piece)
                    if left < 0:
                        raise BrokenAnswer
                    whole.write(piece)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise BrokenAnswer from error
        return self._whole

    def drop(self) -> None:
        for path in (self._noted, self.path, self._whole):
            path.unlink(missing_ok=True)
