"""One `make` at a time in one checkout, and a `var/` that is really ours."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
from typing import TYPE_CHECKING

from words import Stop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEGABYTE = 2**20


def prepare_var(var: Path, needed_mb: int) -> None:
    """Makes `var/`, or says why it cannot be used."""
    try:
        var.mkdir(parents=True, exist_ok=True)
        owner = var.stat().st_uid
        if owner != os.geteuid():
            raise Stop(
                f"{var} 属于另一个用户 {_name(owner)} (belongs to another user)",
                f"用该用户运行；或改所有者 (or take it over): sudo chown -R {_name(os.geteuid())} {var}；或换位置 (or elsewhere): XIANGYE_VAR=…",
            )
        probe = var / f".probe-{os.getpid()}"
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
    except OSError as error:
        raise Stop(
            f"无法写入 {var} (cannot write there): {error.strerror}",
            "请检查权限和剩余空间，或用 XIANGYE_VAR 指定别的位置 (check rights and free space, or name another place with XIANGYE_VAR)",
        ) from error
    free = shutil.disk_usage(var).free // MEGABYTE
    if free < needed_mb:
        raise Stop(
            f"{var} 所在磁盘只剩 {free} MB，至少需要 {needed_mb} MB (not enough disk space)",
            "请清理磁盘，或用 XIANGYE_VAR 指定别的位置 (make room, or name another place with XIANGYE_VAR)",
        )


@contextlib.contextmanager
def taken(var: Path, label: str) -> Iterator[None]:
    """Held until the target ends; the programs it starts do not inherit it, so a server left running blocks nobody."""
    with (var / "make.lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise Stop(
                f"另一个 make 正在这里运行 (another make is at work here): {lock.read().strip() or '?'}",
                "等它结束后重试 (wait for it to end, then repeat)",
            ) from None
        lock.truncate(0)
        lock.write(f"make {label}, pid {os.getpid()}\n")
        lock.flush()
        yield


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
