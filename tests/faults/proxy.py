"""A bad line between tablets and server, a process of its own: what it does to each request is drawn from a plan of one seed.

    python -m tests.faults.proxy UPSTREAM_PORT TABLETS

Every tablet has a port; the ports are printed as one line of JSON. Then a line of JSON on stdin tells of a tablet's next session
({"tablet", "session", "share", "wanted"}), answered by "ok"; an empty object is answered by what the line has done so far.
"""

import asyncio
import contextlib
import json
import random
import socket
import struct
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from tests.commands import environment
from tests.faults.messages import another_epoch, epoch_told, flipped, html, kind_of, lie, read_request, truncated

CLEAN = "clean"
WEIGHTS = {
    **dict.fromkeys(("latency", "bandwidth", "reset_peer", "slicer", "slow_close", "limit_data"), 6),
    **dict.fromkeys(("cut_request", "cut_response", "duplicate", "swap", "bad_gateway", "truncated_json"), 8),
    **dict.fromkeys(("captive_portal", "flip_request", "flip_response", "lie_digest", "lie_holder"), 6),
    "another_epoch": 1,
    "timeout": 1,
    "late": 1,
}
SILENCE_S, PAST_PATIENCE_S, PARTNER_S = 0.15, 1.7, 0.15
INSTEAD = {
    "bad_gateway": html("502 Bad Gateway", "<html><h1>502</h1></html>"),
    "captive_portal": html("200 OK", "<html><form>login</form></html>"),
}
CHANGED = {"another_epoch": another_epoch, "truncated_json": truncated, "flip_response": flipped}


class Plan:
    """The same seed gives a tablet's session the same faults in the same order; `share` of its requests meet one."""

    def __init__(self, session: str, share: float, wanted: dict[str, list[str]] | None = None) -> None:
        self._chance, self._share, self._wanted = random.Random(session), share, wanted or {}

    def next(self, kind: str) -> tuple[str, float]:
        """The fault, and where in the message it strikes, from 0 to 1. Those `wanted` of this kind of request come first."""
        drawn, where = self._chance.random(), self._chance.random()
        fault = self._chance.choices(tuple(WEIGHTS), tuple(WEIGHTS.values()))[0]
        if self._wanted.get(kind):
            return self._wanted[kind].pop(0), where
        return (fault if drawn < self._share else CLEAN), where


class Line:
    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self.plans: dict[int, Plan] = {}
        self.met: Counter[str] = Counter()
        self.bytes = 0
        self._earlier: dict[bytes, bytes] = {}
        self._epoch = "00000000-0000-4000-8000-000000000000"
        self._waiting: asyncio.Future[bytes] | None = None
        self._left: tuple[asyncio.Future[bytes], bytes] | None = None

    async def listen(self, tablet: int) -> int:
        self.plans[tablet] = Plan("", 0)
        server = await asyncio.start_server(lambda reader, writer: self._carry(tablet, reader, writer), "127.0.0.1", 0)
        return int(server.sockets[0].getsockname()[1])

    async def _carry(self, tablet: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            request = await read_request(reader)
            self.bytes += len(request)
            fault, where = self.plans[tablet].next(kind_of(request).decode())
            self.met[fault] += 1
            await self._strike(fault, where, request, writer)
        writer.close()

    async def _strike(self, fault: str, where: float, request: bytes, writer: asyncio.StreamWriter) -> None:
        """First what keeps the request from the server, then what becomes of its answer."""
        instead = INSTEAD.get(fault) or (lie(fault, request, where, self._epoch) if fault.startswith("lie_") else None)
        if instead is not None:
            writer.write(instead)
        elif fault == "cut_request":
            await self._ask(request[: int(where * len(request))])
        else:
            if fault == "duplicate":
                await self._ask(request)
            answer = await self._ask(flipped(request, where) if fault == "flip_request" else request)
            if fault == "swap":
                answer = await self._swapped(request, answer)
            if fault in CHANGED:
                answer = CHANGED[fault](answer, where)
            await _give(fault, where, answer, writer)

    async def _swapped(self, request: bytes, answer: bytes) -> bytes:
        """The answer to somebody else's request that comes meanwhile, who gets this one; else an earlier one of the same kind."""
        if self._left is not None:
            partner, theirs = self._left
            self._left = None
            partner.set_result(answer)
            return theirs
        partner = asyncio.get_running_loop().create_future()
        self._left = (partner, answer)
        kind = kind_of(request)
        earlier, self._earlier[kind] = self._earlier.get(kind, answer), answer
        try:
            return await asyncio.wait_for(partner, PARTNER_S)
        except TimeoutError:
            if self._left is not None and self._left[0] is partner:
                self._left = None
            return earlier

    async def _ask(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        try:
            writer.write(request)
            writer.write_eof()
            answer = await reader.read(-1)
            self._epoch = epoch_told(answer) or self._epoch
            return answer
        finally:
            writer.close()


async def _give(fault: str, where: float, answer: bytes, writer: asyncio.StreamWriter) -> None:
    if fault in ("cut_response", "limit_data"):
        answer = answer[: int(where * len(answer))]
    elif fault == "reset_peer":
        # Closing with nothing lingering sends a reset instead of an end.
        raw: socket.socket = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return
    await asyncio.sleep({"latency": SILENCE_S, "timeout": PAST_PATIENCE_S, "late": PAST_PATIENCE_S}.get(fault, 0))
    if fault == "timeout":
        return
    piece = {"slicer": 7, "bandwidth": 1024}.get(fault, len(answer) or 1)
    for start in range(0, min(len(answer), piece * 30), piece):
        writer.write(answer[start : start + piece])
        await writer.drain()
        await asyncio.sleep(0.001 if piece < len(answer) else 0)
    writer.write(answer[piece * 30 :])
    await writer.drain()
    if fault == "slow_close":
        await asyncio.sleep(SILENCE_S)


async def run(upstream: int, tablets: int) -> None:
    line = Line(upstream)
    print(json.dumps([await line.listen(tablet) for tablet in range(tablets)]), flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while words := await reader.readline():
        told = json.loads(words)
        if told:
            line.plans[told["tablet"]] = Plan(told["session"], told["share"], told.get("wanted"))
        print("ok" if told else json.dumps({"met": line.met, "bytes": line.bytes}), flush=True)


class Proxy:
    """The driver's side of it."""

    def __init__(self, upstream: int, tablets: int, log: Path) -> None:
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.proxy", str(upstream), str(tablets)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=out,
                text=True,
                env=environment(),
                cwd=Path(__file__).resolve().parents[2],
            )
        self._lock = threading.Lock()
        self.ports: list[int] = json.loads(self._hear())

    def _hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def _ask(self, told: dict[str, Any]) -> str:
        assert self._process.stdin is not None
        with self._lock:
            self._process.stdin.write(json.dumps(told) + "\n")
            self._process.stdin.flush()
            return self._hear()

    def url(self, tablet: int) -> str:
        return f"http://127.0.0.1:{self.ports[tablet]}"

    def begin(self, tablet: int, session: str, share: float, wanted: dict[str, list[str]] | None = None) -> None:
        told = {"tablet": tablet, "session": session, "share": share, "wanted": wanted}
        assert self._ask(told).strip() == "ok"

    def met(self) -> Counter[str]:
        return Counter(json.loads(self._ask({}))["met"])

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]), int(sys.argv[2])))
