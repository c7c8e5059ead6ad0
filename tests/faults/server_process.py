"""The server as it runs in earnest: gunicorn and its workers in a process group of their own, which can be killed whole."""

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
    def __init__(self, env: Mapping[str, str], log: Path, port: int | None = None, workers: int = 1) -> None:
        self.env = dict(env)
        self.log = log
        self.port = port or free_port()
        self.workers = workers
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, *gunicorn_arguments("127.0.0.1", self.port, self.workers)],
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
