"""Which encoding a text file is in: its mark, else the shape of its bytes, else the first that reads it all."""

import codecs
from collections.abc import Iterable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def detect(chunks: Iterable[bytes]) -> str:
    """A Python codec name. Chinese files without a mark are UTF-8 or GB18030; what is neither is read as Windows-1252.

    A file that is UTF-8 but for a few damaged bytes stays UTF-8: its bad rows are flagged, the rest is not turned into nonsense.
    """
    decoders = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8", "gb18030")}
    multibyte, first = 0, True
    for chunk in chunks:
        if first:
            marked = _from_head(chunk)
            if marked:
                return marked
            first = False
        multibyte += _whole_characters(chunk)
        for name in list(decoders):
            try:
                decoders[name].decode(chunk)
            except UnicodeDecodeError:
                del decoders[name]
    for name in list(decoders):
        try:
            decoders[name].decode(b"", final=True)
        except UnicodeDecodeError:
            del decoders[name]
    if "utf-8" in decoders or (not decoders and multibyte > 2):
        return "utf-8"
    return "gb18030" if decoders else "cp1252"


def _from_head(chunk: bytes) -> str | None:
    for mark, name in _MARKS:
        if chunk.startswith(mark):
            return name
    head = chunk[:400]
    if head.count(0) * 4 > len(head):  # Latin text in UTF-16 is half zero bytes
        return "utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be"
    return None


def _whole_characters(chunk: bytes) -> int:
    """How many characters of three bytes, as Chinese has them in UTF-8, the chunk holds."""
    return sum(1 for character in chunk.decode("utf-8", "ignore") if ord(character) > 0x7FF)


def is_known(name: str) -> bool:
    try:
        return bool(codecs.lookup(name)._is_text_encoding)
    except LookupError:
        return False
