"""How complete the lists are, by group and method over visits, and by group over 10 km cells; pure. Never over a pooled county list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from server.baselines.effort import effort_lines
from server.baselines.species import SpeciesLine, group_names
from server.baselines.study import INVASIVE, Sighting, Study
from server.statistics.accumulation import CurvePoint, accumulation_curve
from server.statistics.estimate import Estimate
from server.statistics.richness import chao2, incidence_coverage

VISITS, CELLS = "调查次", "10 km网格"


@dataclass(frozen=True)
class Completeness:
    """`units` sampled, those without any species too; `frequencies`: in how many of them each species was found."""

    group: str
    method: str | None
    unit_zh: str
    units: int
    frequencies: tuple[int, ...]

    @property
    def observed(self) -> int:
        return len(self.frequencies)

    @property
    def richness(self) -> Estimate:
        return chao2(self.frequencies, self.units)

    @property
    def coverage(self) -> Estimate:
        return incidence_coverage(self.frequencies, self.units)

    @property
    def percent(self) -> float | None:
        """Observed in percent of Chao2."""
        estimated = self.richness.value
        return 100 * self.observed / estimated if estimated else None

    @property
    def curve(self) -> list[CurvePoint]:
        return accumulation_curve(self.frequencies, self.units)


def completeness(study: Study, lines: Sequence[SpeciesLine]) -> tuple[Completeness, ...]:
    return (*_by_visits(study), *_by_cells(study, lines))


def _by_visits(study: Study) -> list[Completeness]:
    found = []
    for effort in effort_lines(study):
        units = {unit.id for unit in effort.units}
        own = [one for one in study.sightings if one.unit is not None and one.unit.id in units]
        groups = effort.groups or sorted({one.taxon.group_zh for one in own if one.taxon})
        found += [_visits(group, effort.method, len(units), own) for group in groups]
    return found


def _visits(group: str, method: str, units: int, own: Iterable[Sighting]) -> Completeness:
    pairs = {(one.unit.id, one.taxon.taxon_id) for one in own if one.unit and one.taxon and _belongs(one, group)}
    return Completeness(group, method, VISITS, units, _frequencies(pairs))


def _by_cells(study: Study, lines: Sequence[SpeciesLine]) -> list[Completeness]:
    """A cell is a unit of a group where any record of the group lies in it: where nobody looked cannot be told from where nothing was."""
    found = []
    for group in group_names(lines):
        pairs = {
            (one.grid_cell, line.taxon.taxon_id)
            for line in lines
            if line.taxon.group_zh == group
            for one in line.sightings
            if one.grid_cell is not None
        }
        found.append(Completeness(group, None, CELLS, len({cell for cell, _ in pairs}), _frequencies(pairs)))
    return found


def _belongs(one: Sighting, group: str) -> bool:
    """A survey of invasives has its species in any group; every other method counts its own group alone."""
    if one.taxon is None:
        return False
    return bool(one.taxon.invasive_lists) if group == INVASIVE else one.taxon.group_zh == group


def _frequencies(pairs: Iterable[tuple[str, str]]) -> tuple[int, ...]:
    units: dict[str, int] = {}
    for _, taxon in pairs:
        units[taxon] = units.get(taxon, 0) + 1
    return tuple(units[taxon] for taxon in sorted(units))


def unit_label(group: str, method_zh: str | None) -> str:
    return f"{group} · {method_zh}" if method_zh else f"{group} · 全部方法"
