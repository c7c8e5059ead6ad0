"""A sighting: one taxon, here, now."""

from collections.abc import Sequence
from typing import Any

from mobile.capture.form import FormCapture
from mobile.capture.problems import FieldProblem
from mobile.capture.recorder import Part

MAX_COUNT = 1_000_000


class SightingCapture(FormCapture):
    """Draft fields: taxon, count, count_method, sex, life_stage, behavior, remarks, place, event_id, photos."""

    form = "sighting/1"

    def set_count(self, count: int) -> None:
        if not 0 < count <= MAX_COUNT:
            raise FieldProblem(f"数量应在 1 到 {MAX_COUNT} 之间", "count")
        self.set("count", count)

    def parts(self) -> Sequence[Part]:
        if not self.values.get("taxon"):
            raise FieldProblem("请先选择物种（不认识可选“待鉴定”）", "taxon")
        main = Part("occurrence", self.form, self._body(), self._open_id())
        return [main, *self.media_parts(main.record_id)]

    def _body(self) -> dict[str, Any]:
        values = self.values
        return self.recorder.observed(values.get("observed_at") or self.recorder.stamp()) | {
            "event_id": values.get("event_id"),
            "taxon": values["taxon"],
            "occurrence_status": "present",
            "individual_count": values.get("count", 1),
            "count_method": values.get("count_method", "counted"),
            "sex": values.get("sex"),
            "life_stage": values.get("life_stage"),
            "behavior": values.get("behavior"),
            "evidence_class": "image" if values.get("photos") else "field",
            "basis_of_record": "HumanObservation",
            "occurrence_remarks": values.get("remarks"),
            "place": values.get("place"),
            "recorded_by": [self.recorder.person_id()],
        }
