"""A bird transect: effort, counts, and a zero for every target that was looked for and not seen."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mobile.capture.place import decimal_text
from mobile.capture.problems import FieldProblem
from mobile.capture.recorder import Part, Saved
from mobile.capture.walk import WalkCapture
from mobile.species.entry import Species

MAX_COUNT = 100_000


@dataclass(frozen=True)
class TallyEntry:
    species: Species
    count: int
    target: bool
    place: dict[str, Any] | None

    @property
    def key(self) -> str:
        return self.species.key


class TransectCapture(WalkCapture):
    """Draft fields: started_at, notice, location_name, start_place, target_group, one ``tally:KEY`` per species, observers, weather,
    habitat_code, length_m (decimal text: the marked line's length goes before the track's), remarks, photos."""

    form = "bird_transect/1"

    def start(
        self, location_name: str, targets: Sequence[Species], target_group: str, place: dict[str, Any] | None
    ) -> None:
        if self.is_open:
            raise FieldProblem("已有样线正在进行", "transect")
        self.begin(location_name=location_name or None, target_group=target_group, **self.walk_values(place))
        for species in targets:
            self._keep(TallyEntry(species, 0, True, None))

    def rows(self) -> list[TallyEntry]:
        kept = [value for field, value in self.values.items() if field.startswith("tally:")]
        return [
            TallyEntry(Species(**v["species"]), v["count"], v["target"], v["place"])
            for v in sorted(kept, key=lambda v: v["order"])
        ]

    def count(self, species: Species, number: int, place: dict[str, Any] | None) -> None:
        """Adds to a species, which enters the sheet if it is not on it."""
        known = self._entry(species.key) or TallyEntry(species, 0, False, None)
        self._put(known, known.count + number, place)

    def add(self, key: str, number: int, place: dict[str, Any] | None) -> None:
        entry = self._known(key)
        self._put(entry, max(0, entry.count + number), place)

    def set_count(self, key: str, count: int, place: dict[str, Any] | None) -> None:
        self._put(self._known(key), count, place)

    def end(self) -> list[Saved]:
        if not self.is_open:
            raise FieldProblem("没有正在进行的样线", "transect")
        self.flush()
        self.set("ended_at", self.recorder.stamp())
        return self.confirm()

    def break_off(self, remark: str) -> None:
        """A target that was not seen yet is not said to be absent."""
        super().break_off(remark)
        self.set("broken_off", True)
        self.end()

    def parts(self) -> Sequence[Part]:
        event = Part("event", self.form, self._body(), self._open_id())
        looked_for_to_the_end = not self.values.get("broken_off")
        counted = [row for row in self.rows() if row.count > 0 or (row.target and looked_for_to_the_end)]
        return [event, *(self._occurrence(row) for row in counted), *self.media_parts(event.record_id)]

    def _body(self) -> dict[str, Any]:
        values, summary = self.values, self.summary()
        geometry = self.geometry()
        length = values.get("length_m") or (decimal_text(summary.length_m) if geometry else None)
        return self._observed() | {
            "parent_event_id": None,
            "event_type": "transect",
            "sampling_protocol": "bird_transect",
            "target_group": values.get("target_group"),
            "location_name": values.get("location_name"),
            "place": self.start_place(),
            "geometry": geometry,
            "effort": {
                "length_m": length,
                "duration_min": decimal_text(summary.duration_s / 60),
                "observers": values.get("observers", 1),
            },
            "participants": self.participants("observer"),
            "weather": values.get("weather"),
            "habitat_code": values.get("habitat_code"),
            "target_taxa": [row.key for row in self.rows() if row.target],
            "event_remarks": values.get("remarks"),
            "notice": values.get("notice"),
        }

    def _occurrence(self, row: TallyEntry) -> Part:
        return Part(
            "occurrence",
            self.form,
            self._observed()
            | {
                "event_id": self._open_id(),
                "taxon": row.species.as_taxon(),
                "occurrence_status": "present" if row.count else "absent",
                "individual_count": row.count,
                "count_method": "counted",
                "evidence_class": "field",
                "basis_of_record": "HumanObservation",
                "place": row.place or self.start_place(),
                "recorded_by": [self.recorder.person_id()],
            },
            self.part_id(f"species {row.key}"),
        )

    def _observed(self) -> dict[str, Any]:
        return self.recorder.observed(self.values["started_at"], self.values["ended_at"])

    def _entry(self, key: str) -> TallyEntry | None:
        return next((row for row in self.rows() if row.key == key), None)

    def _known(self, key: str) -> TallyEntry:
        entry = self._entry(key)
        if entry is None:
            raise FieldProblem("样线记录表中没有这个物种", "species")
        return entry

    def _put(self, entry: TallyEntry, count: int, place: dict[str, Any] | None) -> None:
        if not 0 <= count <= MAX_COUNT:
            raise FieldProblem(f"数量应在 0 到 {MAX_COUNT} 之间", "count")
        self._keep(TallyEntry(entry.species, count, entry.target, entry.place or (place if count else None)))

    def _keep(self, entry: TallyEntry) -> None:
        field = f"tally:{entry.key}"
        order = self.values[field]["order"] if field in self.values else len(self.rows())
        self.set(field, {**asdict(entry), "order": order})
