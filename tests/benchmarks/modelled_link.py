"""A bad line with a clock of its own: the tablet's real requests, the real server, and nothing between but arithmetic.

A request costs its bytes, its headers and the time of the round trip; a new connection costs two more (TCP, TLS 1.3). The line
drops after an exponential time; what was under way is cut at the byte it had reached, and the server sees exactly that much.
"""

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import requests
from flask import Flask
from urllib3 import HTTPResponse
from werkzeug.test import EnvironBuilder, run_wsgi_app

from shared.clock import CHINA


@dataclass(frozen=True)
class Line:
    round_trip_s: float
    bytes_per_s: float
    drops_after_s: float


WEAK = Line(0.6, 16_000, 60)
VERY_BAD = Line(1.5, 4_000, 15)
_ROUND_TRIPS_TO_CONNECT = 2


class LinkClock:
    """The time that the line has taken, as both sides' clock."""

    def __init__(self, began: datetime) -> None:
        self.began = began
        self.spent_s = 0.0

    def now(self) -> datetime:
        return (self.began + timedelta(seconds=self.spent_s)).astimezone(CHINA)

    def monotonic_ms(self) -> int:
        return int(self.spent_s * 1000) + 1

    def sleep(self, seconds: float) -> None:
        self.spent_s += seconds


class Link:
    def __init__(self, app: Flask, line: Line, clock: LinkClock, seed: int) -> None:
        self.carried_bytes = 0
        self.drops = 0
        self._app, self._line, self._clock = app, line, clock
        self._dice = random.Random(seed)
        self._drop_at = 0.0
        self._connected = False

    @contextmanager
    def between(self) -> Iterator["Link"]:
        """Every request of the `requests` library goes over this line until the block ends."""
        with mock.patch.object(requests.adapters.HTTPAdapter, "send", self._send_for):
            yield self

    def _send_for(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        return self._answer(request)

    def _answer(self, request: requests.PreparedRequest) -> requests.Response:
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else bytes(body)
        self._connect()
        head = _length(request.headers.items()) + len(request.url or "")
        arrived = self._carry(head + len(body))
        if arrived is not None:
            if arrived > head:
                self._ask(request, body[: arrived - head], len(body))
            raise self._cut()
        self._clock.sleep(self._line.round_trip_s)
        answer, length = self._ask(request, body, len(body))
        if self._carry(length) is not None:
            raise self._cut()
        return answer

    def _connect(self) -> None:
        if not self._connected:
            self._clock.sleep(_ROUND_TRIPS_TO_CONNECT * self._line.round_trip_s)
            self._drop_at = self._clock.spent_s + self._dice.expovariate(1 / self._line.drops_after_s)
            self._connected = True

    def _carry(self, count: int) -> int | None:
        """None if all of it arrived, else how many bytes had when the line dropped."""
        needed, left = count / self._line.bytes_per_s, max(0.0, self._drop_at - self._clock.spent_s)
        arrived = count if needed <= left else int(left * self._line.bytes_per_s)
        self._clock.sleep(min(needed, left))
        self.carried_bytes += arrived
        return None if arrived == count else arrived

    def _cut(self) -> requests.ConnectionError:
        self._connected = False
        self.drops += 1
        return requests.ConnectionError("the line dropped")

    def _ask(self, request: requests.PreparedRequest, body: bytes, announced: int) -> tuple[requests.Response, int]:
        """The server's own answer to as much of the request as arrived, and its length on the line."""
        url = urlsplit(request.url or "")
        builder = EnvironBuilder(
            path=url.path,
            query_string=url.query,
            base_url=f"{url.scheme}://{url.netloc}",
            method=request.method or "GET",
            headers=[(name, value) for name, value in request.headers.items() if name.lower() != "content-length"],
            input_stream=BytesIO(body),
        )
        environ = builder.get_environ()
        environ["CONTENT_LENGTH"] = str(announced)
        parts, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        packed = b"".join(parts)
        raw = HTTPResponse(
            body=BytesIO(packed),
            headers=dict(headers),
            status=int(status.split()[0]),
            preload_content=False,
            decode_content=False,
        )
        return _ADAPTER.build_response(request, raw), len(packed) + _length(headers) + len(status)


def _length(headers: Iterable[tuple[str, str]]) -> int:
    return sum(len(name) + len(value) + 4 for name, value in headers) + 12


_ADAPTER = requests.adapters.HTTPAdapter()
