"""Files that are whole on the disk under their names, or not there."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from shared.failpoints import fail

SPARE_BYTES = 20_000_000


class CopyFailure(Exception):
    """No copy of the store was made; the text says why, in words."""


def write_durably(path: Path, data: bytes) -> None:
    """All of the bytes under the final name, on the disk, or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fail("file_without_name")
    part.replace(path)
    fail("name_not_settled")
    settle(path.parent)


def settle(folder: Path) -> None:
    """The names of its files are on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def copy_store(connection: sqlite3.Connection, store: Path, target: Path) -> None:
    """A copy that was proved sound; what was cut short leaves nothing under the final name."""
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    needed = store.stat().st_size + SPARE_BYTES
    if shutil.disk_usage(store.parent).free < needed:
        raise CopyFailure(f"存储空间不足，没有 {needed // 1_000_000} MB 来备份平板数据：请先腾出空间")
    try:
        connection.execute("vacuum into ?", (str(part),))
        with closing(sqlite3.connect(part)) as copy:
            found = copy.execute("pragma integrity_check").fetchone()[0]
        if found != "ok":
            raise CopyFailure(f"平板数据的备份未通过完整性检查：{found}")
        with part.open("rb") as file:
            os.fsync(file.fileno())
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    fail("store_copy_without_name")
    part.replace(target)
    settle(target.parent)
