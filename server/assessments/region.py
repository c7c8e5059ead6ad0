"""The records of many counties put in order by county and by period; pure. Each part is a study like a county's own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import shapely

from server.assessments.period import Period
from server.baselines.species import SpeciesLine, species_lines
from server.baselines.study import Study, make_study
from server.sensitivity.records import FrozenRecord
from server.snapshots.context import Area
from server.snapshots.rules import county_of
from server.snapshots.service import Snapshot
from shared.clock import CHINA, observed_interval

Days = tuple[date | None, date | None]


@dataclass(frozen=True)
class CountyStudy:
    """`before`, `now`: observed wholly within a period. `other`: neither. `recorded`: up to the period's end, undated records too;
    `recorded_before`: up to the end of the period before, undated ones not."""

    area: Area
    before: Study
    now: Study
    other: Study
    recorded: Study
    recorded_before: Study

    @cached_property
    def lines_before(self) -> tuple[SpeciesLine, ...]:
        return species_lines(self.before)

    @cached_property
    def lines_now(self) -> tuple[SpeciesLine, ...]:
        return species_lines(self.now)

    @cached_property
    def lines_other(self) -> tuple[SpeciesLine, ...]:
        return species_lines(self.other)

    @cached_property
    def lines_recorded(self) -> tuple[SpeciesLine, ...]:
        return species_lines(self.recorded)

    @cached_property
    def lines_recorded_before(self) -> tuple[SpeciesLine, ...]:
        return species_lines(self.recorded_before)


@dataclass(frozen=True)
class Region:
    """`counties` are all those asked about, with or without records; `county_by_record` goes by record id."""

    whole: Study
    before: Study
    now: Study
    period: Period
    counties: tuple[CountyStudy, ...]
    county_by_record: Mapping[str, str]

    @property
    def snapshot(self) -> Snapshot:
        return self.whole.snapshot

    @property
    def province(self) -> str:
        return self.whole.county.province_name

    def of_kind_in(self, kind: str, period: Period) -> list[FrozenRecord]:
        return [record for record in self.whole.of_kind(kind) if period.holds(*days_of(record))]


def make_region(snapshot: Snapshot, period: Period) -> Region:
    whole = replace(make_study(snapshot), county=_together(snapshot.context.counties))
    places = county_of(snapshot.records)
    parts = _by_county(whole, places)
    return Region(
        whole=whole,
        before=within(whole, period.previous),
        now=within(whole, period),
        period=period,
        counties=tuple(_county(parts[area.code], period) for area in snapshot.context.counties),
        county_by_record=places,
    )


def within(study: Study, period: Period) -> Study:
    return _chosen(study, lambda days: period.holds(*days))


def days_of(record: FrozenRecord) -> Days:
    """First and last day in China that a record can mean."""
    start, end = observed_interval(record.body)
    return start.astimezone(CHINA).date() if start else None, end.astimezone(CHINA).date() if end else None


def _county(study: Study, period: Period) -> CountyStudy:
    before, now = within(study, period.previous), within(study, period)
    placed = {one.record.id for one in (*before.sightings, *now.sightings)}
    return CountyStudy(
        area=study.county,
        before=before,
        now=now,
        other=replace(study, sightings=tuple(one for one in study.sightings if one.record.id not in placed), units=()),
        recorded=_chosen(study, lambda days: days[1] is None or days[1].year <= period.last),
        recorded_before=_chosen(study, lambda days: days[1] is not None and days[1].year < period.first),
    )


def _chosen(study: Study, holds: Callable[[Days], bool]) -> Study:
    return replace(
        study,
        sightings=tuple(one for one in study.sightings if holds((one.first, one.last))),
        unplaced=tuple(one for one in study.unplaced if holds((one.first, one.last))),
        absences=tuple(one for one in study.absences if holds((one.first, one.last))),
        units=tuple(unit for unit in study.units if holds(days_of(unit))),
    )


def _by_county(whole: Study, places: Mapping[str, str]) -> dict[str, Study]:
    """`records` stays whole: a visit may begin in the next county."""
    areas = whole.snapshot.context.counties

    def own(code: str, record: FrozenRecord) -> bool:
        return places.get(record.id) == code

    return {
        area.code: replace(
            whole,
            county=area,
            sightings=tuple(one for one in whole.sightings if own(area.code, one.record)),
            unplaced=tuple(one for one in whole.unplaced if own(area.code, one.record)),
            absences=tuple(one for one in whole.absences if own(area.code, one.record)),
            units=tuple(unit for unit in whole.units if own(area.code, unit)),
            evidence=(),
        )
        for area in areas
    }


def _together(areas: tuple[Area, ...]) -> Area:
    """One area of all counties, for what is said of the whole."""
    first = areas[0]
    shape = shapely.union_all([area.shape for area in areas])
    return Area(
        f"{first.code[:2]}0000",
        first.province_name,
        first.province_name,
        first.province_name,
        shapely.to_wkt(shape, rounding_precision=7),
    )
