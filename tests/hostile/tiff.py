"""EXIF blocks made byte by byte, since no library writes what is wrong."""

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

EXIF_IFD, GPS_IFD = 0x8769, 0x8825
BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SRATIONAL, FLOAT = 1, 2, 3, 4, 5, 7, 10, 11


class Entry(NamedTuple):
    """`data`: the bytes of the value; where the block says how many there are, `count` may lie."""

    tag: int
    kind: int
    count: int
    data: bytes


def text(tag: int, value: str) -> Entry:
    data = value.encode() + b"\0"
    return Entry(tag, ASCII, len(data), data)


def rationals(tag: int, *parts: tuple[int, int], kind: int = RATIONAL) -> Entry:
    code = "<2I" if kind == RATIONAL else "<2i"
    return Entry(tag, kind, len(parts), b"".join(struct.pack(code, *part) for part in parts))


def degrees(tag: int, value: float) -> Entry:
    return rationals(tag, (round(value * 10_000_000), 10_000_000), (0, 1), (0, 1))


def gps(latitude: float, longitude: float) -> list[Entry]:
    return [
        text(1, "N" if latitude >= 0 else "S"),
        degrees(2, abs(latitude)),
        text(3, "E" if longitude >= 0 else "W"),
        degrees(4, abs(longitude)),
    ]


def block(
    first: Sequence[Entry] = (),
    inner: Mapping[int, Sequence[Entry]] | None = None,
    thumbnail: bytes = b"",
    next_ifd: int | None = None,
    pointers: Mapping[int, int] | None = None,
) -> bytes:
    """A TIFF block, little endian: the first directory, those it points to, and a thumbnail in a second one.

    `next_ifd` and `pointers` put other offsets in place of the true ones."""
    inner, out = dict(inner or {}), bytearray(b"II*\0\x08\0\0\0")
    head = [*first, *(Entry(tag, LONG, 1, b"\0\0\0\0") for tag in {**inner, **(pointers or {})})]
    where = _append(out, head)
    for tag, entries in inner.items():
        _patch(out, where[tag], _append(out, entries)[-1])
    for tag, offset in (pointers or {}).items():
        _patch(out, where[tag], offset)
    if thumbnail:
        next_ifd = len(out)
        there = _append(
            out, [Entry(0x0201, LONG, 1, b"\0\0\0\0"), Entry(0x0202, LONG, 1, struct.pack("<I", len(thumbnail)))]
        )
        _patch(out, there[0x0201], len(out))
        out += thumbnail
    _patch(out, 8 + 2 + 12 * len(head), next_ifd or 0)
    return bytes(out)


def _append(out: bytearray, entries: Sequence[Entry]) -> dict[int, int]:
    """Where the value field of each tag stands; -1: the directory itself."""
    start = len(out)
    values = start + 2 + 12 * len(entries) + 4
    rows, stored, where = b"", b"", {-1: start}
    for number, entry in enumerate(entries):
        where[entry.tag] = start + 2 + 12 * number + 8
        inline = entry.data.ljust(4, b"\0") if len(entry.data) <= 4 else struct.pack("<I", values + len(stored))
        rows += struct.pack("<HHI", entry.tag, entry.kind, entry.count) + inline
        stored += entry.data if len(entry.data) > 4 else b""
    out += struct.pack("<H", len(entries)) + rows + b"\0\0\0\0" + stored
    return where


def _patch(out: bytearray, at: int, value: int) -> None:
    out[at : at + 4] = struct.pack("<I", value)
