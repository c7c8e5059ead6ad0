"""`xiangye …` as another process, as this user or as another one, and what it said."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from server import cli

MAIN = [sys.executable, "-c", "from shared.command import main; main()"]
STRANGER = "nobody"


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    def refuses(self, *words: str) -> bool:
        """One clear message on stderr, the exit code not 0, no traceback."""
        assert self.code not in (0, -9, -11), self
        assert "Traceback" not in self.err + self.out, self.err
        for word in words:
            assert word in self.err, (word, self.err)
        return True


def environment(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XIANGYE_", "PG"))}
    return {**kept, "PYTHONUTF8": "1", **changes}


def xiangye(env: Mapping[str, str], *arguments: str, before: Sequence[str] = (), timeout: float = 120) -> Said:
    """`before`: words that come before the command, such as those that change the user."""
    done = subprocess.run(
        [*before, *MAIN, *arguments],
        env=dict(env),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=Path(__file__).resolve().parents[1],
        timeout=timeout,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


class Here:
    """Commands of the server in this process, which is much faster than another; an exception that gets out is a failure."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def xiangye(self, env: Mapping[str, str], *arguments: str) -> Said:
        with self._monkeypatch.context() as patched:
            for name in [name for name in os.environ if name.startswith(("XIANGYE_", "PG"))]:
                patched.delenv(name)
            for name, value in env.items():
                patched.setenv(name, value)
            self._capsys.readouterr()
            code = cli.run(arguments[0], list(arguments[1:]))
        out, err = self._capsys.readouterr()
        return Said(code, out, err)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    return Here(monkeypatch, capsys)


def as_stranger() -> list[str]:
    """Words that run a command as a user who owns nothing here.

    It may read what the interpreter needs wherever that lies, and may write no more than any stranger.
    """
    if os.geteuid() != 0:
        pytest.skip("only root can run a command as another user")
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv of util-linux is absent")
    return [
        "setpriv",
        f"--reuid={STRANGER}",
        "--regid=65534",
        "--clear-groups",
        "--inh-caps=-all,+dac_read_search",
        "--ambient-caps=-all,+dac_read_search",
        "--bounding-set=-all,+dac_read_search",
    ]
