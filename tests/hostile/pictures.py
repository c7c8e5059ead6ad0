"""Small photos in the four formats, and where bytes can be put into each."""

import io
import struct
import zlib
from collections.abc import Iterable
from typing import Any

from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")


def picture(width: int = 320, height: int = 240) -> Image.Image:
    grey = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (grey, grey.transpose(Image.Transpose.ROTATE_180), grey))


def written(kind: str, image: Image.Image | None = None, **options: Any) -> bytes:
    if kind == "HEIF":
        import pillow_heif  # the test's own writer: the server reads HEIC in the child alone

        pillow_heif.register_heif_opener()
    out = io.BytesIO()
    (image or picture()).save(out, kind, **options)
    return out.getvalue()


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def in_jpeg(data: bytes, *segments: bytes) -> bytes:
    """After the start mark."""
    return data[:2] + b"".join(segments) + data[2:]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def in_png(data: bytes, *chunks: bytes) -> bytes:
    """After the header."""
    end = 8 + 25
    return data[:end] + b"".join(chunks) + data[end:]


def png(chunks: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in chunks)


def in_webp(data: bytes, kind: bytes, body: bytes) -> bytes:
    """One more chunk at the end of the container."""
    more = kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    whole = data[8:] + more
    return b"RIFF" + struct.pack("<I", len(whole)) + whole


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body
