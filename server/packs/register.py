"""The versions of the pack that were published and are still here: beside each file a gzipped copy for the wire."""

import contextlib
import fcntl
import gzip
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from shared.taxon_pack import Meta

KEPT = 8


@dataclass(frozen=True)
class Published:
    """`inputs` and `records_until`: what the content was last found equal to."""

    version: str
    content_digest: str
    sha256: str
    byte_count: int
    compressed_bytes: int
    inputs: str
    records_until: str


class Register:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._list = folder / "taxa.json"

    def versions(self) -> list[Published]:
        """Oldest first; a version whose file is gone is no longer one."""
        try:
            told = json.loads(self._list.read_text(encoding="utf-8"))
            found = [Published(**entry) for entry in told]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError):
            return []  # the next pack is made whole, and the list with it
        return [one for one in found if self.file(one.version).is_file() and self.compressed(one.version).is_file()]

    def newest(self) -> Published | None:
        return next(reversed(self.versions()), None)

    def file(self, version: str) -> Path:
        return self.folder / f"taxa-{version}.sqlite3"

    def compressed(self, version: str) -> Path:
        return self.folder / f"taxa-{version}.sqlite3.gz"

    def difference(self, old: str, new: str) -> Path:
        return self.folder / f"taxa-{old}-{new}.json.gz"

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """One process at a time publishes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def publish(self, made: Path, meta: Meta, inputs: str, records_until: str) -> Published:
        data = made.read_bytes()
        small = gzip.compress(data, mtime=0)
        published = Published(
            meta.version,
            meta.content_digest,
            hashlib.sha256(data).hexdigest(),
            len(data),
            len(small),
            inputs,
            records_until,
        )
        write_whole(self.compressed(meta.version), small)
        os.replace(made, self.file(meta.version))
        self._keep([*self.versions(), published])
        return published

    def confirm(self, published: Published) -> None:
        """The newest version again, with what it was found equal to this time."""
        self._keep([*self.versions()[:-1], published])

    def _keep(self, versions: list[Published]) -> None:
        kept = versions[-KEPT:]
        write_whole(self._list, json.dumps([asdict(one) for one in kept], indent=1).encode())
        names = {path(one.version).name for one in kept for path in (self.file, self.compressed)}
        names |= {self.difference(old.version, new.version).name for old in kept for new in kept}
        for path in self.folder.glob("taxa-*"):
            if path.name not in names:
                path.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Under a name of its own until it is whole: threads and processes may write the same file at once."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False) as part:
        try:
            part.write(data)
            part.flush()
            os.fsync(part.fileno())
            os.replace(part.name, path)
        except BaseException:
            os.unlink(part.name)
            raise
