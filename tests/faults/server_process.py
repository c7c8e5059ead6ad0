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
from tests.commands import environment

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


class ServerProcess:
    """`preload`: two workers under a master that has loaded the program; `mutant`: with a planted fault."""

    def __init__(
        self, env: Mapping[str, str], log: Path, port: int | None = None, preload: bool = False, mutant: str = ""
    ) -> None:
        self.env = dict(env)
        self.log = log
        self.port = port or free_port()
        self._words = gunicorn_arguments("127.0.0.1", self.port, 2 if preload else 1, preload)
        if mutant:
            self._words = ["-m", "tests.faults.mutant_server", mutant, *self._words[2:]]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, *self._words],
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

    def kill_worker(self, chosen: float) -> None:
        """`kill -9` of one of the workers; the master lives."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        if children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(children[int(chosen * len(children))]), signal.SIGKILL)

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
