"""The first thing that happens to a request: who is it, and may such a one call this at all? Before any body is read.

Views ask again, for the right itself and for the place; this wall makes sure that none is forgotten.
"""

from flask import Flask, request
from werkzeug.routing import Rule

from server.web import policy
from server.web.devices import current_device
from server.web.viewers import signed_in
from shared.problems import Problem
from shared.protocol import MAX_BODY_BYTES, MAX_PHOTO_BYTES

_LONGER: dict[str, int] = {"/v1/uploads/<uuid:upload_id>": MAX_PHOTO_BYTES}


def register(app: Flask) -> None:
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    # Blueprints' own come after the application's, so this is the first that may refuse.
    app.before_request(hold)


def hold() -> None:
    rule = request.url_rule
    if rule is None or request.method == "OPTIONS":
        return
    request.max_content_length = _LONGER.get(rule.rule, MAX_BODY_BYTES)
    row = policy.table().get((listed_as(request.method, rule), rule.rule))
    if row is None:
        raise Problem("not_found")  # closed until the table says who may call it
    if row.is_open:
        return
    if row.is_for_devices:
        current_device()
        return
    viewer = signed_in()
    if not row.allows(held.role for held in viewer.held):
        raise Problem("not_allowed")


def listed_as(method: str, rule: Rule) -> str:
    """HEAD goes with GET where there is one."""
    return "GET" if method == "HEAD" and "GET" in (rule.methods or ()) else method


def routes(app: Flask) -> set[tuple[str, str]]:
    """(method, route) of everything that can be called; OPTIONS tells nothing."""
    return {
        (listed_as(method, rule), rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"OPTIONS"}
    }
