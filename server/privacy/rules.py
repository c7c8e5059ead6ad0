"""What is taken out of a text so that it names nobody any more; pure."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SHORTEST = 2
_NAMES_OF_TAXA = ("scientific_name", "name_zh")
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
_PHONE = re.compile(r"[+＋]?[\d０-９][\d０-９\s\-–—()（）]{5,}[\d０-９]")
_PERSONAL = re.compile(
    r".*[\u3400-\u9fff\U00020000-\U000323af].*[\u3400-\u9fff\U00020000-\U000323af].*"  # a name or an address in Chinese
    r"|[^\W\d_]+(?:[ ·.'’-]+[^\W\d_]+)+\.?"  # a name of several words
    r"|(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}|0\d{2,3}-\d{7,8}|\d{17}[\dXx]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
)


def is_personal(word: str) -> bool:
    """Whether it is written as only words about people are, and never as a key, a code, a time or a coordinate of a record is."""
    return bool(_PERSONAL.fullmatch(word.strip()))


def ways_to_write(words: Iterable[str]) -> list[str]:
    """The words themselves and, of a telephone number, the ways in which people write it; the longest first."""
    found: set[str] = set()
    for word in (one.strip() for one in words):
        if len(word) < SHORTEST:
            continue
        found.add(word)
        if _PHONE.fullmatch(word):
            digits = "".join(str(int(one)) for one in word if one.isdigit())
            digits = digits[2:] if digits.startswith("86") and len(digits) > 11 else digits
            found |= _ways_of_a_number(digits)
    return sorted(found, key=lambda one: (-len(one), one))


def _ways_of_a_number(digits: str) -> set[str]:
    parts = [digits[:3], digits[3:7], digits[7:]] if len(digits) == 11 else [digits]
    ways = {separator.join(parts) for separator in ("", " ", "-", "－")}
    return ways | {digits.translate(_FULL_WIDTH)}


def as_bytes(words: Sequence[str]) -> list[bytes]:
    """As they stand in a JSON text, whether it escapes what is not ASCII or not."""
    found: list[bytes] = []
    for word in words:
        escaped = json.dumps(word)[1:-1]
        found += [word.encode(), escaped.encode(), escaped.upper().replace("\\U", "\\u").encode()]
    return list(dict.fromkeys(found))


def without(text: str, words: Sequence[str], instead: str) -> str:
    for word in words:
        text = text.replace(word, instead)
    return text


def redacted(value: Any, words: Sequence[str], instead: str, key: str = "") -> Any:
    """The same, with the words gone from every text and key but the names of taxa, which may be somebody's too."""
    if isinstance(value, str):
        return value if key in _NAMES_OF_TAXA else without(value, words, instead)
    if isinstance(value, list):
        return [redacted(one, words, instead, key) for one in value]
    if isinstance(value, dict):
        return {without(name, words, instead): redacted(one, words, instead, name) for name, one in value.items()}
    return value


def without_track(record: Mapping[str, Any]) -> dict[str, Any]:
    """A track's record whose points are gone: one that lies nowhere keeps it a record."""
    body = dict(record["body"])
    body["points"] = [[body["points"][0][0], 0, 0, None, None]]
    return {**record, "body": body}


def without_bytes(data: bytes, words: Sequence[str]) -> bytes:
    """A file of the same length and structure: what named somebody is stars, in each encoding that cameras write."""
    for word in words:
        for encoding, star in (("utf-8", b"*"), ("utf-16-le", b"*\0"), ("utf-16-be", b"\0*"), ("gb18030", b"*")):
            form = word.encode(encoding)
            data = data.replace(form, star * (len(form) // len(star)))
    return data
