"""Who a request looks for: a console session (cookie) or a personal token. A tablet's credential is neither.

The loader is registered by the application, since accounts stand above this room.
"""

from collections.abc import Callable
from typing import Any

from flask import current_app, request

from server.db import look_through
from server.web.database import request_session
from shared.problems import Problem

LOADER = "XIANGYE_VIEWER_LOADER"
SESSION_COOKIE = "xiangye_session"
CSRF_HEADER = "X-CSRF-Token"
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def current_viewer(right: str) -> Any:
    """The viewer of this request where it holds the right, and the session narrowed to what it may see by it; Problem otherwise."""
    found = signed_in().within(right)
    look_through(request_session(), found.scopes)
    return found


def signed_in() -> Any:
    """Whoever signed in, whatever their rights."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    cookie = request.cookies.get(SESSION_COOKIE, "")
    if scheme == "Bearer" and token.strip():
        return _loader()(token.strip(), None, None)
    if scheme or not cookie:
        raise Problem("sign_in_needed")
    csrf = request.headers.get(CSRF_HEADER, "") if request.method in _UNSAFE else None
    return _loader()(None, cookie, csrf)


def _loader() -> Callable[[str | None, str | None, str | None], Any]:
    loader: Callable[[str | None, str | None, str | None], Any] = current_app.config[LOADER]
    return loader
