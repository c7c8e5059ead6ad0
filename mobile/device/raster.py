"""Dark and light of a PNG: enough to find a printed code in it, with nothing but the standard library."""

import struct
import zlib
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_PIXELS = 6_000_000
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


class Unreadable(Exception):
    """Says in Chinese why the picture cannot be read."""


@dataclass(frozen=True)
class Raster:
    """`dark[y][x]` is 1 for ink."""

    width: int
    height: int
    dark: tuple[bytes, ...]


@dataclass(frozen=True)
class _Head:
    width: int
    height: int
    depth: int
    colour: int

    @property
    def row_bytes(self) -> int:
        return (self.width * CHANNELS[self.colour] * self.depth + 7) // 8

    @property
    def step(self) -> int:
        """Bytes to the pixel before, as the filters count them."""
        return max(1, CHANNELS[self.colour] * self.depth // 8)


def read_png(data: bytes) -> Raster:
    if not data.startswith(SIGNATURE):
        raise Unreadable("只能读取 PNG 图片")
    try:
        chunks = _chunks(data)
        head = _head(chunks[b"IHDR"])
        inflater = zlib.decompressobj()
        size = head.height * (head.row_bytes + 1)
        raw = inflater.decompress(chunks[b"IDAT"], size)
        if len(raw) != size:
            raise Unreadable("图片不完整")
        rows = _unfiltered(head, raw)
        return Raster(head.width, head.height, tuple(_darkness(head, row, chunks.get(b"PLTE", b"")) for row in rows))
    except (KeyError, IndexError, struct.error, zlib.error) as error:
        raise Unreadable("图片已损坏") from error


def _chunks(data: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        found[kind] = found.get(kind, b"") + data[at + 8 : at + 8 + length]
        at += 12 + length
    return found


def _head(chunk: bytes) -> _Head:
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", chunk)
    if interlaced or colour not in CHANNELS or depth not in (1, 2, 4, 8):
        raise Unreadable("这种 PNG 格式无法读取")
    if not 0 < width * height <= MAX_PIXELS:
        raise Unreadable("图片过大")
    return _Head(width, height, depth, colour)


def _unfiltered(head: _Head, raw: bytes) -> list[bytes]:
    rows: list[bytes] = []
    above = bytes(head.row_bytes)
    for start in range(0, len(raw), head.row_bytes + 1):
        row = bytearray(raw[start + 1 : start + 1 + head.row_bytes])
        _unfilter(raw[start], row, above, head.step)
        above = bytes(row)
        rows.append(above)
    return rows


def _unfilter(kind: int, row: bytearray, above: bytes, step: int) -> None:
    if kind == 1:
        for at in range(step, len(row)):
            row[at] = (row[at] + row[at - step]) & 0xFF
    elif kind == 2:
        row[:] = bytes((byte + up) & 0xFF for byte, up in zip(row, above, strict=True))
    elif kind in (3, 4):
        before, corners = bytes(step), bytes(step) + above
        guess = _mean if kind == 3 else _paeth
        for at in range(len(row)):
            left = row[at - step] if at >= step else before[at]
            row[at] = (row[at] + guess(left, above[at], corners[at])) & 0xFF
    elif kind:
        raise Unreadable("图片已损坏")


def _mean(left: int, up: int, _: int) -> int:
    return (left + up) >> 1


def _paeth(left: int, up: int, corner: int) -> int:
    across, down, slant = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    if across <= down and across <= slant:
        return left
    return up if down <= slant else corner


def _darkness(head: _Head, row: bytes, palette: bytes) -> bytes:
    """What can be seen through is paper."""
    samples = _samples(row, head.depth, head.width * CHANNELS[head.colour])
    count, top = CHANNELS[head.colour], (1 << head.depth) - 1
    if head.colour == 3:
        if 3 * max(samples) + 3 > len(palette):
            raise Unreadable("图片已损坏")
        return samples.translate(bytes(sum(palette[3 * n : 3 * n + 3]) * 2 < 765 for n in range(256)))
    colours = count - (head.colour in (4, 6))
    planes = [samples[n::count] for n in range(count)]
    dark = planes[0] if colours == 1 else bytes(sum(pixel) // 3 for pixel in zip(*planes[:3], strict=True))
    ink = dark.translate(bytes(2 * n < top for n in range(256)))
    if colours == count:
        return ink
    return bytes(one and 2 * opacity >= top for one, opacity in zip(ink, planes[-1], strict=True))


def _samples(row: bytes, depth: int, count: int) -> bytes:
    if depth == 8:
        return row[:count]
    per_byte, top = 8 // depth, (1 << depth) - 1
    return bytes((row[at // per_byte] >> (8 - depth * (at % per_byte + 1))) & top for at in range(count))
