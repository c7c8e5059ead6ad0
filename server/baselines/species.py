"""The county's species, one line each: the list that every figure of species in the report is counted from; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from server.baselines.study import Sighting, Study
from server.reporting.presences import is_guarded, public_code
from server.snapshots.context import Taxon
from shared.vocabulary import EVIDENCE_CLASSES, GROUP_NAMES_ZH, labels

COUNTING_RULE = (
    "物种数按现行名录接受的种及种下单元（亚种、变种）计，每个名称计一个；只计“有”的记录，未见记录、同一相机事件的单张影像、"
    "只鉴定到属及以上的记录和待核名称不计入"
)
_CLASS_ZH = {"I": "一级", "II": "二级"}


@dataclass(frozen=True)
class SpeciesLine:
    """`level`: the strictest level of its records here (0: none is guarded)."""

    taxon: Taxon
    sightings: tuple[Sighting, ...]
    level: int

    @property
    def records(self) -> int:
        return len(self.sightings)

    @property
    def individuals(self) -> int:
        return sum(one.individuals for one in self.sightings)

    @property
    def protection_zh(self) -> str | None:
        """A class that holds for wild animals and plants alone needs a wild record."""
        wild = any(one.wild for one in self.sightings)
        return _CLASS_ZH.get(self.taxon.protection_class or "") if wild or not self.taxon.wild_only else None

    @property
    def guarded(self) -> int:
        """How many of its records are guarded."""
        return sum(is_guarded(one.record) for one in self.sightings)

    @property
    def evidence(self) -> str:
        return "、".join(
            labels(
                EVIDENCE_CLASSES,
                {public_code(one.record, EVIDENCE_CLASSES, "evidence_class") for one in self.sightings},
            )
        )

    @property
    def first(self) -> Sighting | None:
        return min((one for one in self.sightings if one.first), key=lambda one: one.first or date.max, default=None)

    @property
    def last(self) -> Sighting | None:
        return max((one for one in self.sightings if one.last), key=lambda one: one.last or date.min, default=None)


def species_lines(study: Study) -> tuple[SpeciesLine, ...]:
    """In the order of groups, orders, families and names."""
    by_taxon: dict[str, list[Sighting]] = {}
    for one in study.sightings:
        if one.taxon is not None:
            by_taxon.setdefault(one.taxon.taxon_id, []).append(one)
    lines = [_line(found) for found in by_taxon.values()]
    return tuple(sorted(lines, key=_order))


def group_names(lines: Sequence[SpeciesLine]) -> list[str]:
    """Those groups that have a species, in their usual order."""
    present = {line.taxon.group_zh for line in lines}
    return [name for name in GROUP_NAMES_ZH if name in present] + sorted(present - set(GROUP_NAMES_ZH))


def _line(found: Sequence[Sighting]) -> SpeciesLine:
    taxon = found[0].taxon
    assert taxon is not None
    levels = {one.level for one in found} - {0}
    return SpeciesLine(taxon, tuple(found), min(levels, default=0))


def _order(line: SpeciesLine) -> tuple[object, ...]:
    taxon = line.taxon
    group = GROUP_NAMES_ZH.index(taxon.group_zh) if taxon.group_zh in GROUP_NAMES_ZH else len(GROUP_NAMES_ZH)
    return group, taxon.order_name or "~", taxon.family or "~", taxon.scientific_name
