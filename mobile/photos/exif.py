"""Reads position, time and camera from EXIF, in pure Python: the tablet has no image library.

Nothing in a photo is trusted: every offset is checked, and what cannot be read is simply not there.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mobile.photos.container import exif_payload
from shared.coordinates import E7, in_range_e7

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8}
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_MAX_ENTRIES, _MAX_COUNT = 512, 4096
_TIME = re.compile(r"(\d{4}):(\d{2}):(\d{2}) (\d{2}):(\d{2}):(\d{2})")
_OFFSET = re.compile(r"[+-]\d{2}:\d{2}")


@dataclass(frozen=True)
class ExifFacts:
    """Latitude and longitude in 1e-7 degree (both or neither); `captured_at` ISO, with offset if the photo tells it."""

    latitude_e7: int | None = None
    longitude_e7: int | None = None
    captured_at: str | None = None
    make: str = ""
    model: str = ""
    orientation: int | None = None
    map_datum: str = ""
    gps_date: str = ""

    @property
    def place(self) -> dict[str, int] | None:
        if self.latitude_e7 is None or self.longitude_e7 is None:
            return None
        return {"latitude_e7": self.latitude_e7, "longitude_e7": self.longitude_e7}


def read_exif(data: bytes) -> ExifFacts:
    """What the photo says of itself; empty facts where it says nothing readable."""
    payload = exif_payload(data)
    return _facts(_Tiff(payload)) if payload and payload[:2] in (b"II", b"MM") else ExifFacts()


def _facts(tiff: "_Tiff") -> ExifFacts:
    first = tiff.directory(tiff.long_at(4))
    camera = tiff.directory(_pointer(first.get(_EXIF_IFD)))
    gps = tiff.directory(_pointer(first.get(_GPS_IFD)))
    latitude, longitude = _angle(gps.get(2), gps.get(1), b"S"), _angle(gps.get(4), gps.get(3), b"W")
    if latitude is None or longitude is None or not in_range_e7(latitude, longitude):
        latitude = longitude = None
    orientation = first.get(0x0112)
    return ExifFacts(
        latitude,
        longitude,
        _captured_at(_text(camera.get(0x9003)), _text(camera.get(0x9011))),
        _text(first.get(0x010F)),
        _text(first.get(0x0110)),
        orientation[0] if isinstance(orientation, tuple) and orientation else None,
        _text(gps.get(18)),
        _text(gps.get(29)),
    )


class _Tiff:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._order = "<" if data[:2] == b"II" else ">"

    def long_at(self, offset: int) -> int:
        part = self._data[offset : offset + 4]
        return int(struct.unpack(self._order + "I", part)[0]) if len(part) == 4 else 0

    def directory(self, offset: int) -> dict[int, Any]:
        """Tag → tuple of numbers, tuple of (numerator, denominator), or bytes. A pointer out of the file gives nothing."""
        head = self._data[offset : offset + 2]
        if offset < 8 or len(head) < 2:
            return {}
        count = min(struct.unpack(self._order + "H", head)[0], _MAX_ENTRIES)
        return dict(self._entries(offset + 2, count))

    def _entries(self, offset: int, count: int) -> Iterator[tuple[int, Any]]:
        for start in range(offset, offset + 12 * count, 12):
            entry = self._data[start : start + 12]
            if len(entry) < 12:
                return
            tag, kind, number = struct.unpack(self._order + "HHI", entry[:8])
            size = _SIZES.get(kind, 0) * number
            if not size or number > _MAX_COUNT:
                continue
            at = start + 8 if size <= 4 else self.long_at(start + 8)
            raw = self._data[at : at + size]
            if len(raw) == size:
                yield tag, self._value(kind, number, raw)

    def _value(self, kind: int, number: int, raw: bytes) -> Any:
        if kind in (1, 2, 6, 7):
            return raw
        if kind in (5, 10):
            flat = struct.unpack(self._order + ("I" if kind == 5 else "i") * 2 * number, raw)
            return tuple(zip(flat[::2], flat[1::2], strict=True))
        return struct.unpack(self._order + {3: "H", 4: "I", 8: "h", 9: "i"}[kind] * number, raw)


def _pointer(value: Any) -> int:
    return value[0] if isinstance(value, tuple) and value and isinstance(value[0], int) else 0


def _angle(value: Any, reference: Any, negative: bytes) -> int | None:
    """Degrees, minutes, seconds as fractions. A missing part (0/0 seconds, as some cameras write) counts as nothing."""
    if not isinstance(value, tuple) or len(value) != 3 or not all(isinstance(part, tuple) for part in value):
        return None
    if value[0][1] == 0 or not isinstance(reference, bytes):
        return None
    total: float = sum(
        part[0] * E7 / part[1] / scale for part, scale in zip(value, (1, 60, 3600), strict=True) if part[1] != 0
    )
    return round(-total if reference[:1].upper() == negative else total)


def _text(value: Any) -> str:
    return value.split(b"\0")[0].decode("utf-8", "replace").strip() if isinstance(value, bytes) else ""


def _captured_at(stamp: str, offset: str) -> str | None:
    found = _TIME.fullmatch(stamp)
    if not found:
        return stamp[:40] or None
    year, month, day, hour, minute, second = found.groups()
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}" + (offset if _OFFSET.fullmatch(offset) else "")
