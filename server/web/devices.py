"""Who a request comes from. The loader is registered by the application, since accounts stand above this room."""

from collections.abc import Callable
from typing import Any

from flask import current_app, g, request

from server.web.database import keep_seen
from shared.problems import Problem

LOADER = "XIANGYE_DEVICE_LOADER"
_KEPT = "xiangye_device"


def current_device() -> Any:
    """The device whose credential the request bears; Problem otherwise. Looked up once a request."""
    if _KEPT not in g:
        g.setdefault(_KEPT, _load())
        keep_seen()
    return g.get(_KEPT)


def _load() -> Any:
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not credential.strip():
        raise Problem("credential_missing")
    loader: Callable[[str], Any] = current_app.config[LOADER]
    return loader(credential.strip())
