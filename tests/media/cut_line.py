"""A line that breaks: three of ten requests that bear bytes are cut at a random place, drawn from one seed."""

import contextlib
import random
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

_LENGTH = re.compile(rb"\r\nContent-Length: (\d+)\r\n", re.IGNORECASE)
_METHODS = (b"PATCH ", b"POST ", b"HEAD ")


@dataclass
class CutLine:
    """`bytes_up`: all that came in from the client, heads of requests and bytes of no use included."""

    upstream: int
    rate: float
    chance: random.Random
    bytes_up: int = 0
    requests: int = 0
    cuts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def carry(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.upstream)) as server:
            back = threading.Thread(target=_pump, args=(server, client))
            back.start()
            self._forth(client, server)
            for end in (client, server):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            back.join()

    def _forth(self, client: socket.socket, server: socket.socket) -> None:
        left: int | None = None
        while piece := _receive(client):
            with self._lock:
                self.bytes_up += len(piece)
            if piece.startswith(_METHODS):
                left = self._next_cut(piece)
            if left is not None and left < len(piece):
                server.sendall(piece[:left])
                return
            server.sendall(piece)
            left = None if left is None else left - len(piece)

    def _next_cut(self, head: bytes) -> int | None:
        """After how many bytes this request is cut; None if it passes."""
        found = _LENGTH.search(head)
        length = int(found[1]) if found else 0
        with self._lock:
            self.requests += 1
            if not length or self.chance.random() >= self.rate:
                return None
            self.cuts += 1
            return len(head) + self.chance.randrange(length)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := _receive(source):
            sink.sendall(piece)


def _receive(source: socket.socket) -> bytes:
    try:
        return source.recv(4096)
    except OSError:
        return b""


@contextlib.contextmanager
def cut_line(upstream: int, rate: float, seed: int) -> Iterator[tuple[CutLine, str]]:
    """The line and its address."""
    line = CutLine(upstream, rate, random.Random(seed))
    listener = socket.create_server(("127.0.0.1", 0))
    carried: list[threading.Thread] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                carried.append(threading.Thread(target=line.carry, args=(client,)))
                carried[-1].start()

    serving = threading.Thread(target=serve)
    serving.start()
    try:
        yield line, f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        serving.join()
        for thread in carried:
            thread.join(20)
