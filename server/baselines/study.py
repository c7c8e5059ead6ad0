"""A county's records put in order: what was seen, what was looked for and not found, on which visit; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from server.sensitivity.records import FrozenRecord
from server.snapshots.context import Area, Taxon
from server.snapshots.service import Snapshot
from server.taxa.rules import ABOVE_SPECIES
from shared.clock import CHINA, observed_interval
from shared.vocabulary import OCCURRENCE_STATUS, PROTOCOLS, TARGET_GROUPS, label

NOT_WILD = frozenset({"captive", "cultivated", "released"})
NO_METHOD, EVERY_GROUP = "incidental", "不限类群"
INVASIVE = TARGET_GROUPS["invasive"]
_METHOD_GROUPS: Mapping[str, tuple[str, ...]] = {
    "bird_transect": ("鸟类",),
    "mammal_transect": ("哺乳类",),
    "herp_transect": ("爬行类", "两栖类"),
    "plant_plot": ("维管束植物",),
    "fish_net": ("鱼类",),
    "porpoise_watch": ("哺乳类",),
    "invasive_plot": (INVASIVE,),
}
PASSIVE = frozenset({"incidental", "import"})
"""Protocols that are no sampling: they have neither effort nor visits to compare."""


@dataclass(frozen=True)
class Sighting:
    """One present occurrence that counts. `unit` is the visit it belongs to, if it was found by a sampling method."""

    record: FrozenRecord
    taxon: Taxon | None
    unit: FrozenRecord | None
    event: FrozenRecord | None

    @property
    def body(self) -> Mapping[str, Any]:
        return self.record.body

    @property
    def level(self) -> int:
        return self.record.disclosed.level if self.record.disclosed else 0

    @property
    def wild(self) -> bool:
        return self.body.get("degree_of_establishment") not in NOT_WILD

    @property
    def method(self) -> str:
        return str(self.event.body["sampling_protocol"]) if self.event else NO_METHOD

    @property
    def individuals(self) -> int:
        return self.body.get("individual_count") or 0

    @cached_property
    def interval(self) -> tuple[datetime | None, datetime | None]:
        start, end = observed_interval(self.body)
        return (start, end) if start or self.event is None else observed_interval(self.event.body)

    @property
    def precision(self) -> str:
        source = self.body if self.body.get("observed_from") or self.event is None else self.event.body
        return source.get("date_precision") or "day"

    @property
    def first(self) -> date | None:
        return self.interval[0].astimezone(CHINA).date() if self.interval[0] else None

    @property
    def last(self) -> date | None:
        return self.interval[1].astimezone(CHINA).date() if self.interval[1] else None

    @property
    def grid_cell(self) -> str | None:
        place = self.record.exact or (self.event.exact if self.event else None)
        return place.stamp.grid_cell if place else None


@dataclass(frozen=True)
class Study:
    """`sightings` are of accepted taxa down to the species; `unplaced` are the other present ones; `evidence` are rows that never count;
    `unclear` say of presence what only a newer app knows, and count as neither."""

    snapshot: Snapshot
    county: Area
    sightings: tuple[Sighting, ...]
    unplaced: tuple[Sighting, ...]
    absences: tuple[Sighting, ...]
    unclear: tuple[Sighting, ...]
    evidence: tuple[FrozenRecord, ...]
    units: tuple[FrozenRecord, ...]
    records: Mapping[str, FrozenRecord]

    def of_kind(self, kind: str) -> list[FrozenRecord]:
        return [record for record in self.records.values() if record.kind == kind]

    @property
    def dates(self) -> tuple[date | None, date | None]:
        everything = (*self.sightings, *self.unplaced, *self.absences)
        firsts = [s.first for s in everything if s.first]
        lasts = [s.last for s in everything if s.last]
        return min(firsts, default=None), max(lasts, default=None)

    @property
    def demonstration(self) -> bool:
        return self.snapshot.context.demonstration


def make_study(snapshot: Snapshot) -> Study:
    records = {record.id: record for record in snapshot.records}
    counted: list[FrozenRecord] = []
    evidence: list[FrozenRecord] = []
    for record in snapshot.records:
        if record.kind == "occurrence":
            (counted if counts(record) else evidence).append(record)
    everything = [_sighting(record, records, snapshot) for record in counted]
    present = [one for one in everything if one.body["occurrence_status"] == "present"]
    return Study(
        snapshot=snapshot,
        county=snapshot.context.counties[0],
        sightings=tuple(one for one in present if _is_species(one.taxon)),
        unplaced=tuple(one for one in present if not _is_species(one.taxon)),
        absences=tuple(one for one in everything if one.body["occurrence_status"] == "absent"),
        unclear=tuple(one for one in everything if one.body["occurrence_status"] not in OCCURRENCE_STATUS),
        evidence=tuple(evidence),
        units=_units(snapshot.records, records),
        records=records,
    )


def counts(record: FrozenRecord) -> bool:
    """False for single pictures of an event that is counted as a whole, and for pictures of people."""
    return record.body.get("counts") is not False and not record.body.get("evidence_only")


def method_zh(code: str) -> str:
    return label(PROTOCOLS, code)


def groups_of_unit(unit: FrozenRecord) -> tuple[str, ...]:
    """The groups that a visit looked for: as it says, else as its method has it; none where it looked for anything."""
    stated = TARGET_GROUPS.get(unit.body.get("target_group") or "")
    if stated:
        return (stated,)
    method = unit.body["sampling_protocol"]
    return _METHOD_GROUPS.get(method, (INVASIVE,) if INVASIVE in method else ())


def group_of_unit(unit: FrozenRecord) -> str:
    return "、".join(groups_of_unit(unit)) or EVERY_GROUP


def _is_species(taxon: Taxon | None) -> bool:
    return taxon is not None and taxon.rank not in ABOVE_SPECIES and taxon.status == "accepted"


def _sighting(record: FrozenRecord, records: Mapping[str, FrozenRecord], snapshot: Snapshot) -> Sighting:
    event = records.get(record.body.get("event_id") or "")
    taxon = snapshot.context.taxa.get(record.taxon_id or "")
    return Sighting(record, taxon, unit_of(event, records), event)


def unit_of(event: FrozenRecord | None, records: Mapping[str, FrozenRecord]) -> FrozenRecord | None:
    """The topmost event of the same protocol: the legs of one visit, the quadrats of one plot are one unit."""
    if event is None or event.body["sampling_protocol"] in PASSIVE:
        return None
    seen = {event.id}
    while True:
        parent = records.get(event.body.get("parent_event_id") or "")
        if (
            parent is None
            or parent.id in seen
            or parent.body.get("sampling_protocol") != event.body["sampling_protocol"]
        ):
            return event
        seen.add(parent.id)
        event = parent


def _units(everything: Sequence[FrozenRecord], records: Mapping[str, FrozenRecord]) -> tuple[FrozenRecord, ...]:
    events = [record for record in everything if record.kind in ("event", "patrol")]
    return tuple(event for event in events if unit_of(event, records) is event)
