"""The demo's own server: started once, found again by its pid file, ended by its id."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from server.operations import gunicorn_arguments, port_is_free
from server.settings import Settings

START_PATIENCE_S = 40.0


@dataclass(frozen=True)
class Running:
    pid: int
    port: int

    def url(self, settings: Settings) -> str:
        return f"http://{settings.host}:{self.port}"


def pid_file(settings: Settings) -> Path:
    return settings.var_dir / "run" / "server.pid"


def find(settings: Settings) -> Running | None:
    """The server of an earlier run, if it still answers."""
    try:
        told = json.loads(pid_file(settings).read_text())
        running = Running(int(told["pid"]), int(told["port"]))
    except (OSError, ValueError, KeyError):
        return None
    return running if _is_ours(running.pid) and _answers(running.url(settings)) else None


def start(settings: Settings) -> Running:
    """On the default port, or the next free one."""
    port = next(
        (p for p in range(settings.port, min(settings.port + 100, 65536)) if port_is_free(settings.host, p)), None
    )
    if port is None:
        raise OSError(f"端口 {settings.port} 起的 100 个端口都被占用 (no free port)")
    log = settings.var_dir / "log" / "server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as out:
        process = subprocess.Popen(
            [sys.executable, *gunicorn_arguments(settings.host, port, 2)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    running = Running(process.pid, port)
    pid_file(settings).parent.mkdir(parents=True, exist_ok=True)
    pid_file(settings).write_text(json.dumps({"pid": running.pid, "port": running.port}))
    deadline = time.monotonic() + START_PATIENCE_S
    while not _answers(running.url(settings)):
        if process.poll() is not None or time.monotonic() > deadline:
            stop(settings)
            raise OSError(f"服务未能启动 (the server did not start)，见 {log}")
        time.sleep(0.2)
    return running


def stop(settings: Settings) -> bool:
    """True when a server was running; it is gone when this returns."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        pid = int(json.loads(pid_file(settings).read_text())["pid"])
        pid_file(settings).unlink()
        return _end(pid)
    return False


def _end(pid: int) -> bool:
    if not _is_ours(pid):
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 10
    while _is_ours(pid) and time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.1)
    if _is_ours(pid):
        os.kill(pid, signal.SIGKILL)
    return True


def _is_ours(pid: int) -> bool:
    """A pid may have gone to somebody else since; only a process of this program is ours."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        return b"server.app:create_app" in command
    except OSError:
        return False


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:  # noqa: S310  our own address, always http
            return bool(answer.status == 200)
    except OSError:
        return False
