"""So many requests a minute: for each credential, for each address, and fewer for what may be tried without any credential.

Each worker counts for itself, so the true limit is up to so many times as high as there are workers. Tries of a password or an
enrolment code are counted in the database besides (accounts/tries.py).
"""

import hashlib

from flask import Flask, request
from flask_limiter import ApplicationLimit, Limiter

from server.settings import Settings
from server.web.viewers import SESSION_COOKIE

TRIES = frozenset(
    {
        ("POST", "/v1/session"),
        ("POST", "/v1/devices/enrol"),
        ("GET", "/v1/oidc/start"),
        ("GET", "/v1/oidc/callback"),
    }
)
ADDRESS_FACTOR, TRIES_PER_MINUTE = 5, 60


def register(app: Flask, settings: Settings) -> None:
    """Before the wall (walls.py), which asks the database. No limit where the settings say 0, as tests do."""
    if not settings.requests_per_minute:
        return
    Limiter(
        app=app,
        key_func=_address,
        application_limits=[
            ApplicationLimit(
                f"{settings.requests_per_minute} per minute", key_function=_credential, scope="credential"
            ),
            ApplicationLimit(f"{settings.requests_per_minute * ADDRESS_FACTOR} per minute", scope="address"),
            ApplicationLimit(f"{TRIES_PER_MINUTE} per minute", scope="tries", exempt_when=lambda: not _is_try()),
        ],
        storage_uri="memory://",
        headers_enabled=True,
    )


def _credential() -> str:
    """Of whatever is sent as one: an invented one is counted apart, and by its address like all."""
    borne = request.headers.get("Authorization") or request.cookies.get(SESSION_COOKIE)
    if not borne:
        return _address()
    return hashlib.sha256(borne.encode("utf-8", "surrogatepass")).hexdigest()


def _address() -> str:
    return request.remote_addr or "unknown"


def _is_try() -> bool:
    return request.url_rule is not None and (request.method, request.url_rule.rule) in TRIES
