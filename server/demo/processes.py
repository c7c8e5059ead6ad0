"""The demo's own server: started once, found again by its pid file, ended by its id."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from server.operations import gunicorn_arguments, port_is_free
from server.settings import Settings

START_PATIENCE_S = 40.0
END_PATIENCE_S = 10.0
_children: dict[int, subprocess.Popen[bytes]] = {}
"""Started by this very process, which must take leave of them when they end."""


@dataclass(frozen=True)
class Running:
    pid: int
    port: int

    def url(self, settings: Settings) -> str:
        return f"http://{settings.host}:{self.port}"


def pid_file(settings: Settings) -> Path:
    return settings.var_dir / "run" / "server.pid"


def find(settings: Settings) -> Running | None:
    """The server of an earlier run, if it still answers; one that does not is ended, so that none is left behind."""
    running = _noted(settings)
    if running is None or not _is_ours(running, settings):
        return None
    if _answers(running.url(settings)):
        return running
    stop(settings)
    return None


def _noted(settings: Settings) -> Running | None:
    try:
        told = json.loads(pid_file(settings).read_text())
        return Running(int(told["pid"]), int(told["port"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def start(settings: Settings) -> Running:
    """On the default port, or the next free one."""
    port = next(
        (p for p in range(settings.port, min(settings.port + 100, 65536)) if port_is_free(settings.host, p)), None
    )
    if port is None:
        raise OSError(f"端口 {settings.port} 起的 100 个端口都被占用 (no free port)：请用 XIANGYE_PORT 另选一段")
    log = settings.var_dir / "log" / "server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as out:
        process = subprocess.Popen(
            [sys.executable, *gunicorn_arguments(settings.host, port, 2)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env={**os.environ, "XIANGYE_VAR": str(settings.var_dir)},
        )
    running = Running(process.pid, port)
    _children[process.pid] = process
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
    """True when a server was running; it and its workers are gone when this returns."""
    running = _noted(settings)
    ended = running is not None and _is_ours(running, settings)
    if running is not None and ended:
        _end(running, settings)
    pid_file(settings).unlink(missing_ok=True)
    return ended


def _end(running: Running, settings: Settings) -> None:
    deadline = time.monotonic() + END_PATIENCE_S
    with contextlib.suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
        while _is_ours(running, settings):
            if time.monotonic() > deadline:
                os.killpg(running.pid, signal.SIGKILL)  # it leads its own session, workers included
            time.sleep(0.1)
    child = _children.pop(running.pid, None)
    if child is not None:
        child.wait()


def _is_ours(running: Running, settings: Settings) -> bool:
    """A pid may have gone to somebody else since, to a server over another `var/` too."""
    try:
        arguments = Path(f"/proc/{running.pid}/cmdline").read_bytes().split(b"\0")
        environment = Path(f"/proc/{running.pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    bound = f"{settings.host}:{running.port}".encode()
    return bound in arguments and b"server.app:serving_app()" in arguments and _home(settings) in environment


def _home(settings: Settings) -> bytes:
    return b"XIANGYE_VAR=" + os.fsencode(settings.var_dir)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:  # noqa: S310  our own address, always http
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except (OSError, http.client.HTTPException):
        return False
