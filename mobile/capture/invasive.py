"""A plot of an invasive plant: the plot as an event, the plant as an occurrence with its measurements."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from mobile.capture.form import FormCapture
from mobile.capture.problems import FieldProblem
from mobile.capture.recorder import Part
from shared.ids import uuid7
from shared.vocabulary import DAMAGE_GRADES

UNITS = {"occurrence_area_m2": "m2", "cover_pct": "%", "density": "plants/m2", "treated_area_m2": "m2"}
TEXTS = ("damaged_object", "spread_trend", "control_action")
HIGHEST = {"cover_pct": Decimal(100)}


class InvasiveCapture(FormCapture):
    """Draft fields: taxon, occurrence_area_m2, cover_pct, density, treated_area_m2, plot_area_m2 (decimal text), damage_grade,
    damaged_object, spread_trend, control_action, habitat_code, location_name, pathway, count, remarks, place, photos."""

    form = "invasive_plot/1"

    def set_number(self, code: str, text: str) -> None:
        """A decimal of at least 0, as the user typed it; empty text clears it."""
        typed = text.strip()
        if not typed:
            self.set(code, None)
            return
        try:
            value = Decimal(typed)
        except InvalidOperation as error:
            raise FieldProblem(f"“{typed}”不是数字", code) from error
        highest = HIGHEST.get(code, Decimal("1e11"))
        if not value.is_finite() or not 0 <= value <= highest:
            raise FieldProblem(f"应在 0 到 {highest:f} 之间", code)
        self.set(code, f"{round(value, 6).normalize():f}")

    def set_damage(self, grade: str | None) -> None:
        if grade is not None and grade not in DAMAGE_GRADES:
            raise FieldProblem(f"危害程度应为 {'、'.join(DAMAGE_GRADES.values())}", "damage_grade")
        self.set("damage_grade", grade)

    def parts(self) -> Sequence[Part]:
        if not self.values.get("taxon"):
            raise FieldProblem("请先选择入侵物种", "taxon")
        plot = Part("event", self.form, self._plot(), str(uuid7()))
        plant = Part("occurrence", self.form, self._plant(plot.record_id), self._open_id())
        return [plot, plant, *self.media_parts(plant.record_id)]

    def _plot(self) -> dict[str, Any]:
        values = self.values
        return self._observed() | {
            "parent_event_id": None,
            "event_type": "plot",
            "sampling_protocol": "invasive_plot",
            "target_group": "invasive",
            "location_name": values.get("location_name"),
            "place": values.get("place"),
            "geometry": None,
            "effort": {"area_m2": values.get("plot_area_m2"), "observers": 1},
            "participants": [{"person_id": self.recorder.person_id(), "role": "observer", "order": 0}],
            "habitat_code": values.get("habitat_code"),
            "event_remarks": None,
        }

    def _plant(self, event_id: str) -> dict[str, Any]:
        values = self.values
        return self._observed() | {
            "event_id": event_id,
            "taxon": values["taxon"],
            "occurrence_status": "present",
            "individual_count": values.get("count"),
            "evidence_class": "image" if values.get("photos") else "field",
            "basis_of_record": "HumanObservation",
            "establishment_means": "introduced",
            "pathway": values.get("pathway"),
            "occurrence_remarks": values.get("remarks"),
            "place": values.get("place"),
            "measurements": self._measurements(),
            "recorded_by": [self.recorder.person_id()],
        }

    def _measurements(self) -> list[dict[str, Any]]:
        codes = {**UNITS, "damage_grade": None, **dict.fromkeys(TEXTS)}
        return [
            {"code": code, "value": self.values[code], "unit": unit}
            for code, unit in codes.items()
            if self.values.get(code)
        ]

    def _observed(self) -> dict[str, Any]:
        return self.recorder.observed(self.recorder.stamp())
