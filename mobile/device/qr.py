"""Reads a QR code (ISO/IEC 18004, versions 1–10) from a picture in which it lies flat: scaled and turned, but not seen askew."""

from collections.abc import Iterator, Sequence
from itertools import combinations, groupby
from math import hypot

from mobile.device.qr_blocks import data_of
from mobile.device.raster import Raster

Point = tuple[float, float]
Grid = tuple[bytes, ...]
_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_FORMAT_MASK, _FORMAT_GENERATOR = 0b101010000010010, 0b10100110111
_MASKS = (
    lambda y, x: (y + x) % 2,
    lambda y, x: y % 2,
    lambda y, x: x % 3,
    lambda y, x: (y + x) % 3,
    lambda y, x: (y // 2 + x // 3) % 2,
    lambda y, x: y * x % 2 + y * x % 3,
    lambda y, x: (y * x % 2 + y * x % 3) % 2,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2,
)
_ALIGNMENT = ((), (6, 18), (6, 22), (6, 26), (6, 30), (6, 34), (6, 22, 38), (6, 24, 42), (6, 26, 46), (6, 28, 50))


class NoCode(Exception):
    """Says in Chinese why no code was read."""


def read_code(picture: Raster) -> str:
    corner, right, below, module = _corners(picture)
    version = round((hypot(right[0] - corner[0], right[1] - corner[1]) / module + 7 - 17) / 4)
    if not 1 <= version <= len(_ALIGNMENT):
        raise NoCode("二维码太大或太小")
    grid = _sample(picture, corner, right, below, 17 + 4 * version)
    level, mask = _format(grid)
    words = _codewords(grid, version, mask)
    data = data_of(words, version, level)
    if data is None:
        raise NoCode("二维码模糊或有残缺")
    return _text(data, version)


def _corners(picture: Raster) -> tuple[Point, Point, Point, float]:
    """Centres of the three squares, the one between the others first, in the order of the clock; and the size of a module."""
    squares = _squares(picture)
    for three in combinations(sorted(squares, key=lambda square: -square[3])[:6], 3):
        for corner, one, other in ((three[n], three[n - 1], three[n - 2]) for n in range(3)):
            a, b = (one[0] - corner[0], one[1] - corner[1]), (other[0] - corner[0], other[1] - corner[1])
            long, short = sorted((hypot(*a), hypot(*b)), reverse=True)
            if long and abs(a[0] * b[0] + a[1] * b[1]) < 0.03 * long * long and short > 0.95 * long:
                right, below = (one, other) if a[0] * b[1] - a[1] * b[0] > 0 else (other, one)
                module = sum(square[2] for square in three) / 3
                return corner[:2], right[:2], below[:2], module
    raise NoCode("没有找到二维码的三个角")


def _squares(picture: Raster) -> list[tuple[float, float, float, int]]:
    """(x, y, module size, rows that crossed it) of what has dark and light in the proportion 1:1:3:1:1 across and down."""
    columns = tuple(bytes(column) for column in zip(*picture.dark, strict=True))
    found: list[tuple[float, float, float, int]] = []
    for y, row in enumerate(picture.dark):
        for x, size in _crossings(row):
            down = [centre for centre, tall in _crossings(columns[int(x)]) if abs(centre - y) <= size]
            if not down:
                continue
            near = next((one for one in found if hypot(one[0] - x, one[1] - down[0]) < 3 * size), None)
            if near is None:
                found.append((x, down[0], size, 1))
                continue
            found.remove(near)
            n = near[3]
            mean = tuple((old * n + new) / (n + 1) for old, new in zip(near, (x, down[0], size), strict=False))
            found.append((mean[0], mean[1], mean[2], n + 1))
    return found


def _crossings(line: bytes) -> Iterator[tuple[float, float]]:
    """Middle and module size of each 1:1:3:1:1 in a line of pixels."""
    runs, at = [], 0
    for dark, pixels in groupby(line):
        length = sum(1 for _ in pixels)
        runs.append((dark, at, length))
        at += length
    for first in range(len(runs) - 4):
        five = runs[first : first + 5]
        size = sum(length for _, _, length in five) / 7
        wanted = (1, 1, 3, 1, 1)
        if five[0][0] and all(
            abs(run[2] - size * share) <= 0.5 * size + 0.6 for run, share in zip(five, wanted, strict=True)
        ):
            yield five[2][1] + five[2][2] / 2, size


def _sample(picture: Raster, corner: Point, right: Point, below: Point, count: int) -> Grid:
    """The middle of each module; the centres of the squares lie 3½ modules inside."""
    across = [(right[n] - corner[n]) / (count - 7) for n in (0, 1)]
    down = [(below[n] - corner[n]) / (count - 7) for n in (0, 1)]
    rows = []
    for y in range(count):
        spots = [
            (
                int(corner[0] + across[0] * (x - 3) + down[0] * (y - 3)),
                int(corner[1] + across[1] * (x - 3) + down[1] * (y - 3)),
            )
            for x in range(count)
        ]
        if any(not (0 <= x < picture.width and 0 <= y < picture.height) for x, y in spots):
            raise NoCode("二维码没有拍全")
        rows.append(bytes(picture.dark[y][x] for x, y in spots))
    return tuple(rows)


def _format(grid: Grid) -> tuple[int, int]:
    """(error correction level as it is coded, mask), from whichever of the 32 code words is nearest."""
    spots = [(8, x) for x in (0, 1, 2, 3, 4, 5, 7, 8)] + [(y, 8) for y in (7, 5, 4, 3, 2, 1, 0)]
    read = sum(grid[y][x] << (14 - n) for n, (y, x) in enumerate(spots))
    value, distance = min(
        ((value, (_format_word(value) ^ read).bit_count()) for value in range(32)), key=lambda one: one[1]
    )
    if distance > 3:
        raise NoCode("二维码模糊或有残缺")
    return value >> 3, value & 7


def _format_word(value: int) -> int:
    rest = value << 10
    for bit in range(14, 9, -1):
        if rest >> bit & 1:
            rest ^= _FORMAT_GENERATOR << (bit - 10)
    return (value << 10 | rest) ^ _FORMAT_MASK


def _codewords(grid: Grid, version: int, mask: int) -> bytes:
    """The bits of the data area, two columns at a time, up and down from the right."""
    count, reserved = len(grid), _reserved(version)
    bits: list[int] = []
    upward = True
    for right in (x for x in range(count - 1, 0, -1) if x % 2 == (0 if x > 6 else 1) and x != 6):
        for step in range(count):
            y = count - 1 - step if upward else step
            free = (x for x in (right, right - 1) if (y, x) not in reserved)
            bits += [grid[y][x] ^ (not _MASKS[mask](y, x)) for x in free]
        upward = not upward
    return bytes(_number(bits[at : at + 8]) for at in range(0, len(bits) - 7, 8))


def _reserved(version: int) -> set[tuple[int, int]]:
    """Modules that hold no data: squares with format, timing, alignment, version."""
    count = 17 + 4 * version
    taken = {(y, x) for y in range(9) for x in range(9)}
    taken |= {(y, x) for y in range(9) for x in range(count - 8, count)}
    taken |= {(y, x) for y in range(count - 8, count) for x in range(9)}
    taken |= {spot for n in range(count) for spot in ((6, n), (n, 6))}
    centres = _ALIGNMENT[version - 1]
    corners = {(6, 6), (6, count - 7), (count - 7, 6)}
    for y, x in ((y, x) for y in centres for x in centres if (y, x) not in corners):
        taken |= {(y + down, x + across) for down in range(-2, 3) for across in range(-2, 3)}
    if version >= 7:
        taken |= {spot for n in range(6) for m in range(count - 11, count - 8) for spot in ((n, m), (m, n))}
    return taken


def _number(bits: Sequence[int]) -> int:
    value = 0
    for bit in bits:
        value = value << 1 | bit
    return value


def _text(data: bytes, version: int) -> str:
    bits = [byte >> shift & 1 for byte in data for shift in range(7, -1, -1)]
    content = b""
    while len(bits) >= 4:
        mode, bits = _number(bits[:4]), bits[4:]
        if mode == 0:
            break
        part, bits = _segment(mode, bits, version)
        content += part
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _segment(mode: int, bits: list[int], version: int) -> tuple[bytes, list[int]]:
    if mode == 7:  # a character set is named: the bytes are tried as UTF-8 in any case
        return b"", bits[8:]
    widths = {1: (10, 12), 2: (9, 11), 4: (8, 16)}
    if mode not in widths:
        raise NoCode("二维码的编码方式无法读取")
    width = widths[mode][version >= 10]
    count, bits = _number(bits[:width]), bits[width:]
    if mode == 4:
        return bytes(_number(bits[8 * n : 8 * n + 8]) for n in range(count)), bits[8 * count :]
    per, sizes = (3, (0, 4, 7, 10)) if mode == 1 else (2, (0, 6, 11))
    text = ""
    for start in range(0, count, per):
        length = min(per, count - start)
        value, bits = _number(bits[: sizes[length]]), bits[sizes[length] :]
        if mode == 1:
            text += f"{value:0{length}d}"
        else:
            text += (_ALPHANUMERIC[value // 45] if length == 2 else "") + _ALPHANUMERIC[value % 45]
    return text.encode(), bits
