"""Which species can be said to have come, stayed or not been found again; pure.

A species is compared only over ground that both periods surveyed alike: the same 10 km cell, the same method, the same target group.
Where nobody looked again, nothing is said of the species but that nobody looked. A guarded record is compared by county and method
alone, since its cell would tell more than the report may.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from server.assessments.region import CountyStudy, Region
from server.baselines.species import SpeciesLine
from server.baselines.study import EVERY_GROUP, Sighting, Study, group_of_unit
from server.sensitivity.records import FrozenRecord
from server.snapshots.context import Area, Taxon

BOTH, GAINED, UNSURVEYED_BEFORE = "两期均有记录", "新增记录", "上期未调查"
NOT_REFOUND, UNSURVEYED_NOW = "未再记录", "本期未调查"
CHANGES = (BOTH, GAINED, UNSURVEYED_BEFORE, NOT_REFOUND, UNSURVEYED_NOW)
INVASIVE_TARGET = "外来入侵物种"

Ground = tuple[str, str, str]
"""(cell or county code, method, target group)."""


@dataclass(frozen=True)
class SpeciesChange:
    """`before`, `now`: records of wild individuals. `by_county`: compared without cells.

    `looked_for`: the species was on a target list of this period and not seen.
    """

    area: Area
    taxon: Taxon
    by_county: bool
    change: str
    before: int
    now: int
    looked_for: bool


@dataclass(frozen=True)
class SurveyedAlike:
    """Visits of one method in a county, and the cells that they reached."""

    area: Area
    group: str
    method: str
    visits_before: int
    visits_now: int
    cells_before: frozenset[str]
    cells_now: frozenset[str]

    @property
    def in_both(self) -> bool:
        return bool(self.visits_before and self.visits_now)


MethodGroups = Mapping[str, tuple[str, ...]]
"""The groups that a method looks for, where its visits do not say; a method that is not named looks for any."""


def compare(region: Region, aims: MethodGroups) -> tuple[SpeciesChange, ...]:
    grounds = _ground(region.before, region.county_by_record), _ground(region.now, region.county_by_record)
    return tuple(
        change
        for county in region.counties
        for change in _county_changes(county, region.county_by_record, grounds, aims)
    )


def surveyed(region: Region) -> tuple[SurveyedAlike, ...]:
    """By county, method and group, whether surveyed in both periods or in one."""
    return tuple(one for county in region.counties for one in _county_surveyed(county, region))


def cells_surveyed(study: Study) -> frozenset[str]:
    """10 km cells that an open survey visit reached."""
    cells = _cells_by_unit(study)
    return frozenset(cell for unit in comparable_units(study) for cell in cells.get(unit.id, ()))


def comparable_units(study: Study) -> list[FrozenRecord]:
    """Visits that looked for species by a method: a patrol does not."""
    return [
        unit
        for unit in study.units
        if unit.kind != "patrol" and unit.body["sampling_protocol"] not in ("incidental", "import")
    ]


def _county_changes(
    county: CountyStudy,
    places: Mapping[str, str],
    grounds: tuple[frozenset[Ground], frozenset[Ground]],
    aims: MethodGroups,
) -> Iterable[SpeciesChange]:
    found_before, found_now = _wild(county.lines_before), _wild(county.lines_now)
    missed = {one.taxon.taxon_id for one in county.now.absences if one.taxon is not None}
    for line in sorted(
        [*county.lines_now, *(one for one in county.lines_before if one.taxon.taxon_id not in found_now)], key=_order
    ):
        key = line.taxon.taxon_id
        seen_before, seen_now = found_before.get(key, []), found_now.get(key, [])
        if not seen_before and not seen_now:
            continue
        looked_for = not seen_now and key in missed
        by_county = any(one.level for one in (*seen_before, *seen_now))
        own = [{_own_ground(one, places, aims, by_county) for one in seen} for seen in (seen_before, seen_now)]
        change = _change(own[0], own[1], looked_for, grounds)
        yield SpeciesChange(
            county.area,
            line.taxon,
            by_county,
            change,
            len(seen_before),
            len(seen_now),
            looked_for,
        )


def _change(
    before: set[Ground | None],
    now: set[Ground | None],
    looked_for: bool,
    grounds: tuple[frozenset[Ground], frozenset[Ground]],
) -> str:
    if before and now:
        return BOTH
    if now:
        return GAINED if now & grounds[0] else UNSURVEYED_BEFORE
    return NOT_REFOUND if looked_for or before & grounds[1] else UNSURVEYED_NOW


def _wild(lines: Iterable[SpeciesLine]) -> dict[str, list[Sighting]]:
    found = {line.taxon.taxon_id: [one for one in line.sightings if one.wild] for line in lines}
    return {key: seen for key, seen in found.items() if seen}


def _own_ground(one: Sighting, places: Mapping[str, str], aims: MethodGroups, by_county: bool) -> Ground | None:
    """None for a find beside the method's aim: not finding it again by that method means nothing."""
    unit = one.unit
    if unit is None or unit.kind == "patrol" or not _aims_at(unit, one.taxon, aims):
        return None
    cell = None if _level(unit) else _unit_cell(unit) or one.grid_cell
    place = places.get(unit.id) if by_county else cell
    return (place, unit.body["sampling_protocol"], group_of_unit(unit)) if place else None


def _ground(study: Study, places: Mapping[str, str]) -> frozenset[Ground]:
    """What a period surveyed: each visit's cells, and its county."""
    cells = _cells_by_unit(study)
    found: set[Ground] = set()
    for unit in comparable_units(study):
        own = {*cells.get(unit.id, ()), *filter(None, [places.get(unit.id)])}
        found |= {(place, unit.body["sampling_protocol"], group_of_unit(unit)) for place in own}
    return frozenset(found)


def _cells_by_unit(study: Study) -> dict[str, set[str]]:
    """The cell of the visit's own place; of a visit without one, the cells of what it recorded. Guarded ones do not show."""
    found: dict[str, set[str]] = {
        unit.id: {cell} for unit in study.units if not _level(unit) and (cell := _unit_cell(unit))
    }
    stated = set(found)
    for one in (*study.sightings, *study.unplaced, *study.absences):
        if (
            one.unit is not None
            and one.unit.id not in stated
            and not one.level
            and not _level(one.unit)
            and one.grid_cell
        ):
            found.setdefault(one.unit.id, set()).add(one.grid_cell)
    return found


def _county_surveyed(county: CountyStudy, region: Region) -> Iterable[SurveyedAlike]:
    visits: dict[tuple[str, str], tuple[list[FrozenRecord], list[FrozenRecord]]] = {}
    for n, study in enumerate((county.before, county.now)):
        for unit in comparable_units(study):
            visits.setdefault((unit.body["sampling_protocol"], group_of_unit(unit)), ([], []))[n].append(unit)
    cells = _cells_by_unit(region.before), _cells_by_unit(region.now)
    for (method, group), both in sorted(visits.items()):
        reached = [
            frozenset(cell for unit in units for cell in known.get(unit.id, ()))
            for units, known in zip(both, cells, strict=True)
        ]
        yield SurveyedAlike(county.area, group, method, len(both[0]), len(both[1]), reached[0], reached[1])


def _aims_at(unit: FrozenRecord, taxon: Taxon | None, aims: MethodGroups) -> bool:
    if taxon is None:
        return False
    group = group_of_unit(unit)
    groups = aims.get(unit.body["sampling_protocol"], ()) if group == EVERY_GROUP else tuple(group.split("、"))
    if INVASIVE_TARGET in groups:
        return bool(taxon.invasive_lists)
    return not groups or taxon.group_zh in groups


def _unit_cell(unit: FrozenRecord) -> str | None:
    return unit.exact.stamp.grid_cell if unit.exact else None


def _level(record: FrozenRecord) -> int:
    return record.disclosed.level if record.disclosed else 0


def _order(line: SpeciesLine) -> tuple[str, str, str]:
    return line.taxon.group_zh, line.taxon.family or "~", line.taxon.scientific_name
