"""The enrolment code as a picture that the tablet reads: in a file, in an answer, or drawn in the terminal."""

import io
from ipaddress import ip_address
from urllib.parse import urlencode, urlsplit

import segno

from shared.problems import Problem

_PREFIX = "xiangye:1?"


def payload(server: str, code: str) -> str:
    return _PREFIX + urlencode({"server": checked(server), "code": code})


def checked(server: str) -> str:
    """The address of a server that a tablet may speak to: TLS, unless it is this very machine."""
    try:
        parts = urlsplit(server)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    named = bool(parts.hostname) and not (parts.username or parts.query or parts.fragment) and port != 0
    if not named or not (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))):
        raise Problem("invalid", "服务器地址应为 https://…（本机可用 http）", field="server")
    return server.rstrip("/")


def png(text: str) -> bytes:
    file = io.BytesIO()
    _drawn(text).save(file, kind="png", scale=8)
    return file.getvalue()


def terminal(text: str) -> str:
    file = io.StringIO()
    _drawn(text).terminal(file, compact=True)
    return file.getvalue()


def _drawn(text: str) -> segno.QRCode:
    return segno.make_qr(text, error="m")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
