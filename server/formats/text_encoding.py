"""Which encoding a text file is in: its mark, else the shape of its bytes."""

import codecs
import re
from collections.abc import Iterable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HIGH = re.compile(rb"[\x80-\xff]+")
_TOLERATED = 10  # per cent of the bytes beyond ASCII that may be damaged


def detect(chunks: Iterable[bytes]) -> str:
    """A Python codec name. Chinese files without a mark are UTF-8 or GB18030; what is neither is read as Windows-1252.

    A file with a few damaged bytes keeps its encoding: its bad rows are flagged, and the rest is not turned into nonsense.
    """
    decoders = {name: codecs.getincrementaldecoder(name)("replace") for name in ("utf-8", "gb18030")}
    damaged = dict.fromkeys(decoders, 0)
    high = pairs = singles = 0
    for n, chunk in enumerate(chunks):
        marked = _from_head(chunk) if n == 0 else None
        if marked:
            return marked
        runs = [len(run) for run in _HIGH.findall(chunk)]
        high, singles = high + sum(runs), singles + runs.count(1)
        pairs += len(runs) - runs.count(1)
        for name, decoder in decoders.items():
            damaged[name] += decoder.decode(chunk).count("\ufffd")
    for name, decoder in decoders.items():
        damaged[name] += decoder.decode(b"", final=True).count("\ufffd")
    if damaged["utf-8"] * 100 <= _TOLERATED * high:
        return "utf-8"
    # Latin letters with accents stand alone among ASCII; Chinese characters are runs of high bytes.
    return "gb18030" if damaged["gb18030"] * 100 <= _TOLERATED * high and pairs >= singles else "cp1252"


def _from_head(chunk: bytes) -> str | None:
    for mark, name in _MARKS:
        if chunk.startswith(mark):
            return name
    head = chunk[:400]
    if head.count(0) * 4 > len(head):  # Latin text in UTF-16 is half zero bytes
        return "utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be"
    return None


def is_known(name: str) -> bool:
    try:
        "".encode(name)
    except (LookupError, ValueError):
        return False
    return True
