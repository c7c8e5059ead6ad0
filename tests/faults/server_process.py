"""The server as it runs in earnest: gunicorn and its workers in a process group of their own, which can be killed whole."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from server.operations import gunicorn_arguments
from server.settings import Settings
from tests.commands import MAIN, environment

PATIENCE_S = 60


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def environment_of(settings: Settings) -> dict[str, str]:
    return environment(
        XIANGYE_VAR=str(settings.var_dir),
        XIANGYE_DATABASE_URL=settings.database_url or "",
        XIANGYE_DATABASE_OWNER_URL=settings.owner_url or "",
    )


def _lives(pid: int) -> bool:
    """Not one that has died and that its parent has not taken leave of yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class ServerProcess:
    """`preload`: as it is installed, by `xiangye serve` with two workers under a master that has loaded the program, and with all that
    this does before; else the workers alone, which is faster. `mutant`: with a planted fault."""

    def __init__(
        self, env: Mapping[str, str], log: Path, port: int | None = None, preload: bool = False, mutant: str = ""
    ) -> None:
        self.env = dict(env)
        self.log = log
        self.port = port or free_port()
        gunicorn = gunicorn_arguments("127.0.0.1", self.port, 2 if preload else 1, preload)
        self._words = [sys.executable, *gunicorn]
        if mutant:
            self._words = [sys.executable, "-m", "tests.faults.mutant_server", mutant, *gunicorn[2:]]
        elif preload:
            self._words = [*MAIN, "serve", "--port", str(self.port), "--workers", "2", "--preload"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                self._words,
                cwd=Path(__file__).resolve().parents[2],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        deadline = time.monotonic() + PATIENCE_S
        while self.health() is None:
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def kill_worker(self, chosen: float) -> bool:
        """`kill -9` of one of the workers; the master lives. False where none was alive just now."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        living = [int(child) for child in children if _lives(int(child))]
        if not living:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(living[int(chosen * len(living))], signal.SIGKILL)
            return True
        return False

    def health(self) -> int | None:
        """The status of /healthz, or None where nobody answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return None

    def kill(self) -> None:
        """`kill -9` of all of it; gone when this returns."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            os.killpg(process.pid, how)
            process.wait(30)
