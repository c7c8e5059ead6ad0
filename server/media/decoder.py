"""The child that decodes one photo: its bytes on stdin; on stdout what it says of itself, then pictures made anew from its pixels.

Started by server/media/decoding.py as `python -I -m server.media.decoder`. Before it looks at the first byte it takes from itself
what a decoder does not need: it can open no file and no socket, start no process, write no file, and keep the uid of nobody.
"""

import io
import json
import os
import resource
import sys
import warnings
from dataclasses import asdict
from pathlib import Path

import pillow_heif
from PIL import Image, ImageOps, JpegImagePlugin, MpoImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from server.media.exif import facts_of
from server.media.limits import EDGES_PX, MAX_CPU_SECONDS, MAX_MEMORY_BYTES, MAX_PIXELS, MAX_PIXELS_OF

# Pillow imports these when it first needs one, which is too late here.
PLUGINS = (JpegImagePlugin, MpoImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin)
_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
_NOBODY = 65534
_QUALITY = 85
_ORIENTATION = 0x0112
_ROOM_FOR_COPIES_PX = 12_000_000  # beyond this, whole copies with transparency come too near the limit of memory
_THREADS_OF_HEIC = 64
_LIMITS = (
    (resource.RLIMIT_AS, MAX_MEMORY_BYTES),
    (resource.RLIMIT_CPU, MAX_CPU_SECONDS),
    (resource.RLIMIT_FSIZE, 0),
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_NOFILE, 0),  # what is open stays open: the two pipes and nothing else
)


class TooLarge(ValueError):
    """Told by the header, before any pixel is read."""

    def __init__(self, most: int) -> None:
        super().__init__(f"图片超过 {most // 1_000_000} 百万像素")


def main() -> None:
    Image.preinit()
    pillow_heif.register_heif_opener(thumbnails=False)
    pillow_heif.options.DECODE_THREADS = 1
    warnings.simplefilter("ignore")
    head = sys.stdin.buffer.read(12)
    give_up_rights(_tasks() + _THREADS_OF_HEIC if head[4:8] == b"ftyp" else 0)
    data = head + sys.stdin.buffer.read()
    try:
        _decode(data)
    except TooLarge as error:
        _say({"problem": str(error)})
    except Image.DecompressionBombError:  # Pillow's own limit lies higher than ours, but is asked first
        _say({"problem": str(TooLarge(MAX_PIXELS))})
    except MemoryError:
        _say({"problem": f"解码所需内存超过 {MAX_MEMORY_BYTES >> 20} MB"})
    except Exception as error:  # noqa: BLE001 -- a decoder may fail in any way on hostile bytes; each means the same to us
        _say({"problem": f"图片无法解码：{type(error).__name__}"})


def _tasks() -> int:
    """All that run now: the limit is on those of a user, and HEIC alone is decoded by threads."""
    return sum(1 for _ in Path("/proc").glob("[0-9]*/task/[0-9]*"))


def give_up_rights(processes: int) -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    for which, most in (*_LIMITS, (resource.RLIMIT_NPROC, processes)):
        resource.setrlimit(which, (most, most))


def _decode(data: bytes) -> None:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        most = MAX_PIXELS_OF.get(image.format or "", MAX_PIXELS)
        if image.width * image.height > most:
            raise TooLarge(most)
        _say({"facts": asdict(facts_of(image))})
        upright = ImageOps.exif_transpose(_shrunk(image))
    renditions = [_rendition(upright, edge) for edge in EDGES_PX]
    _say({"sizes": [[width, height, len(jpeg)] for width, height, jpeg in renditions]})
    for _, _, jpeg in renditions:
        sys.stdout.buffer.write(jpeg)


def _shrunk(image: Image.Image) -> Image.Image:
    """First to about twice the edge, since turning and converting make copies. `thumbnail` lets a JPEG do it while decoding."""
    made = image
    if image.mode not in ("RGB", "L", "CMYK"):
        if image.width * image.height > _ROOM_FOR_COPIES_PX:
            made = image.resize((image.width // 2, image.height // 2), Image.Resampling.NEAREST)
        made = _plain(made)
        made.getexif()[_ORIENTATION] = image.getexif().get(_ORIENTATION, 1)  # still needed: which way is up
    made.thumbnail((2 * EDGES_PX[0], 2 * EDGES_PX[0]))
    return made


def _plain(image: Image.Image) -> Image.Image:
    """Palettes and grey of 16 bits, which no smooth reduction takes, as plain colours."""
    if image.mode.startswith("I"):
        return image.point(lambda value: value * (1 / 256)).convert("L")
    transparent = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    return image.convert("RGBA" if transparent else "RGB")


def _rendition(image: Image.Image, edge: int) -> tuple[int, int, bytes]:
    """From raw pixels: no EXIF, comment, profile or name can come along. What is transparent is white, not what lies beneath."""
    small = image.copy()
    small.thumbnail((edge, edge))
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small)
    pixels = small.convert("RGB")
    clean = Image.frombytes("RGB", pixels.size, pixels.tobytes())
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=_QUALITY)
    return clean.width, clean.height, out.getvalue()


def _say(told: dict[str, object]) -> None:
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
