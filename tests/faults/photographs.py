"""Photos for tablets: each another file, though the pixels of few are drawn; 50–300 KB, as small photos are."""

import functools
import io
import random

from PIL import Image

EDGES = (240, 360, 520)


@functools.cache
def _pixels(edge: int) -> bytes:
    image = Image.frombytes("RGB", (edge, edge), random.Random(edge).randbytes(edge * edge * 3))
    held = io.BytesIO()
    image.save(held, "JPEG", quality=80)
    return held.getvalue()


def photograph(chance: random.Random) -> bytes:
    """A comment of chance behind the first mark makes it a file of its own."""
    jpeg, words = _pixels(chance.choice(EDGES)), chance.randbytes(32)
    return jpeg[:2] + b"\xff\xfe" + (len(words) + 2).to_bytes(2, "big") + words + jpeg[2:]
