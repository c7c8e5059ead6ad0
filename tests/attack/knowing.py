"""What an attacker knows: what was answered, and what everybody knows. Of each guarded record many guesses, of which the surest counts."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import hypot
from typing import Any

SIDE = {2: 0.1, 3: 0.01, 4: 0.001}


@dataclass(frozen=True)
class Ask:
    role: str
    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    status: int
    data: bytes
    headers: Mapping[str, str]

    @cached_property
    def json(self) -> Any:
        try:
            return json.loads(self.data)
        except ValueError:
            return None

    @property
    def items(self) -> list[dict[str, Any]]:
        told = self.json
        return told["items"] if isinstance(told, dict) and isinstance(told.get("items"), list) else []


@dataclass(frozen=True)
class Guess:
    """`off`: how far off, in degrees, the attacker believes it to be at most."""

    off: float
    longitude: float
    latitude: float
    by: str


@dataclass
class Known:
    """`records`: by shown id, as lists tell them. `guesses`: by the shown id of a guarded one. `order`: of lists, by role and sort."""

    shapes: Mapping[str, Any]
    survey: str
    author: str
    device: str
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    guesses: dict[str, list[Guess]] = field(default_factory=dict)
    orders: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    details: dict[str, list[Any]] = field(default_factory=dict)

    def guarded(self) -> list[dict[str, Any]]:
        return [one for one in self.records.values() if one["level"]]

    def told_open(self) -> list[dict[str, Any]]:
        return [one for one in self.records.values() if not one["level"] and one["place"]]

    def learn(self, item: dict[str, Any]) -> None:
        """One record as a list or an answer tells it. Whoever is told two cells of one record knows it lies in both."""
        before = self.records.get(item["id"])
        if item["level"]:
            for one in self._from_place(item):
                self.guess(item["id"], one)
        if before is None or not before.get("place") or before["place"]["latitude"] is None:
            self.records[item["id"]] = item

    def _from_place(self, item: dict[str, Any]) -> Iterator[Guess]:
        place = item["place"] or {}
        shape = self.shapes.get(place.get("county_code") or "")
        if shape is not None:
            yield Guess(shape.area**0.5 / 2, shape.centroid.x, shape.centroid.y, "county")
        if place.get("latitude") is not None:
            at = place["longitude"], place["latitude"]
            yield Guess(off_of(item["level"], *at), *at, "told place")

    def guess(self, id_: str, guess: Guess) -> None:
        self.guesses.setdefault(id_, []).append(guess)

    def surest(self, id_: str) -> Guess | None:
        return min(self.guesses.get(id_, []), key=lambda one: one.off, default=None)

    def region(self, item: dict[str, Any]) -> tuple[float, float, float, float]:
        """West, south, east, north that hold it: its cell, or its county."""
        place = item["place"]
        if place["latitude"] is not None and item["level"] in SIDE:
            half = SIDE[item["level"]] / 2
            lon, lat = place["longitude"], place["latitude"]
            return lon - half, lat - half, lon + half, lat + half
        shape = self.shapes.get(place["county_code"])
        return shape.bounds if shape is not None else (108.8, 24.6, 114.3, 30.2)


def off_of(level: int, longitude: float, latitude: float) -> float:
    """A told point that is no centre of its level's grid was not rounded to it: it is as exact as it is written."""
    side = SIDE.get(level)
    if side is None or hypot(*(abs(value / side % 1 - 0.5) for value in (longitude, latitude))) > 1e-3:
        return 1e-6
    return side * 0.7072


def cursor_told(after: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
