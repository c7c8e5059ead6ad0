"""Effort by group and method, and where it was spent; pure. Visits without a find belong to it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from server.baselines.study import Study, group_of_unit, groups_of_unit
from server.sensitivity.records import FrozenRecord
from shared.clock import observed_interval
from shared.geodesy import length_m
from shared.vocabulary import PROTOCOLS

_PATROL, _PLOT_TYPES, _LINE_TYPES = "patrol", ("plot", "quadrat"), ("transect", "patrol")


@dataclass(frozen=True)
class Effort:
    """Of one visit. None: not stated, and not to be had from a track or from times."""

    length_m: Decimal | None
    duration_min: Decimal | None
    area_m2: Decimal | None


@dataclass(frozen=True)
class EffortLine:
    group: str
    method: str
    units: tuple[FrozenRecord, ...]
    efforts: tuple[Effort, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """None where the method looks for anything."""
        return groups_of_unit(self.units[0])

    @property
    def kilometres(self) -> Decimal | None:
        return (
            _total(effort.length_m for effort in self.efforts) / 1000
            if any(e.length_m is not None for e in self.efforts)
            else None
        )

    @property
    def hours(self) -> Decimal | None:
        return (
            _total(effort.duration_min for effort in self.efforts) / 60
            if any(e.duration_min is not None for e in self.efforts)
            else None
        )

    @property
    def plots(self) -> int:
        return sum(unit.body["event_type"] in _PLOT_TYPES for unit in self.units)

    @property
    def lines(self) -> int:
        return sum(unit.body["event_type"] in _LINE_TYPES for unit in self.units)


def effort_lines(study: Study) -> tuple[EffortLine, ...]:
    found: dict[tuple[str, str], list[FrozenRecord]] = {}
    for unit in study.units:
        if unit.body["sampling_protocol"] not in ("incidental", "import"):
            found.setdefault((group_of_unit(unit), unit.body["sampling_protocol"]), []).append(unit)
    order = list(PROTOCOLS)
    keys = sorted(found, key=lambda key: (order.index(key[1]) if key[1] in order else len(order), key))
    return tuple(
        EffortLine(*key, tuple(found[key]), tuple(effort_of(unit, study) for unit in found[key])) for key in keys
    )


def effort_of(unit: FrozenRecord, study: Study) -> Effort:
    """As stated; of a patrol that states no length, its track; without a duration, from first to last time where both are given to the minute."""
    stated = unit.body.get("effort") or {}
    length, duration, area = (_decimal(stated.get(name)) for name in ("length_m", "duration_min", "area_m2"))
    if length is None and unit.kind == _PATROL:
        length = _track_length(unit.id, study.of_kind("track_segment"))
    return Effort(length, duration if duration is not None else _minutes(unit.body), area)


def _track_length(patrol_id: str, segments: Sequence[FrozenRecord]) -> Decimal | None:
    """Along the points of each leg; between legs and segments nothing is assumed."""
    own = [segment.body["points"] for segment in segments if segment.body["patrol_id"] == patrol_id]
    if not own:
        return None
    metres = sum(length_m([(point[1] / 1e7, point[2] / 1e7) for point in points]) for points in own)
    return Decimal(str(round(metres, 1)))


def _minutes(body: Mapping[str, Any]) -> Decimal | None:
    if body.get("date_precision") not in ("minute", "second") or not body.get("observed_to"):
        return None
    start, end = observed_interval(body)
    return Decimal(int((end - start).total_seconds())) / 60 if start and end and end > start else None


def _decimal(text: str | None) -> Decimal | None:
    return Decimal(text) if text is not None else None


def _total(values: Iterable[Decimal | None]) -> Decimal:
    return sum((value for value in values if value is not None), Decimal(0))
