"""What a rendition may be made of; pure."""

from collections.abc import Iterator

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_JFIF = b"JFIF\0"
# Frame, Huffman tables, quantisation tables, restart interval: what pixels need, and no more.
_OF_PIXELS = frozenset({0xC0, 0xC1, 0xC2, 0xC4, 0xDB, 0xDD, _SOS})


def may_be_photo(data: bytes) -> bool:
    """By its first bytes one of the kinds that the decoder reads."""
    return (
        data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))
        or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")
        or data[4:8] == b"ftyp"
    )


def is_bare_jpeg(data: bytes) -> bool:
    """Pixels and the mark of JFIF: no EXIF, XMP, profile, comment, second picture or thumbnail, and nothing after the end.

    A second wall: renditions are made from pixels, and this asks the bytes themselves."""
    try:
        for marker, body in _segments(data):
            of_jfif = marker == 0xE0 and body.startswith(_JFIF) and body[12:] == b"\0\0"
            if marker not in _OF_PIXELS and not of_jfif:
                return False
    except (IndexError, ValueError):
        return False
    return True


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Up to the end mark, which must be the last of the bytes; ValueError for what is no JPEG."""
    if data[:2] != bytes((0xFF, _SOI)):
        raise ValueError("no start mark")
    at = 2
    while True:
        if data[at] != 0xFF:
            raise ValueError("no mark where one should be")
        marker = data[at + 1]
        if marker == _EOI:
            if at + 2 != len(data):
                raise ValueError("bytes after the end")
            return
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        yield marker, data[at + 4 : at + 2 + length]
        at += 2 + length
        if marker == _SOS:
            at = _after_scan(data, at)


def _after_scan(data: bytes, at: int) -> int:
    """Where the next mark stands: in a scan 0xFF is followed by 0, or by a restart mark."""
    while True:
        at = data.index(b"\xff", at)
        if data[at + 1] != 0 and not 0xD0 <= data[at + 1] <= 0xD7:
            return at
        at += 2
