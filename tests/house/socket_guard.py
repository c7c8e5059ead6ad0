"""A pytest plugin: tests reach this computer and no other. What they try beyond it fails with a word, not with a time-out."""

import ipaddress
import os
import socket
import sys
from typing import Any

LOCAL_NAMES = {"", "localhost", "ip6-localhost"}


class NetworkForbidden(RuntimeError):
    """A test looked beyond loopback and unix sockets."""


def _is_local(host: object) -> bool:
    if host is None:
        return True
    text = os.fsdecode(host) if isinstance(host, (str, bytes)) else str(host)
    if text in LOCAL_NAMES or text == socket.gethostname():
        return True
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook sees every library's sockets, whatever that library patched or kept."""
    if event in ("socket.connect", "socket.sendto"):
        opened, address = arguments
        if opened.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address[0]):
            raise NetworkForbidden(f"{event} to {address!r}: tests stay on this computer")
    elif event == "socket.getaddrinfo" and not _is_local(arguments[0]):
        raise NetworkForbidden(f"looking up {arguments[0]!r}: tests stay on this computer")


sys.addaudithook(_watch)
