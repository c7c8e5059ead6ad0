"""Photos that lie, made by code: bombs, other formats, many frames, and EXIF that no camera writes."""

import io
import struct
import zlib
from collections.abc import Callable, Mapping

from PIL import Image

from tests.hostile import tiff
from tests.hostile.pictures import chunk, in_jpeg, in_png, picture, png, segment, written

REFUSED, READ = "refused", "read"
"""Whether there is a rendition in the end; either way one child answers, within its limits."""


def _png_header(width: int, height: int, colour: int = 2) -> bytes:
    return struct.pack(">2I5B", width, height, 8, colour, 0, 0, 0)


def _zeros(width: int, height: int) -> bytes:
    """A picture of one colour: its rows pack to a thousandth."""
    packer = zlib.compressobj(9)
    row = bytes(1 + 3 * width)
    return b"".join([*(packer.compress(row) for _ in range(height)), packer.flush()])


def png_that_says_it_is_vast() -> bytes:
    return png([(b"IHDR", _png_header(50_000, 50_000)), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")])


def png_bomb_just_within() -> bytes:
    """49.7 megapixels from 150 KB: the most that is decoded."""
    return png([(b"IHDR", _png_header(7_100, 7_000)), (b"IDAT", _zeros(7_100, 7_000)), (b"IEND", b"")])


def png_with_a_text_bomb() -> bytes:
    packed = zlib.compress(bytes(200_000_000), 9)
    return in_png(written("PNG"), chunk(b"zTXt", b"Comment\0\0" + packed))


def png_with_a_profile_bomb() -> bytes:
    packed = zlib.compress(bytes(200_000_000), 9)
    return in_png(written("PNG"), chunk(b"iCCP", b"x\0\0" + packed))


def png_of_many_frames() -> bytes:
    """APNG: the first frame is the photo, 20,000 more are announced."""
    control = struct.pack(">5I2H2B", 0, 8, 8, 0, 0, 1, 10, 0, 0)
    frames = b"".join(
        chunk(b"fcTL", struct.pack(">I", 2 * n) + control[4:])
        + chunk(b"fdAT", struct.pack(">I", 2 * n + 1) + zlib.compress(bytes(200)))
        for n in range(20_000)
    )
    whole = in_png(written("PNG"), chunk(b"acTL", struct.pack(">2I", 20_001, 0)))
    return whole[:-12] + frames + whole[-12:]


def jpeg_of_many_pictures() -> bytes:
    """MPO of 200 pictures."""
    out = io.BytesIO()
    others = [picture(64, 48)] * 200
    picture().save(out, "MPO", save_all=True, append_images=others)
    return out.getvalue()


def jpeg_that_says_it_is_vast() -> bytes:
    whole = bytearray(written("JPEG"))
    at = whole.index(b"\xff\xc0")
    whole[at + 5 : at + 9] = struct.pack(">2H", 65_500, 65_500)
    return bytes(whole)


def jpeg_of_very_many_scans() -> bytes:
    """Progressive: each scan goes over all pixels again, and a few bytes make one."""
    image = Image.new("L", (7_000, 7_000), 128)
    whole = written("JPEG", image, progressive=True, quality=20)
    at = whole.index(b"\xff\xda", whole.index(b"\xff\xda") + 2)
    end = whole.index(b"\xff", at + 12)
    while whole[end + 1] == 0:
        end = whole.index(b"\xff", end + 1)
    return whole[:at] + whole[at:end] * 20_000 + whole[end:]


def webp_that_says_it_is_vast() -> bytes:
    """The canvas of the extended header: 16,384 by 16,384."""
    whole = bytearray(written("WEBP", exif=b"Exif\0\0" + tiff.block([tiff.text(0x0110, "CX")])))
    at = whole.index(b"VP8X") + 8
    whole[at + 4 : at + 10] = (16_383).to_bytes(3, "little") * 2
    return bytes(whole)


def heic_that_says_it_is_vast() -> bytes:
    whole = bytearray(written("HEIF"))
    at = whole.index(b"ispe")
    whole[at + 8 : at + 16] = struct.pack(">2I", 60_000, 60_000)
    return bytes(whole)


def heic_with_wild_offsets() -> bytes:
    whole = bytearray(written("HEIF"))
    at = whole.index(b"iloc")
    for place in range(at + 16, at + 40):
        whole[place] = 0xFF
    return bytes(whole)


def picture_and_archive() -> bytes:
    from tests.hostile.archives import Member, zipped

    return written("JPEG") + zipped(Member(b"../evil.csv"))


def picture_and_page() -> bytes:
    return in_jpeg(written("JPEG"), segment(0xFE, b"<script>alert(1)</script>*/=1;/*"))


def _other(kind: str) -> Callable[[], bytes]:
    return lambda: written(kind)


def _exif(block: bytes) -> bytes:
    return written("JPEG", exif=b"Exif\0\0" + block)


def _gps(*entries: tiff.Entry) -> bytes:
    return _exif(tiff.block(inner={tiff.GPS_IFD: entries}))


_NORTH, _EAST = tiff.text(1, "N"), tiff.text(3, "E")
_EASTERN = (_EAST, tiff.degrees(4, 112.93))
_NAN = struct.pack("<3f", float("nan"), float("nan"), float("inf"))
HOSTILE: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "PNG that says it is vast": (png_that_says_it_is_vast, REFUSED),
    "PNG bomb just within": (png_bomb_just_within, READ),
    "PNG with a text bomb": (png_with_a_text_bomb, REFUSED),
    "PNG with a profile bomb": (png_with_a_profile_bomb, REFUSED),
    "APNG of 20,000 frames": (png_of_many_frames, READ),
    "MPO of 200 pictures": (jpeg_of_many_pictures, READ),
    "JPEG that says it is vast": (jpeg_that_says_it_is_vast, REFUSED),
    "WebP that says it is vast": (webp_that_says_it_is_vast, REFUSED),
    "HEIC that says it is vast": (heic_that_says_it_is_vast, REFUSED),
    "HEIC with wild offsets": (heic_with_wild_offsets, REFUSED),
    "photo and archive in one": (picture_and_archive, READ),
    "photo and page in one": (picture_and_page, READ),
    "TIFF": (_other("TIFF"), REFUSED),
    "GIF": (_other("GIF"), REFUSED),
    "BMP": (_other("BMP"), REFUSED),
    "JPEG 2000": (_other("JPEG2000"), REFUSED),
    "PDF": (_other("PDF"), REFUSED),
    "EPS": (_other("EPS"), REFUSED),
    "SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1/"/></svg>', REFUSED),
    "PNG's first bytes on a JPEG": (lambda: b"\x89PNG\r\n\x1a\n" + written("JPEG")[8:], REFUSED),
    "JPEG's first bytes on a PNG": (lambda: b"\xff\xd8\xff\xe0" + written("PNG")[4:], REFUSED),
    "only a start mark": (lambda: b"\xff\xd8", REFUSED),
}
"""Name → (what makes it, whether it gives a rendition)."""

EXIF: Mapping[str, tuple[Callable[[], bytes], tuple[int, int] | None]] = {
    "well": (lambda: _exif(tiff.block(inner={tiff.GPS_IFD: tiff.gps(24.95, 112.93)})), (249_500_000, 1_129_300_000)),
    "south and west": (
        lambda: _exif(tiff.block(inner={tiff.GPS_IFD: tiff.gps(-24.95, -112.93)})),
        (-249_500_000, -1_129_300_000),
    ),
    "seconds over nothing": (
        lambda: _gps(_NORTH, tiff.rationals(2, (24, 1), (57, 1), (0, 0)), *_EASTERN),
        (249_500_000, 1_129_300_000),
    ),
    "degrees over nothing": (lambda: _gps(_NORTH, tiff.rationals(2, (24, 0), (57, 1), (0, 1)), *_EASTERN), None),
    "all over nothing": (lambda: _gps(_NORTH, tiff.rationals(2, (0, 0), (0, 0), (0, 0)), *_EASTERN), None),
    "no number": (lambda: _gps(_NORTH, tiff.Entry(2, tiff.FLOAT, 3, _NAN), *_EASTERN), None),
    "a text for a number": (lambda: _gps(_NORTH, tiff.text(2, "24.95"), *_EASTERN), None),
    "two parts": (lambda: _gps(_NORTH, tiff.rationals(2, (24, 1), (57, 1)), *_EASTERN), None),
    "4,000 parts": (lambda: _gps(_NORTH, tiff.rationals(2, *[(24, 1)] * 4_000), *_EASTERN), None),
    "no letter": (lambda: _gps(tiff.degrees(2, 24.95), *_EASTERN), None),
    "latitude 91": (lambda: _gps(_NORTH, tiff.degrees(2, 91), *_EASTERN), None),
    "longitude 181": (lambda: _gps(_NORTH, tiff.degrees(2, 24.95), _EAST, tiff.degrees(4, 181)), None),
    "below nothing": (
        lambda: _gps(_NORTH, tiff.rationals(2, (-(2**31), 1), (-1, -1), (0, 1), kind=tiff.SRATIONAL), *_EASTERN),
        None,
    ),
    "beyond all measure": (
        lambda: _gps(_NORTH, tiff.rationals(2, (2**32 - 1, 1), (2**32 - 1, 1), (1, 1)), *_EASTERN),
        None,
    ),
    "count 2^32-1": (
        lambda: _gps(_NORTH, tiff.Entry(2, tiff.RATIONAL, 2**32 - 1, struct.pack("<2I", 24, 1)), *_EASTERN),
        None,
    ),
    "a directory that follows itself": (lambda: _exif(tiff.block([tiff.text(0x0110, "CX")], next_ifd=8)), None),
    "a directory within itself": (lambda: _exif(tiff.block(pointers={tiff.GPS_IFD: 8, tiff.EXIF_IFD: 8})), None),
    "a directory beyond the end": (lambda: _exif(tiff.block(pointers={tiff.GPS_IFD: 2**32 - 1})), None),
    "60,000 entries": (lambda: _exif(b"II*\0\x08\0\0\0" + struct.pack("<H", 60_000) + bytes(500)), None),
    "no TIFF": (lambda: _exif(b"XX*\0" + bytes(60)), None),
    "half a head": (lambda: _exif(b"II*"), None),
}
"""Name → (what makes it, the position that it tells). Each has good pixels, so each has a rendition."""
