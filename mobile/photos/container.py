"""Where an image file keeps its EXIF: a JPEG's APP1 segment, or the Exif item of a HEIC file."""

import struct
from collections.abc import Iterator

_EXIF = b"Exif\0\0"
_HEIC_BRANDS = (b"heic", b"heix", b"mif1", b"hevc", b"msf1")


def media_type(data: bytes) -> str | None:
    """By its first bytes, never by its name; None for what is no photo that we take."""
    if data[:3] == b"\xff\xd8\xff":
        return "image/jpeg"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "image/png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return "image/heic" if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS else None


def exif_payload(data: bytes) -> bytes | None:
    """The TIFF structure, or None."""
    kind = media_type(data)
    if kind == "image/jpeg":
        return next((body[6:] for marker, body in jpeg_segments(data) if marker == 0xE1 and body[:6] == _EXIF), None)
    return _heic_exif(data) if kind == "image/heic" else None


def jpeg_is_whole(data: bytes) -> bool:
    """Whether the picture data begins and the end marker is there; a half-written file lacks it."""
    return b"\xff\xda" in data and b"\xff\xd9" in data[-4096:]


def jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(marker, body) up to the picture data."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        length = struct.unpack(">H", data[at + 2 : at + 4])[0]
        if marker in (0xDA, 0xD9) or length < 2:
            return
        yield marker, data[at + 4 : at + 2 + length]
        at += 2 + length


def _heic_exif(data: bytes) -> bytes | None:
    meta = next((body for kind, body in _boxes(data) if kind == b"meta"), None)
    if meta is None:
        return None
    inner = dict(_boxes(meta[4:]))
    item = _exif_item(inner.get(b"iinf", b""))
    extent = _locate(inner.get(b"iloc", b""), item) if item is not None else None
    if extent is None:
        return None
    start, length = extent
    block = data[start : start + length]
    if len(block) < 8:
        return None
    skip = struct.unpack(">I", block[:4])[0]
    return block[4 + skip :]


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        header = 8
        if size == 1 and at + 16 <= len(data):
            size, header = struct.unpack(">Q", data[at + 8 : at + 16])[0], 16
        if size == 0:
            size = len(data) - at
        if size < header:
            return
        yield kind, data[at + header : at + size]
        at += size


def _exif_item(iinf: bytes) -> int | None:
    """The id of the item of type Exif (infe version 2 or 3)."""
    start = 6 if iinf[:1] == b"\0" else 8
    for kind, body in _boxes(iinf[start:]):
        if kind != b"infe" or len(body) < 12 or body[0] not in (2, 3):
            continue
        wide = body[0] == 3
        item = int.from_bytes(body[4 : 8 if wide else 6], "big")
        type_at = 10 if wide else 8
        if body[type_at : type_at + 4] == b"Exif":
            return item
    return None


def _locate(iloc: bytes, item: int) -> tuple[int, int] | None:
    """(offset, length) in the file of an item's first extent."""
    if len(iloc) < 8:
        return None
    reader = _Reader(iloc, 4)
    version, sizes = iloc[0], reader.take(2)
    offset_size, length_size, base_size, index_size = sizes >> 12 & 15, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15
    for _ in range(min(reader.take(4 if version == 2 else 2), 10_000)):
        found = reader.take(4 if version == 2 else 2)
        in_file = reader.take(2) & 15 == 0 if version in (1, 2) else True
        reader.take(2)
        base = reader.take(base_size)
        for number in range(min(reader.take(2), 1000)):
            reader.take(index_size if version in (1, 2) else 0)
            offset, length = reader.take(offset_size), reader.take(length_size)
            if found == item and number == 0:
                return (base + offset, length) if in_file else None
    return None


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at

    def take(self, size: int) -> int:
        part = self._data[self._at : self._at + size]
        self._at += size
        return int.from_bytes(part, "big")
