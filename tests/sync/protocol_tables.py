"""The tables of shared/wire/PROTOCOL.md, made from the schemas and the catalogue, so that the page cannot fall behind them.

python -m tests.sync.protocol_tables      writes them anew between their marks
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from marshmallow import Schema, fields, missing, validate

from shared import protocol
from shared.problems import CATALOGUE
from shared.wire import base, signature
from shared.wire.envelope import BODIES, EnvelopeSchema
from shared.wire.patrol import TrackPoint
from shared.wire.sealed import HeaderSchema

PAGE = Path(__file__).parents[2] / "shared" / "wire" / "PROTOCOL.md"
_MARK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_TYPES: tuple[tuple[type[fields.Field[Any]], str], ...] = (
    (base.Identifier, "id"),
    (base.Instant, "time"),
    (base.ObservedTime, "date"),
    (base.Decimals, "decimal"),
    (base.Whole, "whole"),
    (TrackPoint, "point"),
    (fields.Boolean, "true/false"),
    (fields.Dict, "object"),
    (fields.String, "text"),
)


def tables() -> dict[str, str]:
    return {
        "limits": "\n".join(_limits()),
        "envelope": "\n".join(_fields_of(EnvelopeSchema())),
        "kinds": "\n\n".join(_kind(name, schema()) for name, schema in BODIES.items()),
        "parts": "\n\n".join(_kind(name, schema) for name, schema in sorted(_parts().items())),
        "sealed": "\n".join(_fields_of(HeaderSchema())),
        "errors": "\n".join(_errors()),
    }


def filled(page: str) -> str:
    made = tables()
    return _MARK.sub(lambda found: found[1] + made[found[2]] + "\n" + found[3], page)


def _limits() -> Iterator[str]:
    yield from ("| limit | value |", "|---|---|")
    for words, value in (
        ("records in a batch", protocol.MAX_RECORDS_PER_BATCH),
        ("bytes of a batch, as sent and unpacked", protocol.MAX_BODY_BYTES),
        ("depth of a record", protocol.MAX_DEPTH),
        ("bytes of a photo", protocol.MAX_PHOTO_BYTES),
        ("bytes of a review copy", protocol.MAX_REVIEW_BYTES),
        ("characters of a public key", signature.MAX_KEY_TEXT),
        ("characters of a signature", signature.MAX_SIGNATURE_TEXT),
        ("forks of a device", protocol.MAX_FORKS),
    ):
        yield f"| {words} | {value} |"


def _kind(name: str, schema: Schema) -> str:
    return f"**{name}**\n\n" + "\n".join(_fields_of(schema))


def _fields_of(schema: Schema) -> Iterator[str]:
    yield from ("| field | what | if it is left out |", "|---|---|---|")
    for name, field in schema.fields.items():
        yield f"| `{field.data_key or name}` | {_what(field)} | {_left_out(field)} |"


def _what(field: fields.Field[Any]) -> str:
    if isinstance(field, fields.Nested):
        words = f"*{_part_name(field)}*"
    elif isinstance(field, fields.List):
        words = f"list of {_what(field.inner)}"
    elif isinstance(field, fields.Tuple):
        words = "[" + ", ".join(_what(one) for one in field.tuple_fields) + "]"
    else:
        words = next(words for kind, words in _TYPES if isinstance(field, kind))
    return words + "".join(_rule(rule) for rule in field.validators) + (" or null" if field.allow_none else "")


def _rule(rule: Any) -> str:
    if isinstance(rule, validate.OneOf):
        return ": " + " ".join(f"`{choice}`" for choice in rule.choices)
    if isinstance(rule, validate.Length):
        return f" ≤ {rule.max}" if not rule.min else f" {rule.min}…{rule.max or ''}"
    if isinstance(rule, validate.Range):
        return f" {rule.min}…{rule.max}"
    return ": SHA-256" if rule is base.SHA256 else ""


def _left_out(field: fields.Field[Any]) -> str:
    if field.required:
        return "refused"
    default = field.load_default
    if default is missing:
        return "absent"
    return {list: "[]", dict: "{}", None: "null"}.get(
        default, f"`{str(default).lower() if default in (True, False) else default}`"
    )


def _part_name(field: fields.Nested) -> str:
    return type(field.schema).__name__.removesuffix("Schema")


def _parts() -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    queue: list[Schema] = [EnvelopeSchema(), *(schema() for schema in BODIES.values())]
    while queue:
        for field in queue.pop().fields.values():
            inner = field.inner if isinstance(field, fields.List) else field
            if isinstance(inner, fields.Nested) and _part_name(inner) not in found:
                found[_part_name(inner)] = inner.schema
                queue.append(inner.schema)
    return found


def _errors() -> Iterator[str]:
    yield from ("| status | `code` | `type` ends in | means |", "|---|---|---|---|")
    for kind in sorted(CATALOGUE.values(), key=lambda one: (one.status, float(one.number.partition(".")[2]))):
        yield f"| {kind.status} | `{kind.code}` | {kind.number} | {kind.title_zh} · {kind.title_en} |"


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
