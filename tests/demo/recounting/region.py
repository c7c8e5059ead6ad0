"""The records of a province by county and by period; imports nothing of the project."""

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from recounting.bodies import ELSEWHERE, Body, day_of
from recounting.county import EVERY, TARGETS, County, Line, group_of
from recounting.figures import SMALLEST
from recounting.ground import cell_of

BOTH, GAINED, UNSURVEYED_BEFORE, NOT_REFOUND, UNSURVEYED_NOW = (
    "两期均有记录",
    "新增记录",
    "上期未调查",
    "未再记录",
    "本期未调查",
)
CHANGES = (BOTH, GAINED, UNSURVEYED_BEFORE, NOT_REFOUND, UNSURVEYED_NOW)
INVASIVE = TARGETS["invasive"]
Ground = tuple[str | None, str, str]


def days(one: Body) -> tuple[Any, Any]:
    if one.kind == "occurrence":
        return one.first, one.last
    return day_of(one.body.get("observed_from")), day_of(one.body.get("observed_to") or one.body.get("observed_from"))


@dataclass
class Part:
    """What was observed wholly within the years of a period."""

    seen: list[Body]
    absent: list[Body]
    visits: list[Body]

    @cached_property
    def lines(self) -> dict[str, Line]:
        found: dict[str, list[Body]] = defaultdict(list)
        for one in self.seen:
            found[one.taxon.name].append(one)
        return {name: Line(seen) for name, seen in found.items()}

    @property
    def surveys(self) -> list[Body]:
        """A patrol looks for no species."""
        return [one for one in self.visits if one.kind != "patrol"]

    @cached_property
    def cells(self) -> dict[str, set[str]]:
        """Of each visit its own, or, where it has no place, those of its records; a guarded one tells none."""
        found: dict[str, set[str]] = {
            one.id: {cell_of(one.point)} for one in self.surveys if one.point and not one.level
        }
        placed = set(found)
        for one in (*self.seen, *self.absent):
            if one.unit and one.unit.kind != "patrol" and one.unit.id not in placed and not one.level and one.cell:
                found.setdefault(one.unit.id, set()).add(one.cell)
        return found

    @property
    def reached(self) -> set[str]:
        return {cell for one in self.surveys for cell in self.cells.get(one.id, ())}


class Region:
    """`aims`: the groups that a method looks for where a visit does not say, as the outline's data have them."""

    def __init__(
        self, bodies: list[Body], names: dict[str, str], years: tuple[int, int], public: bool, outline: Path
    ) -> None:
        told = json.loads(outline.read_text(encoding="utf-8"))
        self.aims: dict[str, list[str]] = told["method_groups"]
        self.flagships, self.drivers = set(told["flagships"]), told["drivers"]
        self.names, self.public, self.years = names, public, years
        span = years[1] - years[0] + 1
        self.periods = ((years[0] - span, years[0] - 1), years)
        self.whole = County([one for one in bodies if one.county not in (None, ELSEWHERE)], public)
        self.parts = [self.part(period) for period in self.periods]
        self.counties = {
            code: [self.of_county(part, code) for part in self.parts]
            for code in sorted({one.county for one in self.whole.records})
        }

    def part(self, period: tuple[int, int]) -> Part:
        def within(found: list[Body]) -> list[Body]:
            dated = [(one, *days(one)) for one in found]
            return [
                one
                for one, first, last in dated
                if first and last and period[0] <= first.year and last.year <= period[1]
            ]

        return Part(within(self.whole.seen), within(self.whole.absent), within(self.whole.visits))

    def of_county(self, part: Part, code: str) -> Part:
        return Part(*([one for one in found if one.county == code] for found in (part.seen, part.absent, part.visits)))

    def of_kind(self, kind: str, period: tuple[int, int]) -> list[Body]:
        found = [(one, days(one)[0]) for one in self.whole.records if one.kind == kind]
        return [one for one, first in found if first and period[0] <= first.year <= period[1]]

    @cached_property
    def recorded(self) -> dict[str, tuple[dict[str, Line], dict[str, Line]]]:
        """By county, what was on record at the end of the period before and at this one's."""
        found = {}
        for code in self.counties:
            own = [one for one in self.whole.seen if one.county == code]
            then = [one for one in own if one.last and one.last.year < self.years[0]]
            now = [one for one in own if not one.last or one.last.year <= self.years[1]]
            found[code] = (Part(then, [], []).lines, Part(now, [], []).lines)
        return found

    @cached_property
    def hidden(self) -> set[str]:
        """Guarded species of which some county has fewer than five records in some period, or outside both."""
        if not self.public:
            return set()
        inside = {id(one) for part in self.parts for one in part.seen}
        found = set()
        for code, parts in self.counties.items():
            other = Part([one for one in self.whole.seen if one.county == code and id(one) not in inside], [], [])
            for part in (*parts, other):
                found |= {name for name, line in part.lines.items() if 0 < line.guarded < SMALLEST}
        return found

    def records(self, lines: dict[str, Line]) -> int:
        return sum(len(line.seen) for name, line in lines.items() if name not in self.hidden)

    def aims_at(self, visit: Body, taxon: Any) -> bool:
        group = group_of(visit)
        groups = self.aims.get(visit.body["sampling_protocol"], []) if group == EVERY else group.split("、")
        return not groups or taxon.group in groups or (INVASIVE in groups and bool(taxon.invasive))

    def ground(self, part: Part) -> set[Ground]:
        found: set[Ground] = set()
        for visit in part.surveys:
            for place in {*part.cells.get(visit.id, ()), visit.county}:
                found.add((place, visit.body["sampling_protocol"], group_of(visit)))
        return found

    @cached_property
    def changes(self) -> list[tuple[str, Any, str]]:
        """(county, taxon, change)"""
        grounds = [self.ground(part) for part in self.parts]
        found = []
        for code, parts in self.counties.items():
            for name in {**parts[0].lines, **parts[1].lines}:
                seen = [
                    [one for one in part.lines[name].seen if one.wild] if name in part.lines else [] for part in parts
                ]
                if any(seen):
                    missed = any(one.taxon and one.taxon.name == name for one in parts[1].absent)
                    found.append((code, (seen[0] or seen[1])[0].taxon, self.change(seen, missed, grounds)))
        return found

    def change(self, seen: list[list[Body]], missed: bool, grounds: list[set[Ground]]) -> str:
        by_county = any(one.level for one in (*seen[0], *seen[1]))
        own = [{ground for one in part if (ground := self.own_ground(one, by_county))} for part in seen]
        if all(seen):
            return BOTH
        if seen[1]:
            return GAINED if own[1] & grounds[0] else UNSURVEYED_BEFORE
        return NOT_REFOUND if missed or own[0] & grounds[1] else UNSURVEYED_NOW

    def own_ground(self, one: Body, by_county: bool) -> Ground | None:
        visit = one.unit
        if visit is None or visit.kind == "patrol" or not self.aims_at(visit, one.taxon):
            return None
        place = visit.county if by_county else cell_of(visit.point) if visit.point else one.cell
        return (place, visit.body["sampling_protocol"], group_of(visit)) if place else None
