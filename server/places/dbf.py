"""Which encoding the texts of a shapefile's table are in: what its .cpg says, unless the bytes say otherwise."""

import codecs
import re
import struct
from collections.abc import Iterator
from pathlib import Path

from server.formats.text_encoding import detect

_CHUNK = 1 << 20
_FIELD = 32
_NAME = 11


def encoding_of(table: Path, page: Path) -> tuple[str, str | None]:
    """(encoding for GDAL, a sentence for the user or None). `page` is the .cpg, which may be missing.

    Bytes that are UTF-8 or GB18030 by their shape speak louder than it; bytes that could be anything are what it says."""
    seen = detect(_texts(table))
    declared = _declared(page)
    if declared is None:
        told = None if seen == "utf-8" else f"没有可用的 .cpg，按内容判断属性表编码为 {_name(seen)}"
        return _name(seen), told
    if seen in (declared, "cp1252") or _plain(table):
        return _name(declared), None
    return _name(seen), f".cpg 写的是 {_name(declared)}，但属性表的字节是 {_name(seen)}，按后者读取"


def _declared(page: Path) -> str | None:
    """The larger codec of a family: what is valid GBK is the same in GB18030."""
    if not page.is_file():
        return None
    written = page.read_bytes()[:40].decode("ascii", "ignore").strip()
    number = re.fullmatch(r"(?:ansi|cp|windows|ms)?[\s_-]*(\d{3,5})", written, re.I)
    if number:
        written = {"65001": "utf-8", "936": "gb18030", "54936": "gb18030"}.get(number[1], f"cp{number[1]}")
    try:
        name = codecs.lookup(written).name
    except (LookupError, ValueError):
        return None
    return "gb18030" if name in ("gbk", "gb2312") else name


def _name(codec: str) -> str:
    return {"utf-8-sig": "UTF-8"}.get(codec, codec.upper())


def _plain(table: Path) -> bool:
    return all(chunk.isascii() for chunk in _texts(table))


def _texts(table: Path) -> Iterator[bytes]:
    """Field names, then the records, all of it text. A table too short for its head yields nothing, and GDAL says so."""
    with table.open("rb") as opened:
        head = opened.read(_FIELD)
        if len(head) < _FIELD:
            return
        fields = opened.read(max(0, struct.unpack("<H", head[8:10])[0] - _FIELD))
        for start in range(0, len(fields) - _FIELD + 1, _FIELD):
            yield fields[start : start + _NAME].split(b"\0")[0]
        while chunk := opened.read(_CHUNK):
            yield chunk
