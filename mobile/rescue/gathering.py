"""What is to be rescued: of the store, and where that is damaged also of its copies and of the folder of photos itself."""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from mobile.device.ports import Sealing
from mobile.rescue.carving import Carved, canonical_of, files_of, records_in, settings_in
from mobile.rescue.reading import STORE, Kept, Key, Photo, Wreck, photo_files, stores_in, wreck_of
from mobile.rescue.unfinished import Unfinished, unfinished
from mobile.store.soundness import digest_of
from shared.rescue_file import DRAFT

MAX_RECORDS, MAX_BATCH_BYTES = 100, 3_000_000
_READ_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Scrap:
    """Bytes that stand where a record or a photo should, and are not what its digest says."""

    name: str
    data: bytes | Path


@dataclass
class Gathered:
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    records: dict[Key, tuple[Wreck | None, Kept]] = field(default_factory=dict)
    held: set[Key] = field(default_factory=set)
    carved: dict[Key, Carved] = field(default_factory=dict)
    photos: dict[str, Photo] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    unfinished: Unfinished = field(default_factory=Unfinished)
    scraps: list[Scrap] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def bodies(self) -> Iterator[list[bytes]]:
        """The records' own bytes, as many together as a batch may hold. What does not have its digest goes to `scraps`."""
        batch: list[bytes] = []
        size = 0
        for canonical in chain(self._whole(), self.unfinished.records):
            if batch and (len(batch) == MAX_RECORDS or size + len(canonical) > MAX_BATCH_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(canonical)
            size += len(canonical) + 1
        if batch:
            yield batch

    def _whole(self) -> Iterator[bytes]:
        for (record_id, digest), (wreck, kept) in self.records.items():
            canonical = self._canonical(wreck, kept)
            if canonical is None:
                self.unread.append(f"记录 {record_id} 的内容已损坏，无法读取")
            elif digest_of(canonical) != digest:
                self.unread.append(f"记录 {record_id} 的内容与其摘要不符：原样另存")
                self.scraps.append(Scrap(f"record {record_id} {digest}", canonical))
            else:
                yield canonical

    def _canonical(self, wreck: Wreck | None, kept: Kept) -> bytes | None:
        found = wreck.canonical(kept.seq) if wreck else None
        carved = self.carved.get((kept.record_id, kept.digest))
        return found if found is not None or carved is None else canonical_of(carved)

    def originals(self) -> Iterator[tuple[Photo, Path]]:
        for sha256, photo in self.photos.items():
            path = self.path(sha256)
            try:
                found = sha256_of(path)
            except OSError as error:
                self.unread.append(f"照片 {photo.file_name} 无法读取：{error.strerror}")
                continue
            if found == sha256:
                yield photo, path
            else:
                self.unread.append(f"照片 {photo.file_name} 与保存时不一致：原样另存")
                self.scraps.append(Scrap(f"photo {sha256}", path))

    def path(self, sha256: str) -> Path:
        return self.files.get(sha256) or self.folder / "media" / sha256[:2] / sha256

    def nothing(self) -> bool:
        return not (self.records or self.photos or self.scraps or self.unfinished.records)

    def bytes(self) -> int:
        """About how many."""
        paths = map(self.path, self.photos)
        stores = (path.stat().st_size for path in stores_in(self.folder))
        return sum(path.stat().st_size for path in paths if path.is_file()) + sum(stores)


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_READ_BYTES):
            digest.update(piece)
    return digest.hexdigest()


@contextlib.contextmanager
def gathered(folder: Path, everything: bool, sealing: Sealing) -> Iterator[Gathered]:
    """Open for as long as the block lasts: records are read one by one."""
    found, held_open = Gathered(folder), False
    with contextlib.ExitStack() as held:
        for path in stores_in(folder):
            if path.name != STORE and not found.unread:
                break  # the store itself is sound: its copies can tell nothing more
            try:
                wreck = held.enter_context(wreck_of(path))
            except (sqlite3.Error, OSError) as error:
                found.unread.append(f"{path.name} 无法打开：{error}")
                continue
            _take(found, wreck, everything)
            if not held_open:
                held_open = True
                _take_unfinished(found, held.enter_context(unfinished(wreck, folder, sealing)))
        if not (folder / STORE).is_file():
            found.unread.append(f"{folder} 中没有 {STORE}")
        if found.unread:
            _carve(found)
            _take_files(found)
        yield found


def _take(found: Gathered, wreck: Wreck, everything: bool) -> None:
    """Of a copy only what the store itself did not tell: how far a record came is known best there."""
    told = found.settings
    found.settings = {**wreck.settings(), **told}
    for kept in wreck.records():
        key = (kept.record_id, kept.digest)
        if kept.is_held and not everything:
            found.held.add(key)
        elif key not in found.held:
            found.records.setdefault(key, (wreck, kept))
    for photo in wreck.photos():
        if photo.state == "waiting" or (everything and photo.state in ("held", "kept")):
            found.photos.setdefault(photo.sha256, photo)
    found.unread += [f"{wreck.path.name}：{words}" for words in wreck.unread]


def _take_unfinished(found: Gathered, begun: Unfinished) -> None:
    """Of the first store that opens: what older copies say of an open form is out of date."""
    found.unfinished = begun
    found.unread += begun.problems
    found.files |= begun.files
    found.photos |= {photo.sha256: photo for photo in begun.photos}
    for draft, track in begun.left:
        name = f"{DRAFT}{draft.draft_id} {draft.form}"
        told = json.dumps({**vars(draft), "track": track}, ensure_ascii=False, indent=1)
        found.scraps.append(Scrap(name, told.encode("utf-8", "surrogatepass")))
        for photo in draft.photos:
            sha256 = str(photo.get("sha256"))
            if sha256 not in found.photos and (path := found.path(sha256)).is_file():
                found.scraps.append(Scrap(f"{name} photo {sha256}", path))


def _carve(found: Gathered) -> None:
    """What no index and no table led to any more; where it is not known how far a record came, it goes along."""
    for path in (file for store in stores_in(found.folder) for file in files_of(store)):
        found.settings = {**settings_in(path), **found.settings}
        for carved in records_in(path, lambda digest, canonical: digest_of(canonical) == digest):
            key = (carved.record_id, carved.digest)
            found.carved.setdefault(key, carved)
            if key not in found.held:
                found.records.setdefault(key, (None, Kept(carved.seq, *key, "")))
    if "device_id" not in found.settings:
        _name_by_records(found)


def _name_by_records(found: Gathered) -> None:
    """Every record says which tablet and whose it is."""
    for carved in found.carved.values():
        with contextlib.suppress(ValueError, KeyError, TypeError):
            record = json.loads(canonical_of(carved))
            record = record.get("header", record)
            found.settings |= {"device_id": record["device"], "person_id": record["author"]}
            return


def _take_files(found: Gathered) -> None:
    """The list of photos may be incomplete; the files are not."""
    for path in photo_files(found.folder):
        found.photos.setdefault(path.name, Photo(path.name, path.name, "", ""))
