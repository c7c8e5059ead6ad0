"""Every spelling under which a coordinate could lie in a table, a file or an answer."""

import base64
import struct
from collections.abc import Iterator


def forms_of(latitude_e7: int, longitude_e7: int) -> Iterator[str]:
    """Text, E7, doubles in WKB, and the base64 of each."""
    for value in (latitude_e7, longitude_e7):
        plain = [str(value), f"{value / 1e7:.7f}"[:-3], f"{value / 1e7:.4f}"]
        yield from plain
        for order in "<>":
            packed = struct.pack(f"{order}d", value / 1e7)
            yield packed.hex()
            yield packed.hex().upper()
            yield from _base64_forms(packed)
        for spelled in plain:
            yield from _base64_forms(spelled.encode())


def byte_forms_of(latitude_e7: int, longitude_e7: int) -> Iterator[bytes]:
    """As they would lie in a file: text, doubles, singles, whole numbers of 1e-7 and 1e-6 degree, both endian."""
    for value in (latitude_e7, longitude_e7):
        yield from (form.encode() for form in (str(value), f"{value / 1e7:.4f}"))
        for order in "<>":
            yield struct.pack(f"{order}d", value / 1e7)
            yield struct.pack(f"{order}i", value)


def _base64_forms(data: bytes) -> Iterator[str]:
    """The stable middle of the base64 at each of the three alignments."""
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + data).decode().rstrip("=")
        yield encoded[(4 if shift else 0) : len(encoded) - 1]
