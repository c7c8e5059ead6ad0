"""Rescue files that could not be admitted, and what in others was damaged: their bytes are kept, with the reason beside them."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from server.settings import Settings

_SUFFIX = ".xyrescue"
_PIECE_BYTES = 1024 * 1024


def folder(settings: Settings, name: str) -> Path:
    """Of this server's own; what lies there may tell exact places."""
    made = settings.store_dir / "rescue" / name
    made.mkdir(parents=True, exist_ok=True, mode=0o700)
    return made


def set_aside(settings: Settings, file: Path, reason: str, at: str) -> Path:
    """A copy in quarantine, from which it can be imported again; the same file twice is kept once."""
    target = folder(settings, "quarantine")
    sha256 = sha256_of(file)
    kept = target / f"{sha256}{_SUFFIX}"
    if not kept.exists():
        with file.open("rb") as source:
            write(kept, iter(lambda: source.read(_PIECE_BYTES), b""))
    note = {"file": file.name, "sha256": sha256, "reason": reason, "at": at}
    write(kept.with_suffix(".json"), [json.dumps(note, ensure_ascii=False, indent=1).encode()])
    return kept


def let_go(settings: Settings, file: Path) -> None:
    """What was set aside is in the database now."""
    kept = settings.store_dir / "rescue" / "quarantine" / f"{sha256_of(file)}{_SUFFIX}"
    for path in (kept.with_suffix(".json"), kept):
        path.unlink(missing_ok=True)


def sha256_of(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while piece := opened.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def write(path: Path, pieces: Iterable[bytes]) -> None:
    """Whole and on the disk, or not at all."""
    handle, part = tempfile.mkstemp(dir=path.parent)  # 0600 by nature
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(part)
