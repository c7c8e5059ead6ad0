"""A word planted in a photo, in each place where a photo can carry words beside its pixels."""

import io
import struct
import zlib
from collections.abc import Callable, Mapping

from PIL import Image, ImageCms, PngImagePlugin

from tests.hostile import pictures, tiff

CANARY = b"PANGOLIN-249512345-1129287654"
_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' + CANARY
_WORD = CANARY.decode()

Plant = Callable[[str], bytes]


def _with_exif(kind: str, block: bytes) -> bytes:
    return pictures.written(kind, exif=b"Exif\0\0" + block if kind != "PNG" else block)


def exif_text(kind: str) -> bytes:
    return _with_exif(kind, tiff.block([tiff.text(0x010E, _WORD)]))


def exif_in_utf16(kind: str) -> bytes:
    data = _WORD.encode("utf-16-le") + b"\0\0"
    return _with_exif(kind, tiff.block([tiff.Entry(0x9C9C, tiff.BYTE, len(data), data)]))


def maker_note(kind: str) -> bytes:
    data = b"Nikon\0" + CANARY
    return _with_exif(kind, tiff.block(inner={tiff.EXIF_IFD: [tiff.Entry(0x927C, tiff.UNDEFINED, len(data), data)]}))


def gps_area(kind: str) -> bytes:
    data = b"ASCII\0\0\0" + CANARY
    area = tiff.Entry(0x001C, tiff.UNDEFINED, len(data), data)
    return _with_exif(kind, tiff.block(inner={tiff.GPS_IFD: [*tiff.gps(24.95, 112.93), area]}))


def embedded_thumbnail(kind: str) -> bytes:
    small = pictures.written("JPEG", pictures.picture(64, 48), comment=CANARY)
    return _with_exif(kind, tiff.block([tiff.text(0x0110, "CX")], thumbnail=small))


def xmp(kind: str) -> bytes:
    whole = _XMP + b"</rdf:RDF></x:xmpmeta>"
    if kind == "PNG":
        about = PngImagePlugin.PngInfo()
        about.add_itxt("XML:com.adobe.xmp", whole.decode())
        return pictures.written(kind, pnginfo=about)
    return pictures.written(kind, xmp=whole)


def iptc(kind: str) -> bytes:
    caption = b"\x1c\x02\x78" + struct.pack(">H", len(CANARY)) + CANARY
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(caption)) + caption + b"\0" * (len(caption) % 2)
    photoshop = b"Photoshop 3.0\0" + resource
    if kind == "JPEG":
        return pictures.in_jpeg(pictures.written(kind), pictures.segment(0xED, photoshop))
    if kind == "PNG":
        raw = b"\niptc\n%8d\n" % len(resource) + resource.hex().encode() + b"\n" + CANARY
        packed = pictures.chunk(b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(raw, 0))
        return pictures.in_png(pictures.written(kind), packed)
    if kind == "WEBP":
        return pictures.in_webp(pictures.written(kind), b"IPTC", photoshop)
    return pictures.written(kind) + pictures.box(b"uuid", b"\x33" * 16 + photoshop)


def profile_text(kind: str) -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # A tag of its own behind the last one, and its text.
    whole = profile + b"text\0\0\0\0" + CANARY + b"\0" * 3
    whole = struct.pack(">I", len(whole)) + whole[4:]
    if kind == "PNG":
        return pictures.in_png(pictures.written(kind), pictures.chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(whole, 0)))
    return pictures.written(kind, icc_profile=whole)


def comment(kind: str) -> bytes:
    if kind == "JPEG":
        return pictures.written(kind, comment=CANARY)
    if kind == "PNG":
        return pictures.in_png(pictures.written(kind), pictures.chunk(b"tEXt", b"Comment\0" + CANARY))
    if kind == "WEBP":
        return pictures.in_webp(pictures.written(kind), b"NOTE", CANARY)
    return pictures.written(kind) + pictures.box(b"free", CANARY)


def private_block(kind: str) -> bytes:
    if kind == "JPEG":
        jfxx = pictures.segment(0xE0, b"JFXX\0\x10" + CANARY)
        return pictures.in_jpeg(pictures.written(kind), pictures.segment(0xEB, b"JP\0\0" + CANARY), jfxx)
    if kind == "PNG":
        return pictures.in_png(pictures.written(kind), pictures.chunk(b"prVt", CANARY))
    if kind == "WEBP":
        return pictures.in_webp(pictures.written(kind), b"prVt", CANARY)
    return pictures.written(kind) + pictures.box(b"skip", CANARY)


def second_image(kind: str) -> bytes:
    """MPF in a JPEG, a second frame elsewhere: the word stands in what only that one brings."""
    other = pictures.picture(160, 120)
    if kind == "JPEG":
        marked = pictures.written("JPEG", other, comment=CANARY)
        both = io.BytesIO()
        with Image.open(io.BytesIO(marked)) as opened:
            pictures.picture().save(both, "MPO", save_all=True, append_images=[opened])
        return both.getvalue() if CANARY in both.getvalue() else both.getvalue() + marked
    if kind == "HEIF":
        return pictures.written(kind, save_all=True, append_images=[other], xmp=_XMP)
    several = pictures.written(kind, save_all=True, append_images=[pictures.picture().rotate(90)], duration=100)
    return (
        pictures.in_webp(several, b"FRAM", CANARY)
        if kind == "WEBP"
        else pictures.in_png(several, pictures.chunk(b"frNt", CANARY))
    )


def trailing_bytes(kind: str) -> bytes:
    return pictures.written(kind) + CANARY + pictures.written("JPEG", pictures.picture(64, 48), comment=CANARY)


PLACES: Mapping[str, Plant] = {
    "EXIF text": exif_text,
    "EXIF text in UTF-16": exif_in_utf16,
    "maker note": maker_note,
    "GPS area": gps_area,
    "embedded thumbnail": embedded_thumbnail,
    "XMP": xmp,
    "IPTC": iptc,
    "ICC text": profile_text,
    "comment": comment,
    "private block": private_block,
    "second image": second_image,
    "trailing bytes": trailing_bytes,
}


def stands_in(data: bytes) -> bool:
    """In any writing that a reader might turn into the word again."""
    return (
        any(_WORD.encode(code) in data for code in ("ascii", "utf-16-le", "utf-16-be")) or CANARY.hex().encode() in data
    )
