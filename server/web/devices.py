"""Who a request comes from. The loader is registered by the application, since accounts stand above this room."""

from collections.abc import Callable
from typing import Any

from flask import current_app, g, request

from server.web.database import keep_seen
from shared.problems import Problem
from shared.protocol import RELAYED_HEADER

LOADER = "XIANGYE_DEVICE_LOADER"
_KEPT, _RELAY = "xiangye_device", "xiangye_relay"
_FOR_RELAYS = {
    ("POST", "/v1/sync/batches"),
    ("POST", "/v1/uploads"),
    ("HEAD", "/v1/uploads/<uuid:upload_id>"),
    ("PATCH", "/v1/uploads/<uuid:upload_id>"),
    ("GET", "/v1/relay/tablets"),
    ("POST", "/v1/relay/custody"),
}
"""All that a station may call: it hands in, and is told what the province holds; it reads nothing of a tablet's records."""


def current_device() -> Any:
    """The device whose credential the request bears; Problem otherwise. Looked up once a request."""
    if _KEPT not in g:
        g.setdefault(_KEPT, _load())
        keep_seen()
    return g.get(_KEPT)


def current_relay() -> Any:
    """The station that brings this request, or None where the tablet itself does."""
    current_device()
    return g.get(_RELAY)


def _load() -> Any:
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not credential.strip():
        raise Problem("credential_missing")
    loader: Callable[[str, str | None], tuple[Any, Any]] = current_app.config[LOADER]
    device, relay = loader(credential.strip(), request.headers.get(RELAYED_HEADER))
    rule = request.url_rule.rule if request.url_rule else ""
    if relay is not None and (request.method, rule) not in _FOR_RELAYS:
        raise Problem("not_allowed", "监测站只能转交平板的批次与照片")
    g.setdefault(_RELAY, relay)
    return device
