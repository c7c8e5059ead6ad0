"""Many tablets quickly: one process loads the field app and forks a tablet for each request, which then is a process of its own.

    python -m tests.faults.zygote FD [MUTANT]

FD is a socket of the driver. A request is one message of JSON with one socket beside it, over which the new tablet is talked to: a line
of JSON a step, a line back of what the app said of it. Whatever the app itself writes goes into the tablet's log.
"""

import json
import os
import resource
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any

from tests.faults.mutants import plant

if len(sys.argv) > 2:
    plant(sys.argv[2])  # before the app is loaded

from mobile.device.desktop import desktop_device
from mobile.device.desktop_clock import ScriptedClock
from mobile.device.desktop_location import ScriptedLocation
from mobile.device.ports import DeviceFailure
from mobile.script.player import Player, StepFailed
from mobile.script.read import check_step
from mobile.store.database import StoreFailure
from mobile.wiring import Field, build
from shared import failpoints

MOST = 65536


def serve(driver: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are taken leave of by the system
    while True:
        message, handles, _, _ = socket.recv_fds(driver, MOST, 1)
        if not message:
            return
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            driver.close()
            try:
                with socket.socket(fileno=handles[0]) as channel:
                    _live(json.loads(message), channel)
            except BrokenPipeError:
                pass  # the driver turned away
            except Exception:  # noqa: BLE001  whatever it died of is told in its log
                traceback.print_exc()
            finally:
                os._exit(0)
        os.close(handles[0])


def _live(told: dict[str, Any], channel: socket.socket) -> None:
    log = os.open(told["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(told["environment"])
    failpoints.arm(told["failpoints"])
    with channel.makefile("rw", encoding="utf-8") as talk:
        talk.write(f"{os.getpid()}\n")
        talk.flush()
        try:
            _use(Path(told["data"]), Path(told["photos"]), told["server"], talk)
        except StoreFailure as failure:
            _say(talk, {"failed": str(failure)})


def _use(data: Path, photos: Path, server: str, talk: Any) -> None:
    """The device has the computer's own clock; the script's clock only tells where a position was when."""
    clock, location = ScriptedClock(), ScriptedLocation()
    app = build(data, desktop_device(data, photos=photos, location=location), server)
    _say(talk, {"failed": "", **_state(app, _Seen())})
    player, seen = Player(app, clock, location, photos, None), _Seen.of(app)
    for number, line in enumerate(talk, 1):
        step = json.loads(line)
        if "environment" in step:  # another time of day, by libfaketime
            os.environ.update(step["environment"])
            _say(talk, {"failed": ""})
            continue
        if "file_bytes" in step:  # no file may grow beyond: as a full disk is felt
            resource.setrlimit(resource.RLIMIT_FSIZE, (step["file_bytes"], resource.RLIM_INFINITY))
            _say(talk, {"failed": ""})
            continue
        failed = ""
        clock.release()
        try:
            player.play(check_step(number, step))
        except (StepFailed, DeviceFailure) as failure:
            failed = str(failure)
        _say(talk, {"failed": failed, **_state(app, seen)})
        seen = _Seen.of(app)
    app.close()


class _Seen:
    """How much of the store was told of already."""

    def __init__(self, seq: int = 0, receipt_no: int = 0) -> None:
        self.seq, self.receipt_no = seq, receipt_no

    @classmethod
    def of(cls, app: Field) -> "_Seen":
        count = app.store.database.count
        return cls(
            count("select coalesce(max(seq), 0) from record"), count("select coalesce(max(receipt_no), 0) from receipt")
        )


def _state(app: Field, seen: _Seen) -> dict[str, Any]:
    rows = app.store.database.rows
    saved = rows("select record_id, digest from record where seq > ? order by seq", (seen.seq,))
    held = rows("select record_id, digest from receipt where receipt_no > ? and frees = 1", (seen.receipt_no,))
    return {
        "saved": [[row[0], row[1]] for row in saved],
        "held": [[row[0], row[1]] for row in held],
        "waiting": app.store.outbox.waiting_count() + app.store.media.waiting_count(),
    }


def _say(talk: Any, words: dict[str, Any]) -> None:
    talk.write(json.dumps(words, ensure_ascii=False) + "\n")
    talk.flush()


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as driver:
        serve(driver)
