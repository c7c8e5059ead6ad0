"""A tablet's requests by tus, one by one."""

import base64
import hashlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from tests.serving import Live

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {"Content-Type": "application/offset+octet-stream"}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def checksum(data: bytes, algorithm: str = "sha256") -> dict[str, str]:
    return {"Upload-Checksum": f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"}


@dataclass(frozen=True)
class Uploader:
    live: Live

    def create(
        self, data: bytes, digest: str = "", review_of: str = "", body: bytes = b"", **headers: str
    ) -> requests.Response:
        told = {"sha256": digest or sha256(data), **({"review_of": review_of} if review_of else {})}
        metadata = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in told.items())
        sent = {**self.live.headers, **TUS, "Upload-Length": str(len(data)), "Upload-Metadata": metadata, **headers}
        if body:
            sent |= PIECE
        return requests.post(f"{self.live.url}/v1/uploads", headers=sent, data=body, timeout=20)

    def patch(self, made: requests.Response, data: bytes, at: int, **headers: str) -> requests.Response:
        sent = {**self.live.headers, **TUS, **PIECE, "Upload-Offset": str(at), **headers}
        return requests.patch(self.address(made), data=data, headers=sent, timeout=20)

    def head(self, made: requests.Response) -> requests.Response:
        return requests.head(self.address(made), headers={**self.live.headers, **TUS}, timeout=20)

    def delete(self, made: requests.Response) -> requests.Response:
        return requests.delete(self.address(made), headers={**self.live.headers, **TUS}, timeout=20)

    def bring(self, data: bytes) -> requests.Response:
        return self.patch(self.create(data), data, 0)

    def address(self, made: requests.Response) -> str:
        return self.live.url + made.headers["Location"]

    def cut(self, made: requests.Response, data: bytes, announced: int, **headers: str) -> None:
        """A PATCH from 0 that promises more than comes before the line goes."""
        with self.begin(made, data, announced, **headers) as line:
            line.shutdown(socket.SHUT_WR)
            while line.recv(4096):  # until the server has noticed
                pass

    @contextmanager
    def begin(self, made: requests.Response, data: bytes, announced: int, **headers: str) -> Iterator[socket.socket]:
        """A PATCH from 0 of which no more comes; the line stays."""
        told = {**self.live.headers, **TUS, **PIECE, "Upload-Offset": "0", "Content-Length": str(announced), **headers}
        lines = [f"PATCH {made.headers['Location']} HTTP/1.1", "Host: here", *(f"{k}: {v}" for k, v in told.items())]
        with socket.create_connection(("127.0.0.1", urlsplit(self.live.url).port or 0), timeout=10) as line:
            line.sendall("\r\n".join([*lines, "", ""]).encode() + data)
            yield line
