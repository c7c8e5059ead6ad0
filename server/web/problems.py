"""Every refusal leaves as an RFC 9457 problem; nothing tells more of the server than its code."""

import logging
from typing import cast

from flask import Flask, Response, jsonify
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from server.web import complaints
from server.web.database import database
from shared.problems import Problem

_BY_STATUS = {
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    422: "invalid",
    400: "not_json",
    429: "too_many_requests",
}
_log = logging.getLogger("xiangye.web")


def register(app: Flask) -> None:
    app.register_error_handler(Problem, _problem)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(Exception, _unexpected)


def _problem(error: Problem) -> Response:
    database.session.rollback()
    return _answer(error)


def _http(error: HTTPException) -> Response:
    database.session.rollback()
    status = error.code or 500
    if status < 400:
        return cast(Response, Response.force_type(error.get_response()))
    # A refusal that the library knows and we do not is still the asker's mistake, not ours.
    messages = getattr(error, "data", {}).get("messages") or {}
    problem = Problem(_BY_STATUS.get(status, "invalid" if status < 500 else "internal"), complaints.told(messages))
    if messages:
        problem.extra["errors"] = complaints.in_chinese(messages)
        problem.extra["field"] = next((field for field, _ in complaints.sentences(messages) if field), "*")
    response = _answer(problem)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _database(error: OperationalError) -> Response:
    database.session.rollback()
    state = getattr(error.orig, "sqlstate", None)
    return _answer(Problem("storage_full" if state == "53100" else "database_away"))


def _unexpected(error: Exception) -> Response:
    database.session.rollback()
    if isinstance(error, OSError) and error.errno == 28:
        return _answer(Problem("storage_full"))
    _log.error("unexpected %s", type(error).__name__, exc_info=error)
    return _answer(Problem("internal"))


def _answer(problem: Problem) -> Response:
    response = jsonify(problem.as_json())
    response.status_code = problem.kind.status
    response.content_type = "application/problem+json"
    if "retry_after" in problem.extra:
        response.headers["Retry-After"] = str(problem.extra["retry_after"])
    return response
