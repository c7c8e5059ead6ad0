"""The station as gunicorn runs it: one worker, and beside its threads one that passes on when there is a line."""

import logging
import os
import threading
from pathlib import Path
from typing import Any

from server.station.passing import NoLine, Passing
from server.station.routes import make_app
from server.station.spool import Spool
from shared.clock import SystemClock

HOME, PAUSE = "XIANGYE_STATION_HOME", "XIANGYE_STATION_EVERY"
_log = logging.getLogger("xiangye.station")


def station_app() -> Any:
    """The Flask application."""
    home = Path(os.environ[HOME])
    app = make_app(home)
    threading.Thread(target=_keep_passing, args=(home, float(os.environ[PAUSE])), daemon=True).start()
    return app


def _keep_passing(home: Path, pause: float) -> None:
    spool, waits = Spool(home), threading.Event()
    while not waits.wait(pause):
        pass_once(spool)


def pass_once(spool: Spool) -> None:
    """Whatever happens, the next try comes: the station goes on taking in."""
    try:
        passing = Passing(spool, SystemClock())
        try:
            done = passing.run()
        finally:
            passing.close()
        if done.records or done.photos or done.problems:
            _log.warning("passed on: %s", "; ".join(done.lines()))
    except NoLine as failure:
        _log.info("%s", failure)
    except Exception:  # noqa: BLE001 - the thread must live
        _log.exception("passing on failed")
