"""A wire that is cut, and a server that is killed, at one chosen byte of the talk between tablet and server."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Cut:
    """Kill when `after` bytes of the nth request that begins with `request`, or of its response, have passed.

    What comes later than that reaches nobody. `after_s` instead: let everything pass and kill so long after it began.
    """

    request: bytes
    nth: int = 1
    side: Literal["request", "response"] = "request"
    after: int = 0
    after_s: float | None = None


class Relay:
    """One connection after another, as a tablet makes them; each byte to the server and back passes here."""

    def __init__(self, upstream: int, kill: Callable[[], None]) -> None:
        self.upstream = upstream
        self.cut: Cut | None = None
        self.kill = kill
        self.struck = False
        self._seen = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                tablet, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._carry, args=(tablet,))
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(20)

    def _carry(self, tablet: socket.socket) -> None:
        with tablet, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.upstream)) as server:
            talk = _Talk(self, tablet, server)
            back = threading.Thread(target=talk.answers)
            back.start()
            talk.requests()
            back.join()

    def meets(self, data: bytes) -> bool:
        """Whether this piece of a request begins the one that is to be struck."""
        if self.cut is None or self.struck or not data.startswith(self.cut.request):
            return False
        self._seen += 1
        return self._seen == self.cut.nth

    def arm(self, cut: Cut | None) -> None:
        self.cut, self.struck, self._seen = cut, False, 0

    def strike(self) -> None:
        if not self.struck:
            self.struck = True
            self.kill()


class _Talk:
    """One connection. `left`: bytes until the strike on its side, None while it is not this request's turn."""

    def __init__(self, relay: Relay, tablet: socket.socket, server: socket.socket) -> None:
        self.relay = relay
        self.tablet = tablet
        self.server = server
        self.left: dict[str, int | None] = {"request": None, "response": None}

    def requests(self) -> None:
        while data := _piece(self.tablet):
            if self.relay.meets(data) and self.relay.cut is not None:
                self._aim(self.relay.cut)
            if not self._pass("request", data, self.server):
                break
        self._hang_up()

    def _aim(self, cut: Cut) -> None:
        if cut.after_s is None:
            self.left[cut.side] = cut.after
        else:
            threading.Timer(cut.after_s, self.relay.strike).start()

    def answers(self) -> None:
        while data := _piece(self.server):
            if not self._pass("response", data, self.tablet):
                break
        self._hang_up()

    def _pass(self, side: str, data: bytes, to: socket.socket) -> bool:
        left = self.left[side]
        with contextlib.suppress(OSError):
            to.sendall(data if left is None else data[:left])
        if left is not None and len(data) >= left:
            self.relay.strike()
            return False
        self.left[side] = None if left is None else left - len(data)
        return True

    def _hang_up(self) -> None:
        for end in (self.tablet, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _piece(source: socket.socket) -> bytes:
    try:
        return source.recv(4096)
    except OSError:
        return b""


@contextlib.contextmanager
def relay(upstream: int, kill: Callable[[], None]) -> Iterator[Relay]:
    made = Relay(upstream, kill)
    thread = threading.Thread(target=made.serve)
    thread.start()
    try:
        yield made
    finally:
        made.close()
        thread.join(20)
