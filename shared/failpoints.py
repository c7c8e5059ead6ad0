"""Named places where tests of faults make the program die, fail or hang; without `XIANGYE_FAILPOINTS` a call of `fail` does nothing.

`XIANGYE_FAILPOINTS` is `name=action` or `@FILE` with the same text in a file, which may be written while the program runs.
`action` is `kill` (as by the system, nothing is cleaned up), `raise` (what a broken disk raises) or `hang` (`hang:2` two seconds);
`name=action@3` strikes at the third pass. Each strikes once; a file is removed by whoever is struck.
"""

import errno
import os
import signal
import time
from collections import Counter
from pathlib import Path

VARIABLE = "XIANGYE_FAILPOINTS"
HANG_S = 30.0
_told = os.environ.get(VARIABLE, "")
_passes: Counter[str] = Counter()


class Struck(OSError):
    """As from a disk that cannot be read or written."""

    def __init__(self, name: str) -> None:
        super().__init__(errno.EIO, f"failpoint {name}")


def arm(told: str) -> None:
    """What the variable would say, told to a process that runs already."""
    global _told
    _told = told


def fail(name: str) -> None:
    if _told:
        _pass(name)


def _pass(name: str) -> None:
    wanted, _, action = _text().partition("=")
    if wanted.strip() != name:
        return
    action, _, at = action.strip().partition("@")
    _passes[name] += 1
    if _passes[name] == int(at or 1) and _take():
        _passes.clear()
        _strike(name, *action.split(":"))


def _text() -> str:
    if not _told.startswith("@"):
        return _told
    try:
        return Path(_told[1:]).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _take() -> bool:
    """Of several processes that pass at once one is struck."""
    global _told
    if not _told.startswith("@"):
        _told = ""
        return True
    try:
        Path(_told[1:]).unlink()
    except FileNotFoundError:
        return False
    return True


def _strike(name: str, action: str, seconds: str = "") -> None:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "raise":
        raise Struck(name)
    elif action == "hang":
        time.sleep(float(seconds or HANG_S))
    else:
        raise ValueError(f"{VARIABLE}: no action {action!r}")
