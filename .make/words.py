"""What the person at the keyboard reads: steps, what failed, what to do."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Stop(Exception):
    """What failed, and what to do about it."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice


def step(text: str) -> None:
    print(f"── {text}", flush=True)


def run_logged(what: str, argv: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
    """Runs a long program without standard input; its words go to the log, every fifth second one of them to the screen."""
    last: deque[str] = deque(maxlen=12)
    shown = time.monotonic()
    with (
        log.open("a", encoding="utf-8") as written,
        subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            written.write(line)
            last.append(line.rstrip())
            if time.monotonic() - shown > 5:
                shown = time.monotonic()
                print(f"   {line.strip()[:110]}", flush=True)
        code = process.wait()
    if code != 0:
        tail = "\n".join(f"   | {line}" for line in last)
        print(tail, file=sys.stderr)
        raise Stop(f"{what} 失败 (failed, exit {code})", f"{_cause(' '.join(last))}；全部输出 (whole output): {log}")


def _cause(text: str) -> str:
    causes = (
        (
            ("No space left", "not have enough free space"),
            "磁盘已满，请清理后重试 (the disk is full: make room and repeat)",
        ),
        (
            (
                "resolv",
                "NewConnectionError",
                "Max retries",
                "timed out",
                "unreachable",
                "Connection failed",
                "Could not connect",
            ),
            "网络不通或软件源不可用，请检查网络后重试 (no network or package mirror: check it and repeat)",
        ),
        (
            ("Could not get lock", "is held by process"),
            "另一个 apt 正在运行，请稍后重试 (another apt is at work: repeat later)",
        ),
        (("Permission denied",), "没有写权限，请检查所有者 (permission denied: check who owns the folder)"),
        (
            ("HASHES",),
            "下载的包与锁定的校验和不符，请勿使用，重试或报告 (a package does not match its pinned hash: repeat or report it)",
        ),
    )
    for words, advice in causes:
        if any(word in text for word in words):
            return advice
    return "原因见上面几行，改正后重试 (see the lines above, then repeat)"
