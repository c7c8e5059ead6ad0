"""Logs say what happened and where in the program, never whose it was or where on the map.

One JSON object a line. A request is told by its route (never its address or query), an error by its type and the lines of the
program that it passed (never by its words, which may quote a record).
"""

import logging
import sys
import time
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import structlog
from flask import Flask, Response, g, request
from structlog.typing import EventDict

_OURS = "xiangye"
_TOLD = ("method", "route", "status", "milliseconds")


def set_up() -> None:
    """Everything that the process logs, libraries included, leaves through one door."""
    handler = logging.StreamHandler(sys.stderr)
    renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=[only_what_may_be_told, renderer]))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for server in (
        "werkzeug",
        "gunicorn.access",
        "gunicorn.error",
    ):  # their own lines hold addresses with their queries
        logger = logging.getLogger(server)
        logger.handlers[:], logger.propagate = [], True
        logger.setLevel(logging.WARNING)


def only_what_may_be_told(_logger: Any, _method: str, line: EventDict) -> EventDict:
    """A message of ours is a constant text: what would be put into it stays out. Other people's messages are left out whole."""
    record: logging.LogRecord = line["_record"]
    told: EventDict = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": str(record.msg) if record.name.startswith(_OURS) else record.funcName,
        **{name: getattr(record, name) for name in _TOLD if hasattr(record, name)},
    }
    if error := line.get("exc_info"):
        told["error"], told["passed"] = error[0].__name__, _passed(error[2])
    return told


def _passed(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


def register(app: Flask) -> None:
    log = logging.getLogger("xiangye.requests")

    @app.before_request
    def note_the_time() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def tell(response: Response) -> Response:
        took = (time.perf_counter() - g.get("began", time.perf_counter())) * 1000
        route = request.url_rule.rule if request.url_rule else ""
        told = {
            "method": request.method,
            "route": route,
            "status": response.status_code,
            "milliseconds": round(took, 1),
        }
        log.info("request", extra=told)
        return response
