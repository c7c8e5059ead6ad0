"""The driver's side of a tablet: a person's hand on the app, and a ledger outside of it."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.commands import environment
from tests.faults.arming import Armed
from tests.faults.ledgers import Pair

ROOT = Path(__file__).resolve().parents[2]
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
QUICK = {"XIANGYE_RETRY_PAUSES_S": "0.02,0.1", "XIANGYE_READ_TIMEOUT_S": "1.5"}
# What libfaketime 0.9.10 makes of a sleep that ends at a moment of the monotonic clock is an error, or a sleep of days: none is asked for.
OWN_CLOCK = {
    "LD_PRELOAD": str(FAKETIME),
    "FAKETIME": "+0",
    "FAKETIME_NO_CACHE": "1",
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    "XIANGYE_RETRY_PAUSES_S": "none",
}
Said = dict[str, Any]


class Zygote:
    """`mutant`: the name of a planted fault, in every tablet of this one; `own_clock`: their clocks can be set, by libfaketime."""

    def __init__(self, folder: Path, mutant: str = "", own_clock: bool = False) -> None:
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        env = environment(**(QUICK | (OWN_CLOCK if own_clock else {})))
        with there, (folder / "zygote.log").open("ab") as log:
            words = [sys.executable, "-m", "tests.faults.zygote", str(there.fileno()), *([mutant] if mutant else [])]
            self._process = subprocess.Popen(
                words, cwd=ROOT, env=env, pass_fds=[there.fileno()], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._driver, self._lock = here, threading.Lock()

    def fork(self, **told: Any) -> socket.socket:
        here, there = socket.socketpair()
        with there, self._lock:
            socket.send_fds(self._driver, [json.dumps(told).encode()], [there.fileno()])
        return here

    def end(self) -> None:
        self._driver.close()
        self._process.wait(30)


@dataclass
class Ledger:
    """Kept outside the app, one file a tablet, on the disk before the next act. `saved`: what the app called 已保存."""

    path: Path
    saved: set[Pair] = field(default_factory=set)
    held: set[Pair] = field(default_factory=set)

    def write(self, said: Said | None) -> None:
        saved = [tuple(one) for one in (said or {}).get("saved", [])]
        held = [tuple(one) for one in (said or {}).get("held", [])]
        if saved or held:
            with self.path.open("a", encoding="utf-8") as out:
                out.write(json.dumps({"at": time.time(), "saved": saved, "held": held}) + "\n")
                out.flush()
                os.fsync(out.fileno())
        self.saved.update(saved)
        self.held.update(held)


class TabletDied(AssertionError):
    """It ended, and nobody had killed it."""


class Tablet(Armed):
    def __init__(self, zygote: Zygote, folder: Path, server: str) -> None:
        self.folder, self.data, self.photos = folder, folder / "data", folder / "photos"
        self.photos.mkdir(parents=True, exist_ok=True)
        self.ledger = Ledger(folder / "ledger.jsonl")
        self.server = server
        self.deaths = 0
        self.twins: list[Tablet] = []
        self.failpoint = folder / "failpoint"
        self.said: Said = {}
        self.clock: dict[str, str] = {}
        self._zygote = zygote
        self._talk: Any = None
        self._pid = 0

    @property
    def log(self) -> Path:
        return self.folder / "tablet.log"

    @property
    def is_up(self) -> bool:
        return self._talk is not None

    def move(self, zygote: Zygote, **clock: str) -> None:
        """The next start is one of another zygote, at another time."""
        self.end()
        self._zygote, self.clock = zygote, clock

    def start(self, dies_after_s: float | None = None) -> bool:
        """False where it was killed while it opened its store."""
        channel = self._zygote.fork(
            data=str(self.data),
            photos=str(self.photos),
            server=self.server,
            log=str(self.log),
            environment=self.clock,
            failpoints=f"@{self.failpoint}",
        )
        self._talk = channel.makefile("rw", encoding="utf-8")
        channel.close()
        self._pid = int(self._talk.readline())
        opened = self._hear(self._death(dies_after_s))
        if opened is not None and opened["failed"]:
            raise TabletDied(opened["failed"])
        return opened is not None

    def tell(self, step: dict[str, Any], dies_after_s: float | None = None) -> Said | None:
        """What the app said; None where it was killed before it could say anything."""
        if self._talk is None:
            self.start()
        death = self._death(dies_after_s)
        with contextlib.suppress(BrokenPipeError):
            self._talk.write(json.dumps(step) + "\n")
            self._talk.flush()
        return self._hear(death)

    def die(self, steps: Iterable[dict[str, Any]], after_s: float) -> None:
        """One step after another until the kill comes; whatever the app said before is in the ledger."""
        if self._talk is None:
            self.start()
        death = self._death(after_s)
        for step in steps:
            line = ""
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self._talk.write(json.dumps(step) + "\n")
                self._talk.flush()
                line = self._talk.readline()
            if not line.endswith("\n"):
                break
            self.ledger.write(json.loads(line))
        assert death is not None
        death.join()
        self._gone()

    def _death(self, after_s: float | None) -> threading.Timer | None:
        if after_s is None:
            return None
        death = threading.Timer(after_s, os.kill, (self._pid, signal.SIGKILL))
        death.daemon = True
        death.start()
        return death

    def _hear(self, death: threading.Timer | None) -> Said | None:
        """A failpoint that was armed and is gone has struck."""
        armed = self.failpoint.exists()
        line = ""
        with contextlib.suppress(ConnectionResetError):
            line = self._talk.readline()
        struck = armed and not self.failpoint.exists()
        if death is not None:
            death.join()
        if line.endswith("\n"):
            said: Said = json.loads(line)
            self.said = said
            self.ledger.write(said)
            if death is not None:
                self._gone()
            return said
        self._gone()
        if death is None and not struck:
            raise TabletDied(self.log.read_text(encoding="utf-8")[-3000:])
        return None

    def _gone(self) -> None:
        self.deaths += 1
        self._close()

    def end(self) -> None:
        """`kill -9`: an app that is swiped away gets no more than that."""
        if self._talk is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            self._close()

    def _close(self) -> None:
        """Gone when this returns: a store may be copied only then."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._talk.close()
        self._talk = None
        deadline = time.monotonic() + 20
        while Path(f"/proc/{self._pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.001)

    def clone(self) -> "Tablet":
        """As a backup put onto a second device would be: everything, the credential too."""
        self.end()
        folder = self.folder.with_name(f"{self.folder.name}-twin{len(self.twins)}")
        shutil.copytree(self.data, folder / "data")
        self.twins.append(Tablet(self._zygote, folder, self.server))
        return self.twins[-1]
