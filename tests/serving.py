"""A real server on loopback for tests, with one survey and one enrolled tablet."""

import contextlib
import gzip
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import requests
from werkzeug.serving import make_server

from server.accounts.service import enrol, issue_code
from server.app import create_app
from server.db import open_session
from server.settings import Settings
from server.web.database import database
from shared.clock import Clock
from shared.ids import uuid7
from tests import records
from tests.admitting import CLOCK, set_up


@dataclass(frozen=True)
class Live:
    url: str
    settings: Settings
    credential: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.credential}"}

    def post_batch(self, *sent: Any, **headers: str) -> requests.Response:
        body = json.dumps(
            {"protocol": 1, "batch_id": str(uuid7()), "sent_at": "2025-05-21T00:00:00+00:00", "records": list(sent)}
        )
        return requests.post(
            f"{self.url}/v1/sync/batches",
            data=gzip.compress(body.encode()),
            timeout=20,
            headers={**self.headers, "Content-Encoding": "gzip", "Content-Type": "application/json", **headers},
        )


@contextlib.contextmanager
def serving(settings: Settings, clock: Clock = CLOCK) -> Iterator[Live]:
    with open_session(settings) as session:
        set_up(session)
        code = issue_code(session, CLOCK, UUID(records.PERSON))
        _, credential = enrol(session, CLOCK, code, UUID(records.DEVICE), "测试平板", "0.1.0")
    with running(settings, clock) as url:
        yield Live(url, settings, credential)


@contextlib.contextmanager
def running(settings: Settings, clock: Clock = CLOCK) -> Iterator[str]:
    """The address of a server on loopback for a database as it stands."""
    app = create_app(settings, clock)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        with app.app_context():
            database.engine.dispose()
