"""What every chapter is written from: the study, its lists and figures made once, and the edition that says what may be printed."""

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from server.baselines.completeness import Completeness, completeness
from server.baselines.edition import SUPPRESSED, Edition
from server.baselines.effort import EffortLine, effort_lines
from server.baselines.species import SpeciesLine, group_names, species_lines
from server.baselines.study import Sighting, Study
from server.baselines.survey_profile import Profile
from server.reporting.document import Count
from server.reporting.presences import is_guarded, is_guarded_visit
from server.settings import Settings

SOURCE = "本报告数据快照（见“数据版本与校验”）"
DASH_NOTE = "“—”表示无数据"
SPECIES = "species"


@dataclass(frozen=True)
class Draft:
    study: Study
    edition: Edition
    profile: Profile
    settings: Settings

    @cached_property
    def lines(self) -> tuple[SpeciesLine, ...]:
        return species_lines(self.study)

    @cached_property
    def effort(self) -> tuple[EffortLine, ...]:
        return effort_lines(self.study)

    @cached_property
    def completeness(self) -> tuple[Completeness, ...]:
        open_study = replace(self.study, sightings=tuple(self.open_sightings))
        return completeness(open_study, species_lines(open_study))

    @property
    def open_sightings(self) -> list[Sighting]:
        """What figures by visit and by cell are made of: with the guarded ones a group of few species would tell where they were."""
        return self.edition.open_to_it(self.study.sightings)

    @cached_property
    def guarded_visits(self) -> frozenset[str]:
        """Visits whose day and place are those of guarded finds: patrols, and those that found guarded species alone."""
        finds: dict[str, list[bool]] = {}
        for one in (*self.study.sightings, *self.study.unplaced, *self.study.absences):
            for event_id in {event.id for event in (one.event, one.unit) if event is not None}:
                finds.setdefault(event_id, []).append(is_guarded(one.record))
        visits = [one for one in self.study.records.values() if one.kind in ("event", "patrol")]
        return frozenset(one.id for one in visits if is_guarded_visit(one) or all(finds.get(one.id, [False])))

    @property
    def dates(self) -> tuple[date | None, date | None]:
        """First and last day of what may be told to the day."""
        everything = self.edition.open_to_it((*self.study.sightings, *self.study.unplaced, *self.study.absences))
        firsts, lasts = ([one.first for one in everything if one.first], [one.last for one in everything if one.last])
        return min(firsts, default=None), max(lasts, default=None)

    @property
    def county(self) -> str:
        return self.study.county.name_zh

    @property
    def species(self) -> Count:
        return Count(SPECIES, len(self.lines))

    @property
    def groups(self) -> list[str]:
        return group_names(self.lines)

    @property
    def protected(self) -> tuple[SpeciesLine, ...]:
        return tuple(line for line in self.lines if line.protection_zh)

    @property
    def invasive(self) -> tuple[SpeciesLine, ...]:
        return tuple(line for line in self.lines if line.taxon.invasive_lists)

    @property
    def records_shown(self) -> int:
        """Records of species; in public without those whose own number is not printed, so that no difference tells it."""
        return self.records_of(self.lines)

    def records_of(self, lines: tuple[SpeciesLine, ...]) -> int:
        return sum(line.records for line in lines if not self.edition.hides(line))

    @property
    def hidden(self) -> int:
        return sum(self.edition.hides(line) for line in self.lines)

    @property
    def notes(self) -> tuple[str, ...]:
        """Below every table that counts records."""
        if not self.hidden:
            return (DASH_NOTE,)
        return (f"{DASH_NOTE}；“{SUPPRESSED}”表示敏感物种的记录少于5条，其条数不公开，也不计入合计",)

    @property
    def cutoff_zh(self) -> str:
        return zh_date(self.study.snapshot.as_of)


def zh_date(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
