"""A power cut for SQLite (T11): a file system that forgets, at the cut, what was written after the last xSync of each file.

The tablet's own code runs on it, `mobile.store` and the recorder, with its own schema, statements and pragmas. Only its connections are
apsw's, since a file system of one's own can be had there alone; apsw's has no shared memory, so the log's index lies in the process
(`locking_mode = exclusive`), which changes nothing of when SQLite settles what.

    python -m tests.faults.power MUTANT CUTS SEED FOLDER    prints how many acknowledged saves a planted fault loses
"""

import random
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

from tests.faults.mutants import plant

if __name__ == "__main__":
    plant(sys.argv[1])  # before the store is loaded

from mobile.capture.recorder import Part
from mobile.device.desktop import desktop_device
from mobile.store import database
from mobile.store.store import Store
from mobile.wiring import build
from tests import records
from tests.faults.ledgers import Pair

VFS = "forgetful"
TRUNCATED = -1


class PowerCut(Exception):
    """The tablet went dark."""


@dataclass
class Disk:
    """What is surely on it, file by file, and what was only written. `left`: writes and syncs until the cut."""

    chance: random.Random
    left: int
    settled: dict[str, bytes] = field(default_factory=dict)
    written: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    found: dict[str, bytes] | None = None

    def step(self) -> None:
        if self.found is None and self.left == 0:
            names = set(self.settled) | set(self.written)
            self.found = {name: data for name in names if (data := self._after(name)) is not None}
            raise PowerCut
        self.left -= 1

    def write(self, name: str, offset: int, data: bytes) -> None:
        self.written.setdefault(name, []).append((offset, data))

    def settle(self, name: str) -> None:
        data = bytearray(self.settled.get(name, b""))
        self.settled[name] = bytes(_written(data, self.written.pop(name, [])))

    def forget(self, name: str) -> None:
        self.settled.pop(name, None)
        self.written.pop(name, None)

    def _after(self, name: str) -> bytes | None:
        """As it is found when the power is back: of what was not settled nothing, or a beginning, or any part may have come through."""
        pending = self.written.get(name, [])
        some = self.chance.choice(
            (
                [],
                pending[: self.chance.randint(0, len(pending))],
                [one for one in pending if self.chance.random() < 0.5],
            )
        )
        if name not in self.settled and not some:
            return None
        return bytes(_written(bytearray(self.settled.get(name, b"")), some))


def _written(data: bytearray, pieces: Sequence[tuple[int, bytes]]) -> bytearray:
    for offset, piece in pieces:
        if offset == TRUNCATED:
            del data[int.from_bytes(piece, "big") :]
            continue
        data.extend(bytes(max(0, offset + len(piece) - len(data))))
        data[offset : offset + len(piece)] = piece
    return data


class _File(apsw.VFSFile):  # type: ignore[misc]  # apsw's types are stubs
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._name = Path(name.filename() if isinstance(name, apsw.URIFilename) else name or "temporary").name
        self._disk = disk

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.step()
        super().xWrite(data, offset)
        self._disk.write(self._name, offset, bytes(data))

    def xTruncate(self, size: int) -> None:
        self._disk.step()
        super().xTruncate(size)
        self._disk.write(self._name, TRUNCATED, size.to_bytes(8, "big"))

    def xSync(self, flags: int) -> None:
        self._disk.step()
        super().xSync(flags)
        self._disk.settle(self._name)


class _FileSystem(apsw.VFS):  # type: ignore[misc]
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__(VFS, "")

    def xOpen(self, name: Any, flags: list[int]) -> _File:
        return _File(self._disk, name, flags)

    def xDelete(self, name: str, settle: bool) -> None:
        super().xDelete(name, settle)
        self._disk.forget(Path(name).name)


class _Row:
    """As `sqlite3.Row`: by number and by name."""

    def __init__(self, names: Sequence[str], values: Sequence[Any]) -> None:
        self._names, self._values = names, values

    def __getitem__(self, key: Any) -> Any:
        return self._values[self._names.index(key) if isinstance(key, str) else key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def keys(self) -> list[str]:
        return list(self._names)


class _Answer(list[_Row]):
    rowcount = -1

    def fetchone(self) -> _Row | None:
        return self[0] if self else None

    def fetchall(self) -> list[_Row]:
        return self


class _Connection:
    """What the store asks of a connection of the standard library, asked of apsw."""

    row_factory: Any = None

    def __init__(self, path: Path) -> None:
        self._apsw = apsw.Connection(str(path), vfs=VFS)
        self.execute("pragma locking_mode = exclusive")

    def execute(self, statement: str, values: Any = ()) -> _Answer:
        cursor = self._apsw.cursor()
        answer = _Answer()
        for row in cursor.execute(statement, tuple(values)):
            answer.append(_Row([column[0] for column in cursor.get_description()], row))
        answer.rowcount = self._apsw.changes()
        return answer

    def executemany(self, statement: str, many: Any) -> None:
        for values in many:
            self.execute(statement, values)

    def executescript(self, statements: str) -> None:
        self.execute(statements)

    @property
    def in_transaction(self) -> bool:
        return bool(self._apsw.in_transaction)

    def close(self) -> None:
        self._apsw.close()


@contextmanager
def _on(disk: Disk) -> Iterator[None]:
    """Connections of the store are made on this disk."""
    system, connect = _FileSystem(disk), sqlite3.connect
    database.sqlite3.connect = lambda path, **_: _Connection(path)  # type: ignore[attr-defined, assignment]
    try:
        yield
    finally:
        database.sqlite3.connect = connect  # type: ignore[attr-defined]
        system.unregister()


def enrolled(folder: Path) -> None:
    """A tablet's folder, ready to record."""
    store = Store(folder, desktop_device(folder).keystore)
    store.identity.enrol(
        "credential", person_id=records.PERSON, person_name="测试员", device_id=records.DEVICE, holder="province"
    )
    store.close()


def cut(before: Path, folder: Path, seed: str) -> tuple[set[Pair], set[Pair]]:
    """What a tablet, the copy of `before` at `folder`, had called saved when the power went, and what is found when it is back.
    Its store must open and be whole."""
    folder.mkdir()
    chance = random.Random(seed)
    path = folder / "field.sqlite3"
    disk = Disk(chance, left=chance.randint(1, 150))
    disk.settled = {file.name: file.read_bytes() for file in before.iterdir() if file.is_file()}
    for name, data in disk.settled.items():
        (folder / name).write_bytes(data)
    saved: set[Pair] = set()
    with _on(disk):
        _record(folder, saved)
    for file in folder.glob("field.sqlite3*"):
        file.unlink()
    for name, data in (disk.found or {}).items():
        (folder / name).write_bytes(data)
    with closing(sqlite3.connect(path)) as opened:
        assert opened.execute("pragma integrity_check").fetchall() == [("ok",)], seed
        kept = {(row[0], row[1]) for row in opened.execute("select record_id, digest from record")}
        unsent = {(row[0], row[1]) for row in opened.execute("select record_id, digest from outbox")}
    assert kept == unsent, seed
    Store(folder, desktop_device(folder).keystore).close()
    return saved, kept


def _record(folder: Path, saved: set[Pair]) -> None:
    """Until the power goes."""
    device, app = desktop_device(folder), None
    try:
        app = build(folder, device)
        while True:
            part = Part("occurrence", "occurrence/1", records.occurrence()["body"])
            app.store.drafts.keep(part.record_id, "sighting", {"count": 1}, app.recorder.now())
            saved.update((one.record_id, one.digest) for one in app.recorder.commit([part], part.record_id))
    except (PowerCut, apsw.Error, database.StoreFailure):
        pass
    finally:
        if app is not None:
            app.store.close()


def _lost(cuts: int, seed: str, folder: Path) -> int:
    enrolled(folder / "before")
    found = [cut(folder / "before", folder / str(number), f"{seed}/{number}") for number in range(cuts)]
    return sum(len(saved - kept) for saved, kept in found)


if __name__ == "__main__":
    print(_lost(int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])))
