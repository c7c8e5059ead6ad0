"""Writes a position and a time into a *copy* of a JPEG by putting one APP1 segment behind its first marker.

The picture data is carried over byte by byte, so the copy shows the same pixels; the original is never opened for writing.
"""

import struct
from datetime import datetime
from fractions import Fraction

from mobile.photos.container import jpeg_segments, media_type

_ASCII, _LONG, _RATIONAL, _BYTE = 2, 4, 5, 1


class NotAJpeg(ValueError):
    pass


def splice_exif(jpeg: bytes, latitude_e7: int, longitude_e7: int, taken_at: datetime) -> bytes:
    """The JPEG with its Exif segment replaced by one holding this position and this aware time."""
    if media_type(jpeg) != "image/jpeg":
        raise NotAJpeg("only a JPEG takes an APP1 segment")
    body = b"Exif\0\0" + _tiff(latitude_e7, longitude_e7, taken_at)
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    return b"\xff\xd8" + segment + _without_exif(jpeg)


def _without_exif(jpeg: bytes) -> bytes:
    """Everything behind the first marker, without Exif segments."""
    kept, at = [], 2
    for marker, body in jpeg_segments(jpeg):
        end = at + 4 + len(body)
        if not (marker == 0xE1 and body[:6] == b"Exif\0\0"):
            kept.append(jpeg[at:end])
        at = end
    return b"".join(kept) + jpeg[at:]


def _tiff(latitude_e7: int, longitude_e7: int, taken_at: datetime) -> bytes:
    stamp = taken_at.strftime("%Y:%m:%d %H:%M:%S").encode() + b"\0"
    zone = taken_at.strftime("%z")
    offset = f"{zone[:3]}:{zone[3:5]}".encode() + b"\0"
    gps = [
        (0, _BYTE, 4, b"\2\3\0\0"),
        (1, _ASCII, 2, b"S\0" if latitude_e7 < 0 else b"N\0"),
        (2, _RATIONAL, 3, _sexagesimal(latitude_e7)),
        (3, _ASCII, 2, b"W\0" if longitude_e7 < 0 else b"E\0"),
        (4, _RATIONAL, 3, _sexagesimal(longitude_e7)),
        (18, _ASCII, 7, b"WGS-84\0"),
    ]
    camera = [(0x9003, _ASCII, len(stamp), stamp), (0x9011, _ASCII, len(offset), offset)]
    first_size, camera_size = 2 + 12 * 2 + 4, _size(camera)
    camera_at = 8 + first_size
    pointers = [
        (0x8769, _LONG, 1, struct.pack(">I", camera_at)),
        (0x8825, _LONG, 1, struct.pack(">I", camera_at + camera_size)),
    ]
    return (
        b"MM\0*"
        + struct.pack(">I", 8)
        + _directory(pointers, 8)
        + _directory(camera, camera_at)
        + _directory(gps, camera_at + camera_size)
    )


def _sexagesimal(value_e7: int) -> bytes:
    degrees, rest = divmod(abs(value_e7), 10_000_000)
    minutes, rest = divmod(rest * 60, 10_000_000)
    seconds = Fraction(rest * 60, 10_000_000).limit_denominator(1_000_000)
    return struct.pack(">6I", degrees, 1, minutes, 1, seconds.numerator, seconds.denominator)


def _size(entries: list[tuple[int, int, int, bytes]]) -> int:
    return 2 + 12 * len(entries) + 4 + sum(len(value) + len(value) % 2 for *_, value in entries if len(value) > 4)


def _directory(entries: list[tuple[int, int, int, bytes]], at: int) -> bytes:
    head, tail = struct.pack(">H", len(entries)), b""
    tail_at = at + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in entries:
        inline = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(">I", tail_at + len(tail))
        head += struct.pack(">HHI", tag, kind, count) + inline
        if len(value) > 4:
            tail += value + b"\0" * (len(value) % 2)
    return head + struct.pack(">I", 0) + tail
