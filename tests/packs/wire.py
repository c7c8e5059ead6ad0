"""Every byte that goes over the wire, both ways."""

import socket
from urllib.parse import urlsplit

from tests.serving import Live


def on_the_wire(live: Live, target: str, **headers: str) -> tuple[bytes, bytes]:
    """(what goes out, what comes back) of one GET with the tablet's credential."""
    address = urlsplit(live.url)
    lines = [f"GET {target} HTTP/1.1", f"Host: {address.netloc}", f"Authorization: Bearer {live.credential}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()] + ["Connection: close", "", ""]
    asked, answer = "\r\n".join(lines).encode(), b""
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=20) as connection:
        connection.sendall(asked)
        while part := connection.recv(65536):
            answer += part
    return asked, answer
