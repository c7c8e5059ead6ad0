"""A real disk that is really full: a small file system in memory, which only root can mount."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class SmallDisk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def resize(self, kib: int) -> None:
        _mount("-o", f"remount,size={kib}k", str(self.folder))


@contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[SmallDisk]:
    """Skips, saying so, where nothing may be mounted."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk")
    folder.mkdir(parents=True)
    if not _mount("-t", "tmpfs", "-o", f"size={kib}k,mode=755", "tmpfs", str(folder)):
        pytest.skip("mounting is not permitted here")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(*words: str) -> bool:
    return subprocess.run(["mount", *words], capture_output=True, check=False).returncode == 0
