"""A pytest plugin: a run that leaves a process of its own behind has failed, and the process is named and ended."""

import os
import signal
import time
import uuid
from pathlib import Path

import pytest

_MARK = "XIANGYE_TEST_RUN"
_TOKEN = uuid.uuid4().hex
_PATIENCE_S = 10.0
# Every process that a test starts inherits it, however far it wanders from its parent.
os.environ[_MARK] = _TOKEN


def living(token: str = _TOKEN) -> dict[int, str]:
    """pid → command line of every process that bears the token, this one left out."""
    wanted = f"{_MARK}={token}".encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int(folder.name) == os.getpid() or wanted not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:  # it has ended meanwhile, or belongs to somebody else
            continue
        if words:  # a process that has ended and waits to be taken leave of has none
            found[int(folder.name)] = words
    return found


def _runs_tests(config: pytest.Config) -> bool:
    """Not the one that hands the tests out to workers, which look after themselves and live a little longer than it asks."""
    return not getattr(config.option, "numprocesses", None)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """After the last fixture was torn down."""
    if not _runs_tests(session.config):
        return
    deadline = time.monotonic() + _PATIENCE_S
    while (left := living()) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid, words in left.items():
        os.kill(pid, signal.SIGKILL)
        print(f"\nleft behind by the tests: {pid} {words}")
    if left and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
