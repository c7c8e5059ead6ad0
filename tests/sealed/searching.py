"""Every spelling of a coordinate that a lost tablet's files could hold, looked for byte by byte."""

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

Place = tuple[int, int]


def spellings(value_e7: int) -> Iterator[bytes]:
    degrees = value_e7 / 1e7
    for decimals in range(4, 8):
        yield f"{degrees:.{decimals}f}".encode()
        yield f"{value_e7 // 10 ** (7 - decimals) / 10**decimals:.{decimals}f}".encode()  # cut off, not rounded
    yield str(value_e7).encode()
    yield str(round(value_e7 / 10)).encode()
    for order in "<>":
        yield struct.pack(f"{order}d", degrees)  # WKB writes the same
        yield struct.pack(f"{order}f", degrees)
        for whole in (value_e7, round(value_e7 / 10)):
            yield struct.pack(f"{order}i", whole)
    whole, rest = int(degrees), abs(degrees - int(degrees)) * 60
    minutes, seconds = int(rest), (rest - int(rest)) * 60
    for told in (
        f"{whole}°{minutes}′{seconds:.1f}",
        f"{whole}°{minutes:02d}'{seconds:04.1f}",
        f"{whole} {minutes} {seconds:.2f}",
    ):
        yield told.encode()


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file there is, the write-ahead log and what is cached among them."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def found(folder: Path, places: list[Place], ciphertexts: Sequence[bytes] = ()) -> list[tuple[str, Place, bytes]]:
    """(file, place, spelling) for each coordinate that a file tells. `ciphertexts` are cut out first: four bytes of a number turn up
    in so much chance by chance."""
    wanted: dict[int, list[tuple[bytes, Place]]] = {}
    for place in places:
        for spelling in (one for value in place for one in spellings(value)):
            wanted.setdefault(struct.unpack("<I", spelling[:4])[0], []).append((spelling, place))
    beginnings = np.array(sorted(wanted), dtype="<u4")
    files = {name: _without(data, ciphertexts) for name, data in bytes_of(folder).items()}
    return [(name, *hit) for name, data in files.items() for hit in _hits(data, wanted, beginnings)]


def _without(data: bytes, ciphertexts: Sequence[bytes]) -> bytes:
    for one in ciphertexts:
        data = data.replace(one, b"|")
    return data


def _hits(
    data: bytes, wanted: dict[int, list[tuple[bytes, Place]]], beginnings: "np.ndarray[tuple[int], np.dtype[np.uint32]]"
) -> Iterator[tuple[Place, bytes]]:
    for shift in range(min(4, len(data))):
        windows = np.frombuffer(data, dtype="<u4", offset=shift, count=(len(data) - shift) // 4)
        for at in np.flatnonzero(np.isin(windows, beginnings)):
            start = shift + 4 * int(at)
            for spelling, place in wanted[int(windows[at])]:
                if data.startswith(spelling, start):
                    yield place, spelling
