"""Reads Mapbox vector tiles back, as little of the format as ours use: points and their attributes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Feature:
    """`at`: the point in the tile's own grid of 4096."""

    layer: str
    at: tuple[int, int]
    told: dict[str, Any]


def features(tile: bytes) -> list[Feature]:
    return [feature for number, layer in _fields(tile) if number == 3 for feature in _layer(layer)]


def _layer(data: bytes) -> Iterator[Feature]:
    parts = list(_fields(data))
    name = next(value for number, value in parts if number == 1).decode()
    keys = [value.decode() for number, value in parts if number == 3]
    values = [_value(value) for number, value in parts if number == 4]
    for number, value in parts:
        if number == 2:
            fields = dict(_fields(value))
            tags, shape = list(_packed(fields.get(2, b""))), list(_packed(fields[4]))
            told = {keys[tags[n]]: values[tags[n + 1]] for n in range(0, len(tags), 2)}
            yield Feature(name, (_zigzag(shape[1]), _zigzag(shape[2])), told)


def _value(data: bytes) -> Any:
    number, value = next(_fields(data))
    if number == 1:
        return value.decode()
    return _zigzag(value) if number == 6 else value


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == 2:
            length, at = _varint(data, at)
            yield tag >> 3, data[at : at + length]
            at += length
        else:
            value, at = _varint(data, at)
            yield tag >> 3, value


def _packed(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def _zigzag(value: int) -> int:
    return (value >> 1) ^ -(value & 1)
