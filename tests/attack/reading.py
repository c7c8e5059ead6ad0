"""Any answer, taken apart: the places that it tells, under whatever name, in whatever file."""

import io
import json
import re
import struct
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from csv import DictReader
from dataclasses import dataclass
from itertools import product
from typing import Any

import openpyxl

from tests.attack.planting import Target

_NUMBER = re.compile(r"(?<![\d.])\d{2,3}\.\d{4,}(?!\d)|(?<![\d.])\d{8,10}(?![\d.])")
_DEGREES = re.compile(r"(\d{2,3})\s*[°度]\s*(\d{1,2})\s*[′'分]\s*(\d{1,2}(?:\.\d+)?)")
_HEX = re.compile(r"(?<![0-9a-fA-F])(?:[0-9a-fA-F]{2}){8,30}(?![0-9a-fA-F])")
Row = Mapping[str, Any]


Spot = tuple[int, float, str]
"""Where in the bytes, what in degrees, and how it is spelled there."""
_BESIDE = 400
"""Latitude and longitude of one place stand no farther apart than this in anything that is written for people or programs."""


def numbers(data: bytes) -> list[Spot]:
    """Degrees in text: decimals, whole numbers of 1e-7 and 1e-6 degree, degrees with minutes and seconds, doubles in hexadecimal."""
    text = data.decode("utf-8", "replace")
    found = []
    for told in _NUMBER.finditer(text):
        value, at = float(told[0]), told.start()
        found += [(at, value, "decimal")] if value < 180 else [(at, value / 1e7, "e7"), (at, value / 1e6, "e6")]
    found += [
        (told.start(), int(told[1]) + int(told[2]) / 60 + float(told[3]) / 3600, "degrees")
        for told in _DEGREES.finditer(text)
    ]
    return found + [
        (told.start(), value, f"{how} in hexadecimal")
        for told in _HEX.finditer(text)
        for _, value, how in packed(bytes.fromhex(told[0]))
    ]


def packed(data: bytes) -> Iterator[Spot]:
    """Degrees in bytes: doubles (and so WKB), singles, whole numbers of 1e-7 and 1e-6 degree; both endian, wherever they begin."""
    for order, (code, size, per) in product("<>", (("d", 8, 1), ("f", 4, 1), ("i", 4, 1e7), ("i", 4, 1e6))):
        for begin in range(size):
            whole = (len(data) - begin) // size
            for number, value in enumerate(struct.unpack_from(f"{order}{whole}{code}", data, begin)):
                if 24 < value / per < 116:
                    yield begin + number * size, value / per, f"{order}{code} {per:g}"


def parts_of(data: bytes) -> list[bytes]:
    """The bytes; of an archive or a workbook, those of each file in it."""
    if not data.startswith(b"PK"):
        return [data]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [archive.read(name) for name in archive.namelist()]


def spots(part: bytes) -> list[Spot]:
    try:
        part.decode()
    except UnicodeDecodeError:
        return sorted([*numbers(part), *packed(part)])
    return sorted(numbers(part))


class Sweep:
    """Knows where everything really lies, as the attacker does not: finds an exact place in any answer, whoever could make use of it."""

    def __init__(self, targets: Iterable[Target]) -> None:
        self._axes: tuple[dict[int, list[tuple[int, float]]], ...] = ({}, {})
        for number, target in enumerate(targets):
            for axis, value in zip(self._axes, (target.latitude_e7 / 1e7, target.longitude_e7 / 1e7), strict=True):
                axis.setdefault(round(value * 1e4), []).append((number, value))

    def places_in(self, data: bytes) -> set[int]:
        """Numbers of targets whose latitude and longitude stand beside each other in it, spelled alike, right to four decimals.

        Alike, since every answer holds digits that are drawn by lot: in 300 pseudonyms one now and then reads as a latitude.
        """
        found: set[int] = set()
        for part in parts_of(data):
            told = spots(part)
            latitudes, longitudes = (self._of(axis, told) for axis in self._axes)
            for number in latitudes.keys() & longitudes.keys():
                if any(_together(*pair) for pair in product(latitudes[number], longitudes[number])):
                    found.add(number)
        return found

    @staticmethod
    def _of(axis: Mapping[int, list[tuple[int, float]]], told: list[Spot]) -> dict[int, list[tuple[int, str]]]:
        """By target: where in the bytes, and how it is spelled."""
        found: dict[int, list[tuple[int, str]]] = {}
        for at, value, how in told:
            for step in (-1, 0, 1):
                for number, exact in axis.get(round(value * 1e4) + step, ()):
                    if abs(value - exact) < 5.1e-5:
                        found.setdefault(number, []).append((at, how))
        return found


def _together(latitude: tuple[int, str], longitude: tuple[int, str]) -> bool:
    return latitude[1] == longitude[1] and abs(latitude[0] - longitude[0]) < _BESIDE


@dataclass(frozen=True)
class Told:
    """A place beside names: what an exported row or a feature says."""

    id: str
    names: frozenset[str]
    longitude: float
    latitude: float


def told_in(data: bytes, form: str) -> Iterator[Told]:
    """Rows of an export that tell a place."""
    if form == "geojson":
        yield from _features(data)
        return
    for row in rows_of(data, form):
        lat, lon = _float(row.get("decimalLatitude")), _float(row.get("decimalLongitude"))
        if lat is not None and lon is not None:
            yield Told(str(row.get("occurrenceID")), frozenset(str(value) for value in row.values() if value), lon, lat)


def _features(data: bytes) -> Iterator[Told]:
    for one in json.loads(data)["features"]:
        if one["geometry"]:
            lon, lat = one["geometry"]["coordinates"][:2]
            said = one["properties"]
            yield Told(
                str(said.get("occurrenceID")), frozenset(str(value) for value in said.values() if value), lon, lat
            )


def rows_of(data: bytes, form: str) -> Iterator[Row]:
    if form == "xlsx":
        for sheet in openpyxl.load_workbook(io.BytesIO(data), read_only=False).worksheets:
            lines = list(sheet.iter_rows(values_only=True))
            if lines:
                yield from (dict(zip(map(str, lines[0]), line, strict=False)) for line in lines[1:])
    elif form == "dwca":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                if name.endswith((".csv", ".txt", ".tsv")):
                    yield from _table(archive.read(name))
    else:
        yield from _table(data)


def _table(data: bytes) -> Iterator[Row]:
    text = data.decode("utf-8-sig")
    head = text.split("\n", 1)[0]
    yield from DictReader(io.StringIO(text), delimiter="\t" if "\t" in head else ",")


def _float(value: Any) -> float | None:
    try:
        return float(str(value).lstrip("'"))
    except ValueError:
        return None
