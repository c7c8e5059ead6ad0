"""Who a request looks for: a console session (cookie) or a personal token. A tablet's credential is neither.

The loader is registered by the application, since accounts stand above this room.
"""

from collections.abc import Callable
from typing import Any

from flask import current_app, g, request

from server.db import look_through
from server.web.database import keep_seen, request_session
from shared.problems import Problem

LOADER = "XIANGYE_VIEWER_LOADER"
SESSION_COOKIE = "xiangye_session"
CSRF_HEADER = "X-CSRF-Token"
_KEPT = "xiangye_viewer"
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def current_viewer(right: str) -> Any:
    """The viewer of this request where it holds the right, and the session narrowed to what it may see by it; Problem otherwise."""
    found = signed_in().within(right)
    look_through(request_session(), found.scopes)
    return found


def signed_in() -> Any:
    """Whoever signed in, whatever their rights; looked up once a request."""
    if _KEPT not in g:
        g.setdefault(_KEPT, _load())
        keep_seen()
    return g.get(_KEPT)


def by_session() -> Any:
    """Whoever signed in with a console session: what a personal token may not do, since it could outlive itself by it."""
    if "Authorization" in request.headers:
        raise Problem("not_allowed", "此操作须在控制台登录后进行，个人令牌不可用")
    return signed_in()


def _load() -> Any:
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
