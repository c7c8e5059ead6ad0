"""A finding of a patrol: a case with its place, what was done about it, and its photos."""

from collections.abc import Sequence

from mobile.capture.form import FormCapture
from mobile.capture.problems import FieldProblem
from mobile.capture.recorder import Part
from shared.vocabulary import FINDING_TYPES


class FindingCapture(FormCapture):
    """Draft fields: event_id (the patrol), finding_type, action_taken, evidence_number, remarks, case_state, place, photos."""

    form = "finding/1"

    def parts(self) -> Sequence[Part]:
        values = self.values
        if not values.get("event_id"):
            raise FieldProblem("发现须在巡护中记录：请先开始巡护", "patrol")
        if values.get("finding_type") not in FINDING_TYPES:
            raise FieldProblem(f"请选择发现类型：{'、'.join(FINDING_TYPES.values())}", "finding_type")
        body = self.recorder.observed(self.recorder.stamp()) | {
            "event_id": values["event_id"],
            "finding_type": values["finding_type"],
            "case_state": values.get("case_state") or "open",
            "action_taken": values.get("action_taken"),
            "evidence_number": values.get("evidence_number"),
            "finding_remarks": values.get("remarks"),
            "place": values.get("place"),
        }
        main = Part("finding", self.form, body, self._open_id())
        return [main, *self.media_parts(main.record_id)]
