"""A station as it runs in earnest: `xiangye relay serve` as a process of its own, which can be killed."""

import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

from server.accounts.relays import admit_relay
from server.accounts.viewer import LOCAL_OPERATOR
from server.db import open_session
from server.station.passing import Passed, Passing
from server.station.spool import Spool, keep_credential
from tests.admitting import CLOCK
from tests.commands import MAIN, environment
from tests.faults.server_process import PATIENCE_S, free_port
from tests.serving import Live


class Station:
    def __init__(self, home: Path, name: str) -> None:
        self.home = home
        self.name = name
        self.port = free_port()
        self.relay_id = ""
        self.spool = Spool(home)
        self.failpoint = home.with_name("failpoint")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def join(self, live: Live) -> None:
        """As `xiangye relay admit` and `join` do it."""
        with open_session(live.settings) as session:
            relay, credential = admit_relay(session, CLOCK, LOCAL_OPERATOR, self.name)
            self.relay_id = str(relay.id)
        keep_credential(self.home, credential)
        self.spool.keep(province_url=live.url, name=self.name)
        self.pass_on()

    def pass_on(self) -> Passed:
        passing = Passing(self.spool, CLOCK)
        try:
            return passing.run()
        finally:
            passing.close()

    def strike(self, point: str) -> None:
        """Whoever comes by this point next is killed; gunicorn puts another worker in its place."""
        self.failpoint.write_text(f"{point}=kill")

    def command(self, *words: str, told: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*MAIN, "relay", *words, "--home", str(self.home)],
            env=environment(**env), input=told, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def start(self, every_s: int = 3600) -> None:
        log = (self.home.parent / f"{self.home.name}.log").open("ab")
        self._process = subprocess.Popen(
            [*MAIN, "relay", "serve", "--host", "127.0.0.1", "--port", str(self.port), "--every", str(every_s), "--home", str(self.home)],
            env=environment(XIANGYE_FAILPOINTS=f"@{self.failpoint}"), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        log.close()
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert self._process.poll() is None, (self.home.parent / f"{self.home.name}.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2):
                return True
        except OSError:
            return False

    def kill(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
