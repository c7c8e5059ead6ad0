"""Canonical bytes (RFC 8785) and the digest of a received JSON object.

The wire has no floats, so number formatting, the hard part of RFC 8785, does not arise; a float is refused.
Nothing is normalised: two spellings of a character are two texts, and an older server agrees about fields it does not know.
"""

import hashlib
import json
import re
from typing import Any

from shared import strict_json
from shared.strict_json import MAX_SAFE_INTEGER

_quoted = json.JSONEncoder(ensure_ascii=False).encode
_whole = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")).encode
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class NotCanonical(ValueError):
    """The object cannot have canonical bytes; `path` names the place."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path or '/'}: {reason}")
        self.path = path or "/"
        self.reason = reason


def canonical_bytes(value: Any) -> bytes:
    if _is_plain(value):
        try:
            return _whole(value).encode("utf-8")
        except UnicodeEncodeError:
            pass  # a lone surrogate: below it is told where
    return _encode(value, "").encode("utf-8")


def digest(value: Any) -> str:
    """SHA-256, hexadecimal, over the canonical bytes."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def parse(data: bytes) -> Any:
    """JSON without what has no canonical form: duplicate keys, floats, NaN. Texts and depth are judged record by record, so that
    one bad record does not hinder the others of its batch."""
    try:
        return strict_json.parse(data, _no_float)
    except strict_json.NotJson as error:
        raise NotCanonical("", error.reason) from error


def _is_plain(value: Any) -> bool:
    """What the encoder of the language writes in the very same way, and in a fifth of the time: nearly every record."""
    kind = type(value)
    if kind is dict:
        return all(type(key) is str and key.isascii() for key in value) and all(map(_is_plain, value.values()))
    if kind is list:
        return all(map(_is_plain, value))
    return kind is str or value is None or kind is bool or (kind is int and abs(value) <= MAX_SAFE_INTEGER)


def _encode(value: Any, path: str) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER:
            raise NotCanonical(path, "integer beyond 2^53")
        return str(value)
    if isinstance(value, str):
        return _encode_text(value, path)
    if isinstance(value, list | tuple):
        return "[" + ",".join(_encode(item, f"{path}/{n}") for n, item in enumerate(value)) + "]"
    if isinstance(value, dict):
        return _encode_object(value, path)
    raise NotCanonical(path, f"{type(value).__name__} has no place on the wire")


def _encode_object(value: dict[Any, Any], path: str) -> str:
    if not all(isinstance(key, str) for key in value):
        raise NotCanonical(path, "a key is not text")
    # RFC 8785 sorts by UTF-16 code units, which differs from code point order beyond the BMP.
    keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
    return "{" + ",".join(f"{_encode_text(k, path)}:{_encode(value[k], f'{path}/{k}')}" for k in keys) + "}"


def _encode_text(value: str, path: str) -> str:
    if not value.isascii() and _LONE_SURROGATE.search(value):
        raise NotCanonical(path, "lone surrogate")
    return _quoted(value)


def _no_float(text: str) -> Any:
    raise strict_json.NotJson(f"number {text}: decimals travel as text")
