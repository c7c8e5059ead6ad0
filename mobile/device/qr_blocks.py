"""The blocks of a QR code: put in order again, and believed only if their check bytes agree."""

# By version from 1: (check bytes a block, blocks).
_BLOCKS = {
    1: ((7, 1), (10, 1), (15, 1), (20, 1), (26, 1), (18, 2), (20, 2), (24, 2), (30, 2), (18, 4)),
    0: ((10, 1), (16, 1), (26, 1), (18, 2), (24, 2), (16, 4), (18, 4), (22, 4), (22, 5), (26, 5)),
    3: ((13, 1), (22, 1), (18, 2), (26, 2), (18, 4), (24, 4), (18, 6), (22, 6), (20, 8), (24, 8)),
    2: ((17, 1), (28, 1), (22, 2), (16, 4), (22, 4), (28, 4), (26, 5), (26, 6), (24, 8), (28, 8)),
}
"""Levels as they are coded: 1 is L, 0 M, 3 Q, 2 H."""


def _tables() -> tuple[list[int], list[int]]:
    powers, value = [], 1
    for _ in range(255):
        powers.append(value)
        value = value << 1 ^ (0x11D if value & 0x80 else 0)
    logs = [0] * 256
    for exponent, power in enumerate(powers):
        logs[power] = exponent
    return powers, logs


_POWERS, _LOGS = _tables()


def data_of(words: bytes, version: int, level: int) -> bytes | None:
    """The data of all blocks; None where one of them was not read as it was written."""
    check, count = _BLOCKS[level][version - 1]
    short, long_blocks = divmod(len(words), count)
    lengths = [short - check + (n >= count - long_blocks) for n in range(count)]
    data, at = [bytearray() for _ in range(count)], 0
    for position in range(max(lengths)):
        for block in (n for n in range(count) if position < lengths[n]):
            data[block].append(words[at])
            at += 1
    checks = [words[at + n : at + check * count : count] for n in range(count)]
    whole = [bytes(part) + tail for part, tail in zip(data, checks, strict=True)]
    return b"".join(map(bytes, data)) if all(_agrees(block, check) for block in whole) else None


def _agrees(block: bytes, check: int) -> bool:
    """All syndromes of the Reed–Solomon code over GF(256) are zero."""
    for root in range(check):
        value = 0
        for byte in block:
            value = (_POWERS[(_LOGS[value] + root) % 255] if value else 0) ^ byte
        if value:
            return False
    return True
