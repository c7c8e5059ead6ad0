"""A sighting: one taxon, here, now."""

from collections.abc import Sequence
from typing import Any

from mobile.capture.form import FormCapture
from mobile.capture.problems import FieldProblem
from mobile.capture.recorder import Part, Saved
from shared.notices import INTERVIEW

MAX_COUNT = 1_000_000


class SightingCapture(FormCapture):
    """Draft fields: taxon, count, count_method, sex, life_stage, behavior, remarks, place, event_id, photos; interview (bool) and
    notice, where it was told by somebody who agreed to that; amends {record_id, base_digest}, where a sealed record is filled in anew."""

    form = "sighting/1"

    def amend(self, record_id: str) -> None:
        """A sealed record cannot be read here: its new version is filled in anew, all of it, and sealed like the first."""
        newest = self.recorder.store.outbox.newest_version(record_id)
        if newest is None or not newest.is_sealed or newest.is_damaged or newest.kind != "occurrence":
            raise FieldProblem("只有密封的观察记录需要重新填写")
        self.begin(amends={"record_id": record_id, "base_digest": newest.digest}, observed_at=newest.saved_at)

    def confirm(self, here: dict[str, Any] | None = None) -> list[Saved]:
        """What is amended lies where it was met, not where the user stands now."""
        return super().confirm(None if self.values.get("amends") else here)

    def set_count(self, count: int) -> None:
        if not 0 < count <= MAX_COUNT:
            raise FieldProblem(f"数量应在 1 到 {MAX_COUNT} 之间", "count")
        self.set("count", count)

    def set_interview(self, told: bool) -> None:
        self.set_all(interview=told or None, notice=None)

    def set_agreed(self, agreed: bool, guardian: bool = False) -> None:
        """The person who tells was shown the notice and agreed; `guardian`: for somebody under age, who is asked instead."""
        notices = self.recorder.notices
        given = {
            "version": notices.text(INTERVIEW).version,
            "basis": "consent",
            "accepted_at": self.recorder.stamp(),
            "guardian": guardian or None,
        }
        self.set("notice", given if agreed else None)

    def parts(self) -> Sequence[Part]:
        if not self.values.get("taxon"):
            raise FieldProblem("请先选择物种（不认识可选“待鉴定”）", "taxon")
        if self.values.get("interview") and not self.values.get("notice"):
            raise FieldProblem("访谈记录须先向受访者说明并取得同意", "notice")
        amends = self.values.get("amends") or {}
        if amends and not self.values.get("place"):
            raise FieldProblem("原来的位置已密封，平板读不出：请在地图上重新选点", "place")
        record_id, base = amends.get("record_id") or self._open_id(), amends.get("base_digest")
        main = Part("occurrence", self.form, self._body(), record_id, base)
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
            "evidence_class": self._evidence(),
            "basis_of_record": "HumanObservation",
            "occurrence_remarks": values.get("remarks"),
            "place": values.get("place"),
            "recorded_by": [self.recorder.person_id()],
            "notice": values.get("notice"),
        }

    def _evidence(self) -> str:
        if self.values.get("interview"):
            return "interview"
        return "image" if self.values.get("photos") else "field"
