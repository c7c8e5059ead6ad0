"""Lists in pages: a cursor says after which row the next page begins, so that no page costs more than the first."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from marshmallow import Schema, fields, validate

from shared.problems import Problem

USUAL, MOST = 50, 100
Row = TypeVar("Row")


class PageSchema(Schema):
    """Of the query; unknown fields are refused as everywhere."""

    limit = fields.Integer(load_default=USUAL, validate=validate.Range(1, MOST))
    after = fields.String(load_default=None, validate=validate.Length(max=400))


def cursor(*key: str) -> str:
    told = json.dumps(key, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(told).decode().rstrip("=")


def key_of(after: str | None, length: int = 1) -> tuple[str, ...] | None:
    """The key that a cursor bears; Problem where it is none of ours."""
    if after is None:
        return None
    try:
        told = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        told = None
    if not isinstance(told, list) or len(told) != length or not all(isinstance(one, str) and one for one in told):
        raise Problem("invalid", "翻页标记无效；请从第一页开始", field="after")
    return tuple(told)


def page(
    rows: Sequence[Row], limit: int, key: Callable[[Row], tuple[str, ...]], shown: Callable[[Row], Any]
) -> dict[str, Any]:
    """`rows`: one more than the limit where there is another page."""
    kept = rows[:limit]
    return {"items": [shown(row) for row in kept], "next": cursor(*key(kept[-1])) if len(rows) > limit else None}
