"""A rendition: the pixels and nothing else, so that no place can hide in it; pure."""

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps

MAX_PIXELS = 50_000_000
RENDITION_EDGE_PX = 1600
_FORMATS = ("JPEG", "PNG", "WEBP")


class Undecodable(ValueError):
    """The bytes are no photo that we read."""


@dataclass(frozen=True)
class Rendition:
    jpeg: bytes
    width_px: int
    height_px: int


def render(data: bytes) -> Rendition:
    """Turned upright, at most 1600 px at its longer edge, re-made from raw pixels: no EXIF, comment or profile survives."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise Undecodable(f"图片超过 {MAX_PIXELS // 1_000_000} 百万像素")
                upright = ImageOps.exif_transpose(image).convert("RGB")
    except Undecodable:
        raise
    except Exception as error:  # a decoder may fail in any way on hostile bytes; each means the same to us
        raise Undecodable(f"图片无法解码：{type(error).__name__}") from error
    upright.thumbnail((RENDITION_EDGE_PX, RENDITION_EDGE_PX))
    clean = Image.frombytes("RGB", upright.size, upright.tobytes())
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=85)
    return Rendition(out.getvalue(), clean.width, clean.height)
