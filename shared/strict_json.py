"""JSON from strangers, read in one way by sync, routes and imports.

Refused is what two readers could take for two things (a key that stands twice, NaN, 1e400, numbers that lose digits), what no
database keeps (NUL, half of a surrogate pair), and what costs more than it can be worth (size, depth).
"""

import json
import math
import re
from codecs import BOM_UTF8
from collections.abc import Callable
from typing import Any

from shared.protocol import MAX_BODY_BYTES, MAX_DEPTH, depth_of

MAX_SAFE_INTEGER = 2**53 - 1
_ESCAPED = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


class NotJson(ValueError):
    """`reason` says what is wrong, without the content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read(data: bytes, max_bytes: int = MAX_BODY_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """A value in which every text and every number can be kept as it stands."""
    if len(data) > max_bytes:
        raise NotJson(f"超过 {max_bytes} 字节 (longer than {max_bytes} bytes)")
    value = parse(data.removeprefix(BOM_UTF8), _finite, _whole)
    if depth_of(value, max_depth) > max_depth:
        raise NotJson(f"嵌套超过 {max_depth} 层 (nested deeper than {max_depth})")
    if _ESCAPED.search(data):
        _refuse_unkeepable(value)
    return value


def parse(data: bytes, parse_float: Callable[[str], Any], parse_int: Callable[[str], Any] = int) -> Any:
    """One value of a text in UTF-8, with no key twice; how long and how deep it is, and what its texts hold, the caller judges."""
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_no_duplicates,
            parse_float=parse_float,
            parse_int=parse_int,
            parse_constant=_no_constant,
        )
    except NotJson:
        raise
    except RecursionError as error:
        raise NotJson("嵌套过深 (nested too deep)") from error
    except ValueError as error:
        raise NotJson(f"不是 JSON (not JSON): {error}") from error


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise NotJson("同一个对象里一个键出现两次 (a key stands twice in one object)")
    return result


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise NotJson("数字超出范围 (a number beyond what a computer holds)")
    return value


def _whole(text: str) -> int:
    value = int(text)
    if abs(value) > MAX_SAFE_INTEGER:
        raise NotJson("整数超出 2^53 (a whole number beyond 2^53)")
    return value


def _no_constant(text: str) -> Any:
    raise NotJson(f"{text} 不是 JSON 的数字 ({text} is no number of JSON)")


def _refuse_unkeepable(value: Any) -> None:
    queue = [value]
    while queue:
        item = queue.pop()
        if isinstance(item, str) and ("\0" in item or any("\ud800" <= character <= "\udfff" for character in item)):
            raise NotJson("文字含空字符或半个字符 (a text with NUL or with half of a character)")
        if isinstance(item, dict):
            queue += [*item, *item.values()]
        elif isinstance(item, list):
            queue += item
