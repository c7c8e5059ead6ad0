"""One request after another against one database, each undone, so that thousands of cells meet the same world."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine
from werkzeug.test import TestResponse

from server.web.database import database


@dataclass(frozen=True)
class Asking:
    app: Flask
    connection: Connection

    def __call__(self, method: str, path: str, headers: dict[str, str], body: object = None) -> TestResponse:
        undone = self.connection.begin()
        try:
            client: FlaskClient = self.app.test_client(use_cookies=False)
            asked = {"json": body} if body is not None else {}
            return client.open(path, method=method, headers=headers, buffered=True, **asked)
        finally:
            undone.rollback()


@contextlib.contextmanager
def asking(app: Flask) -> Iterator[Asking]:
    """The application on one connection: what a request commits is a savepoint of a transaction that is rolled back."""
    with app.app_context():
        engines = database.engines
    engine = engines[None]
    with engine.connect() as connection:
        _serve_from(app, connection, "create_savepoint")
        try:
            # No application context stays open here: every request must have one of its own, and with it its own `g`.
            yield Asking(app, connection)
        finally:
            _serve_from(app, engine, "conditional_savepoint")
    engine.dispose()


def _serve_from(app: Flask, source: Connection | Engine, mode: str) -> None:
    with app.app_context():
        database.engines[None] = source  # type: ignore[index]
        database.session.configure(join_transaction_mode=mode)
