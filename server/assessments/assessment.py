"""What every chapter is written from: the region, its lists made once, and the edition that says what may be printed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from server.assessments.comparison import SpeciesChange, SurveyedAlike, compare, surveyed
from server.assessments.outline import Outlines
from server.assessments.region import CountyStudy, Region
from server.baselines.draft import DASH_NOTE, zh_date
from server.baselines.edition import SUPPRESSED, Edition
from server.baselines.effort import EffortLine, effort_lines
from server.baselines.species import SpeciesLine, group_names, species_lines
from server.baselines.study import Study
from server.reporting.document import Count
from server.reporting.small_counts import SMALLEST
from server.settings import Settings

SPECIES = "species"
NOT_COMPUTABLE = "不能计算"


@dataclass(frozen=True)
class Assessment:
    region: Region
    edition: Edition
    outlines: Outlines
    settings: Settings

    @cached_property
    def lines_now(self) -> tuple[SpeciesLine, ...]:
        return species_lines(self.region.now)

    @cached_property
    def lines_before(self) -> tuple[SpeciesLine, ...]:
        return species_lines(self.region.before)

    @cached_property
    def changes(self) -> tuple[SpeciesChange, ...]:
        return compare(self.region, self.outlines.method_groups)

    @cached_property
    def surveyed(self) -> tuple[SurveyedAlike, ...]:
        return surveyed(self.region)

    @cached_property
    def effort(self) -> tuple[tuple[EffortLine, ...], tuple[EffortLine, ...]]:
        """Before and now."""
        return effort_lines(self.region.before), effort_lines(self.region.now)

    @property
    def species(self) -> Count:
        return Count(SPECIES, len(self.lines_now))

    @property
    def groups(self) -> list[str]:
        return group_names((*self.lines_before, *self.lines_now))

    @cached_property
    def covered(self) -> tuple[CountyStudy, ...]:
        """Counties with a species record or a survey visit in the period."""
        return tuple(county for county in self.region.counties if county.now.sightings or county.now.units)

    @cached_property
    def with_records(self) -> tuple[CountyStudy, ...]:
        """Counties of which any species is recorded, in whatever period."""
        return tuple(
            county for county in self.region.counties if county.lines_before or county.lines_now or county.lines_other
        )

    @cached_property
    def hidden(self) -> frozenset[str]:
        """Taxa whose number of records is nowhere printed: were it shown for some counties or periods only, a difference of two
        totals would tell the rest."""
        parts = [
            lines
            for county in self.region.counties
            for lines in (county.lines_before, county.lines_now, county.lines_other)
        ]
        return frozenset(line.taxon.taxon_id for lines in parts for line in lines if self.edition.hides(line))

    def open_part(self, study: Study) -> Study:
        """What figures by visit are made of: in public without the guarded records."""
        return replace(study, sightings=tuple(self.edition.open_to_it(study.sightings)))

    def count(self, taxon_id: str, records: int) -> int | str:
        return SUPPRESSED if records and taxon_id in self.hidden else records

    def records_of(self, lines: Iterable[SpeciesLine]) -> int:
        return sum(line.records for line in lines if line.taxon.taxon_id not in self.hidden)

    @property
    def notes(self) -> tuple[str, ...]:
        """Below every table that counts records."""
        if not self.hidden:
            return (DASH_NOTE,)
        told = f"“{SUPPRESSED}”表示敏感物种在某一县某一期的记录少于{SMALLEST}条，其条数不公开，也不计入任何合计"
        return (f"{DASH_NOTE}；{told}",)

    @property
    def titles(self) -> tuple[str, str]:
        """Of the two periods, for heads of columns: before and now."""
        return f"上期（{self.region.period.previous.title}）", f"本期（{self.region.period.title}）"

    @property
    def source(self) -> str:
        return "本报告数据快照（见“数据版本与校验”）"

    @property
    def cutoff_zh(self) -> str:
        return zh_date(self.region.snapshot.as_of)

    @property
    def all_counties(self) -> bool:
        return len(self.region.counties) == self.counties_of_province

    @property
    def counties_of_province(self) -> int:
        return int(self.region.snapshot.parameters["province_counties"])

    @property
    def scope_zh(self) -> str:
        if self.all_counties:
            return f"{self.region.province}全部{self.counties_of_province}个县级行政区"
        return f"{self.region.province}{self.counties_of_province}个县级行政区中选定的{len(self.region.counties)}个"

    @property
    def demonstration(self) -> bool:
        return self.region.whole.demonstration
