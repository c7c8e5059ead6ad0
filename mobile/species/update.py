"""From one version of the pack to the next by what changed: on a copy, in one transaction, and proved like a whole file."""

import contextlib
import gzip
import io
import shutil
import sqlite3
import zlib
from pathlib import Path
from typing import Any

from mobile.species.pack import PackUnreadable, meta_of_file
from shared.canonical import parse
from shared.taxon_pack import META, TABLES, meta_of

MAX_DIFFERENCE_BYTES = 100_000_000


def apply_difference(old: Path, difference: bytes, new: Path) -> None:
    """Writes `new`; PackUnreadable where the difference is none, or one from another version."""
    try:
        told = _unpacked(difference)
        meta = meta_of(told["pack"])
        if told["from"] != meta_of_file(old).version:
            raise PackUnreadable(f"名录包的差异不是从平板上的版本 {meta_of_file(old).version} 算起的")
        new.with_name(f"{new.name}-journal").unlink(missing_ok=True)  # of a copy that was left half done
        shutil.copyfile(old, new)
        with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as pack:
            pack.execute("begin immediate")
            for table in TABLES:
                changes = told["tables"][table.name]
                pack.executemany(table.drop, changes["drop"])
                pack.executemany(table.put, changes["put"])
            pack.execute("delete from pack")
            pack.executemany(META.put, meta.rows())
            pack.execute("commit")
            pack.execute("vacuum")
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, sqlite3.Error) as error:
        raise PackUnreadable(f"名录包的差异无法应用：{error}") from error


def _unpacked(difference: bytes) -> dict[str, Any]:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(difference)) as stream:
            data = stream.read(MAX_DIFFERENCE_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError("压缩内容损坏") from error
    if len(data) > MAX_DIFFERENCE_BYTES:
        raise ValueError("内容过大")
    told: dict[str, Any] = parse(data)
    return told
