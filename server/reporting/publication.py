"""Puts a finished report in its folder, whole or not at all, with what proves it: provenance.json and SHA256SUMS."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROVENANCE, SUMS = "provenance.json", "SHA256SUMS"


class FolderInTheWay(RuntimeError):
    """The folder named holds something that is no report of ours."""


@dataclass(frozen=True)
class Provenance:
    """What a report was made of. `lists`: [{list, version, …}]; `tables`: name → SHA-256 of its content;
    `marks`: what stands on every page, demonstration data for one."""

    snapshot: str
    digest: str
    software: str
    parameters: Mapping[str, Any]
    lists: list[Mapping[str, Any]]
    boundary_version: str
    tables: Mapping[str, str]
    marks: tuple[str, ...] = ()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def publish(out: Path, files: Mapping[str, bytes], provenance: Provenance) -> list[str]:
    """Names of all files written. An earlier report in `out` is replaced; anything else there is an error."""
    _refuse_strange(out)
    sums = {name: sha256(data) for name, data in sorted(files.items())}
    proof = json.dumps({**vars(provenance), "files": sums}, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    written = {**files, PROVENANCE: proof.encode()}
    lines = "".join(f"{sha256(data)}  {name}\n" for name, data in sorted(written.items()))
    written[SUMS] = lines.encode()
    out.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        for name, data in written.items():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).write_bytes(data)
        made.chmod(0o755)
        _put_in_place(made, out)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return sorted(written)


def _refuse_strange(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise FolderInTheWay(f"{out} 是文件，不是文件夹 (not a folder)")
    if out.is_dir() and any(out.iterdir()) and not (out / PROVENANCE).is_file():
        raise FolderInTheWay(f"{out} 中已有其他文件，请另选一个空文件夹 (the folder holds other files)")


def _put_in_place(made: Path, out: Path) -> None:
    if not out.exists():
        os.rename(made, out)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}-old-", dir=out.parent))
    os.rename(out, old / "report")
    os.rename(made, out)
    shutil.rmtree(old)
