"""Something between a tablet and the real server that changes what passes: a bad proxy, a portal, a damaged line."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import requests

from tests.small_server import Answering, small_server


@dataclass
class Passing:
    """One request, and its answer once it was `sent` on."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    upstream: str

    def send(self) -> "Answer":
        made = requests.request(
            self.method,
            self.upstream + self.path,
            headers=self.headers,
            data=self.body,
            timeout=20,
            allow_redirects=False,
        )
        return Answer(made.status_code, {k: v for k, v in made.headers.items() if k not in _HOPS}, made.content)


@dataclass
class Answer:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


_HOPS = ("Content-Length", "Transfer-Encoding", "Connection", "Server", "Date", "Content-Encoding")
Meddle = Callable[[Passing], Answer | None]


@dataclass
class Between:
    """`meddle` answers instead of the server, or changes the request and returns None; it sees `passed`, all that came before."""

    upstream: str
    url: str = ""
    meddle: Meddle = lambda _: None
    passed: list[Passing] = field(default_factory=list)

    def count(self, method: str, under: str = "/v1/uploads") -> int:
        return sum(one.method == method and one.path.startswith(under) for one in self.passed)

    def body_bytes(self, method: str = "PATCH") -> int:
        return sum(len(one.body) for one in self.passed if one.method == method)


@contextlib.contextmanager
def between(upstream: str) -> Iterator[Between]:
    state = Between(upstream)

    class Handler(_Handler):
        between = state

    with small_server(Handler) as state.url:
        yield state


class _Handler(Answering):
    between: Between

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {k: v for k, v in self.headers.items() if k not in ("Host", "Connection", "Content-Length")}
        passing = Passing(self.command, self.path, headers, body, self.between.upstream)
        self.between.passed.append(passing)
        answer = self.between.meddle(passing) or passing.send()
        self.answer(answer.status, answer.body, answer.headers)

    do_GET = do_POST = do_HEAD = do_PATCH = _pass  # noqa: N815
