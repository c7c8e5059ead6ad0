"""What a photo says of itself: position, time, camera. Read in the child alone (server/media/decoder.py), through Pillow's reader.

Nothing in it is trusted: what cannot be read is simply not there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import Image

from shared.coordinates import E7, in_range_e7

_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_TIME = re.compile(r"(\d{4}):(\d{2}):(\d{2}) (\d{2}):(\d{2}):(\d{2})")
_OFFSET = re.compile(r"[+-](?:0\d|1[0-4]):[0-5]\d")
_MOST_CHARACTERS = 64
_UNREADABLE = (
    *(SyntaxError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError),
    *(OSError, EOFError, RuntimeError),
)


@dataclass(frozen=True)
class Facts:
    """Latitude and longitude in 1e-7 degree (both or neither); `captured_at` ISO, with an offset only where the photo tells it."""

    latitude_e7: int | None = None
    longitude_e7: int | None = None
    captured_at: str | None = None
    map_datum: str = ""
    gps_date: str = ""
    make: str = ""
    model: str = ""
    orientation: int | None = None


def facts_of(image: Image.Image) -> Facts:
    try:
        exif = image.getexif()
    except _UNREADABLE:
        return Facts()
    camera, gps = _directory(exif, _EXIF_IFD), _directory(exif, _GPS_IFD)
    latitude, longitude = _angle(gps.get(2), gps.get(1), "S"), _angle(gps.get(4), gps.get(3), "W")
    if latitude is None or longitude is None or not in_range_e7(latitude, longitude):
        latitude = longitude = None
    orientation = _first(exif, 0x0112)
    return Facts(
        latitude,
        longitude,
        _captured_at(_text(camera.get(0x9003)), _text(camera.get(0x9011))),
        _text(gps.get(18)),
        _text(gps.get(29)),
        _text(_first(exif, 0x010F)),
        _text(_first(exif, 0x0110)),
        orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else None,
    )


def _directory(exif: Image.Exif, tag: int) -> Mapping[int, Any]:
    try:
        return dict(exif.get_ifd(tag))
    except _UNREADABLE:
        return {}


def _first(exif: Image.Exif, tag: int) -> Any:
    try:
        return exif.get(tag)
    except _UNREADABLE:
        return None


def _angle(value: Any, reference: Any, negative: str) -> int | None:
    """Degrees, minutes, seconds. A part over nothing (0/0 seconds, as some cameras write) counts as nothing; degrees may not."""
    if not isinstance(value, tuple) or len(value) != 3 or not _text(reference):
        return None
    parts = [_fraction(part) for part in value]
    if parts[0] is None:
        return None
    total = sum((part or 0) / scale for part, scale in zip(parts, (1, 60, 3600), strict=True))
    return round(-total * E7 if _text(reference)[:1].upper() == negative else total * E7)


def _fraction(part: Any) -> float | None:
    try:
        top, bottom = int(part.numerator), int(part.denominator)
    except _UNREADABLE:
        return None
    return top / bottom if bottom else None


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return ""
    told = value.split("\0")[0].strip()[:_MOST_CHARACTERS]
    return "".join(character for character in told if character.isprintable())


def _captured_at(stamp: str, offset: str) -> str | None:
    found = _TIME.fullmatch(stamp)
    if not found:
        return None
    try:
        told = datetime.fromisoformat("{}-{}-{}T{}:{}:{}".format(*found.groups()))
    except ValueError:  # 0000:00:00, as cameras write whose clock was never set
        return None
    return told.isoformat() + (offset if _OFFSET.fullmatch(offset) else "")
