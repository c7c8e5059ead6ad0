"""What marshmallow says against a request, in Chinese and with the field's name; words of our own pass as they are."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_LOCATIONS = {"json", "query", "json_or_form", "headers", "form"}
_WHOLE = "_schema"
_ORDER = {"greater than or equal to": "≥", "less than or equal to": "≤", "greater than": ">", "less than": "<"}
_WORDS: tuple[tuple[str, str], ...] = (
    (r"Missing data for required field\.", "必填，但没有给出"),
    (r"Unknown field\.", "没有这个字段"),
    (r"Field may not be null\.", "不能为 null"),
    (r"Invalid input type\.", "应为一个 JSON 对象"),
    (r"Not a valid string\.", "应为文字"),
    (r"Not a valid boolean\.", "应为 true 或 false"),
    (r"Not a valid integer\.", "应为整数"),
    (r"Not a valid number\.", "应为数字"),
    (r"Not a valid UUID\.", "应为编号 (UUID)"),
    (r"Not a valid list\.", "应为列表"),
    (r"Not a valid mapping type\.", "应为一个 JSON 对象"),
    (r"Not a valid aware datetime\.", "须带时区，例如 2026-06-30T08:00:00+08:00"),
    (r"Not a valid datetime\.", "应为带时区的时间，例如 2026-06-30T08:00:00+08:00"),
    (r"Not a valid date\.", "应为日期，例如 2026-06-30"),
    (r"Number too large\.", "数字过大"),
    (r"Special numeric values \(nan or infinity\) are not permitted\.", "不能是 NaN 或无穷大"),
    (r"String does not match expected pattern\.", "格式不符"),
    (r"Must be one of: (.*)\.", r"应为下列之一：\1"),
    (r"Must be equal to (.*)\.", r"应为 \1"),
    (r"Shorter than minimum length (\d+)\.", r"长度至少为 \1"),
    (r"Longer than maximum length (\d+)\.", r"长度至多为 \1"),
    (r"Length must be between (\d+) and (\d+)\.", r"长度应为 \1–\2"),
    (r"Length must be (\d+)\.", r"长度应为 \1"),
    (r"Must be ([a-z ]+ )(\S+)(?: and ([a-z ]+ )(\S+))?\.", ""),
    (r"not a UUID in lower case: (.*)", r"应为小写的编号 (UUID)，不是 \1"),
    (r"not a decimal number in text: (.*)", r"应为写成文字的十进制数，不是 \1"),
    (r"not a time with a zone: (.*)", r"须带时区，不是 \1"),
    (r"holds U\+0000, which the database cannot keep", "含有空字符"),
    (r"Invalid (?:value|input|type)\.", "值无效"),
)
_PATTERNS = tuple((re.compile(pattern, re.DOTALL), words) for pattern, words in _WORDS)


def in_chinese(messages: Any) -> Any:
    """The same tree, its leaves in Chinese."""
    if isinstance(messages, Mapping):
        return {key: in_chinese(below) for key, below in messages.items()}
    if isinstance(messages, list):
        return [in_chinese(one) for one in messages]
    return _sentence(str(messages))


def sentences(messages: Any) -> list[tuple[str, str]]:
    """(field, what is wrong with it) in the order of the request; the field of nested ones with dots."""
    return [(".".join(path), _sentence(text)) for path, text in _leaves(messages, ())]


def told(messages: Any) -> str:
    """One sentence for a person."""
    return "；".join(f"{field}：{words}" if field else words for field, words in sentences(messages))


def _leaves(messages: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(messages, Mapping):
        for key, below in messages.items():
            is_place = key == _WHOLE or (not path and key in _LOCATIONS)
            yield from _leaves(below, path if is_place else (*path, str(key)))
    elif isinstance(messages, list):
        for one in messages:
            yield from _leaves(one, path)
    else:
        yield path, str(messages)


def _sentence(text: str) -> str:
    for pattern, words in _PATTERNS:
        found = pattern.fullmatch(text)
        if found is not None:
            return found.expand(words) if words else _range(found)
    return text


def _range(found: re.Match[str]) -> str:
    parts = [found.groups()[at : at + 2] for at in (0, 2)]
    return "应 " + " 且 ".join(f"{_ORDER.get(order.strip(), order)} {limit}" for order, limit in parts if order)
