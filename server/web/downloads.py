"""File names in headers (RFC 6266): Chinese ones whole, and none that ends the header or leads anywhere."""

import re
from urllib.parse import quote

_MOST_BYTES = 180
_NOT_IN_NAMES = re.compile(
    r'[\x00-\x1f\x7f-\x9f\\/:*?"<>|\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+|[\ud800-\udfff]'
)
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")


def disposition(name: str, inline: bool = False) -> str:
    """The value of Content-Disposition: a plain name for old readers, the whole name beside it."""
    kept = _safe(name)
    plain = _NOT_PLAIN.sub("_", kept).strip("_.") or "file"
    if plain == kept.rpartition(".")[2] != kept:
        plain = f"file.{plain}"  # nothing but the ending was left of it
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(kept, safe='')}"


def _safe(name: str) -> str:
    """Of too long a name the end that says what kind of file it is stays, and no character is cut in two."""
    kept = _NOT_IN_NAMES.sub("_", name).strip(" .") or "file"
    stem, dot, ending = kept.rpartition(".")
    if not dot or len(ending) > 10:
        stem, ending = kept, ""
    room = _MOST_BYTES - len(ending.encode()) - 1
    return stem.encode()[:room].decode(errors="ignore") + (f".{ending}" if ending else "")
