"""HTTP messages as the bad line sees them, and the lies that somebody on it could tell."""

import asyncio
import gzip
import hashlib
import json
import re
import zlib
from typing import Any

from shared.canonical import digest
from shared.protocol import CUSTODY_HEADER, PROTOCOL_HEADER
from shared.wire.sealed import is_sealed, read_sealed

END = b"\r\n\r\n"


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """With `Connection: close`, so that one connection carries one request."""
    head = await reader.readuntil(END)
    lines = head.split(b"\r\n")
    length = int(header(head, b"content-length") or 0)
    kept = [line for line in lines[:-2] if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*kept, b"Connection: close", b"", b""]) + await reader.readexactly(length)


def header(message: bytes, name: bytes) -> bytes | None:
    lines = message.partition(END)[0].split(b"\r\n")[1:]
    return next((line.partition(b":")[2].strip() for line in lines if line.lower().startswith(name + b":")), None)


def kind_of(request: bytes) -> bytes:
    """Method and path without what is different each time."""
    method, _, rest = request.split(b"\r\n", 1)[0].partition(b" ")
    path = rest.split(b" ")[0].split(b"?")[0]
    return method + b" " + (b"/v1/uploads" if path.startswith(b"/v1/uploads") else path)


def html(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def with_body(answer: bytes, body: bytes) -> bytes:
    """Its head, made to fit another body."""
    lines = [
        line for line in answer.partition(END)[0].split(b"\r\n") if not line.lower().startswith(b"content-length:")
    ]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", b""]) + body


def plain(answer: bytes) -> bytes:
    """The same answer, not packed."""
    head, end, body = answer.partition(END)
    if header(answer, b"content-encoding") != b"gzip":
        return answer
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-encoding:")]
    try:
        return with_body(b"\r\n".join(lines) + end, gzip.decompress(body))
    except (OSError, EOFError, zlib.error):
        return answer


def epoch_told(answer: bytes) -> str | None:
    found = re.search(rb'"server_epoch": ?"([0-9a-f-]{36})"', plain(answer))
    return found and found[1].decode()


def flipped(message: bytes, where: float) -> bytes:
    """One bit of the body is another; the head stays."""
    head, end, body = message.partition(END)
    if not body:
        return message
    at = min(int(where * len(body)), len(body) - 1)
    return head + end + body[:at] + bytes([body[at] ^ 0x10]) + body[at + 1 :]


def truncated(answer: bytes, where: float) -> bytes:
    """A head that is whole and fits the part of the body that comes."""
    body = answer.partition(END)[2]
    return with_body(answer, body[: int(where * len(body))])


def another_epoch(answer: bytes, where: float) -> bytes:
    """Where the server tells its epoch, another one."""
    answer = plain(answer)
    try:
        told = json.loads(answer.partition(END)[2])
    except ValueError:
        return answer
    if not isinstance(told, dict) or "server_epoch" not in told:
        return answer
    told["server_epoch"] = f"00000000-0000-4000-8000-{int(where * 2**40):012x}"
    return with_body(answer, json.dumps(told).encode())


def lie(fault: str, request: bytes, where: float, epoch: str) -> bytes | None:
    """A receipt from somebody who passed nothing on, but has heard the server's epoch: for other bytes (`lie_digest`) or in another
    holder's name (`lie_holder`). None where nothing can be told of this request."""
    kind = kind_of(request)
    if kind == b"POST /v1/sync/batches":
        return _false_receipts(fault, request, where, epoch)
    if kind == b"PATCH /v1/uploads":
        sha256 = "0" * 64 if fault == "lie_digest" else hashlib.sha256(request.partition(END)[2]).hexdigest()
        holder = b"province" if fault == "lie_digest" else b"station-%d" % int(where * 1000)
        said = f"{CUSTODY_HEADER}: {sha256};".encode() + holder + b";" + epoch.encode()
        return b"HTTP/1.1 204 No Content\r\nTus-Resumable: 1.0.0\r\n" + said + END
    return None


def _false_receipts(fault: str, request: bytes, where: float, epoch: str) -> bytes | None:
    records = _records(request)
    if not records:
        return None
    holder = "province" if fault == "lie_digest" else f"station-{int(where * 1000)}"
    receipts = [
        {
            "record_id": str(record["header"]["id"] if is_sealed(record) else record.get("id")),
            "digest": "0" * 64 if fault == "lie_digest" else _digest(record),
            "outcome": "accepted",
            "holder": holder,
            "server_epoch": epoch,
        }
        for record in records
    ]
    told = {"server_time": "2026-01-01T00:00:00+00:00", "server_epoch": epoch, "holder": holder, "receipts": receipts}
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{PROTOCOL_HEADER}: 1".encode()
    return with_body(head + END, json.dumps(told).encode())


def _digest(record: dict[str, Any]) -> str:
    return read_sealed(record).digest if is_sealed(record) else digest(record)


def _records(request: bytes) -> list[dict[str, Any]]:
    body = request.partition(END)[2]
    try:
        plain = gzip.decompress(body) if header(request, b"content-encoding") == b"gzip" else body
        found = json.loads(plain)["records"]
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
        return []
    return [record for record in found if isinstance(record, dict)]
