"""The OpenAPI document: what a problem looks like, and who may call each route, from the table that the server runs by."""

from http import HTTPStatus
from typing import Any

from apispec import BasePlugin
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls
from flask import Flask
from flask_smorest import Api

from server.web import policy
from server.web.viewers import CSRF_HEADER, SESSION_COOKIE

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "title_en", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "description": "urn:xiangye:problem:编号"},
        "title": {"type": "string"},
        "title_en": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {"description": "按字段列出的错误"},
    },
}
_SCHEMES = {
    "device": {"type": "http", "scheme": "bearer", "description": "平板登记时得到的凭证"},
    "token": {"type": "http", "scheme": "bearer", "description": "个人令牌"},
    "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE, "description": f"写操作另需 {CSRF_HEADER}"},
}


class _Security(BasePlugin):
    def path_helper(
        self,
        path: str | None = None,
        operations: dict[str, Any] | None = None,
        parameters: list[Any] | None = None,
        **kwargs: Any,
    ) -> None:
        for method, operation in (operations or {}).items():
            row = policy.table().get((method.upper(), kwargs["rule"].rule))
            operation["security"] = _needed(row)


def _room_and_name(schema: Any) -> str:
    """Rooms name their schemas without asking each other."""
    kind: Any = resolve_schema_cls(schema)
    room = kind.__module__.removeprefix("server.").split(".")[0]
    return f"{room}.{kind.__name__.removesuffix('Schema')}"


def _needed(row: policy.Row | None) -> list[dict[str, list[str]]]:
    if row is None or row.is_open:
        return []
    return [{"device": []}] if row.is_for_devices else [{"token": []}, {"session": []}]


class DescribedApi(Api):  # type: ignore[misc]
    DEFAULT_ERROR_RESPONSE_NAME = "PROBLEM"

    def __init__(self, app: Flask) -> None:
        schemas = MarshmallowPlugin(schema_name_resolver=_room_and_name)
        super().__init__(app, spec_kwargs={"extra_plugins": [_Security()], "marshmallow_plugin": schemas})
        for name, scheme in _SCHEMES.items():
            self.spec.components.security_scheme(name, scheme)

    def _register_responses(self) -> None:
        """In place of the library's: whatever the status, a refusal of ours is a problem."""
        content = {"application/problem+json": {"schema": _PROBLEM}}
        for name in (self.DEFAULT_ERROR_RESPONSE_NAME, *(status.name for status in HTTPStatus)):
            self.spec.components.response(name, {"description": "RFC 9457 问题", "content": content}, lazy=True)
