"""A patrol: idle → running ⇄ paused → saved. The track is cut at pauses into legs; gaps stay gaps."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from mobile.capture.place import decimal_text
from mobile.capture.problems import FieldProblem
from mobile.capture.recorder import Part, Saved
from mobile.capture.walk import WalkCapture
from mobile.store.outbox import KeptRecord
from mobile.tracking.point import TrackPoint

POINTS_PER_SEGMENT = 2000


class PatrolCapture(WalkCapture):
    """Draft fields: started_at, notice, location_name, start_place, leg, paused (bool), pauses [{from, to}], photos, weather, remarks."""

    form = "patrol/1"

    @property
    def state(self) -> str:
        if not self.is_open:
            return "idle"
        return "paused" if self.values.get("paused") else "running"

    def patrol_id(self) -> str:
        if not self.is_open:
            raise FieldProblem("没有正在进行的巡护", "patrol")
        return self._open_id()

    def start(self, location_name: str, place: dict[str, Any] | None) -> None:
        if self.is_open:
            raise FieldProblem("已有巡护正在进行", "patrol")
        self.begin(location_name=location_name or None, **self.walk_values(place))

    def pause(self) -> None:
        self._expect("running", "巡护未在进行，不能暂停")
        self.flush()
        self.set_all(pauses=[*self.values.get("pauses", []), {"from": self.recorder.stamp(), "to": None}], paused=True)

    def resume(self) -> None:
        self._expect("paused", "巡护没有暂停，不能继续")
        pauses = self.values["pauses"]
        self.set_all(pauses=[*pauses[:-1], {**pauses[-1], "to": self.recorder.stamp()}], leg=self.leg + 1, paused=False)

    def end(self, nil_report: bool | None) -> list[Saved]:
        if not self.is_open:
            raise FieldProblem("没有正在进行的巡护", "patrol")
        if self.state == "paused":
            self.resume()
        self.flush()
        self.set("ended_at", self.recorder.stamp())
        found = self.findings()
        if nil_report and found:
            raise FieldProblem(f"已记录 {len(found)} 项发现，不能作零报告", "nil_report")
        self.set("nil_report", not found if nil_report is None else nil_report)
        return self.confirm()

    def break_off(self, remark: str) -> None:
        """That nothing was found is not said by a patrol that was not ended."""
        super().break_off(remark)
        self.end(nil_report=False)

    def findings(self) -> list[KeptRecord]:
        return self.recorder.store.outbox.of_event("finding", self._open_id())

    def parts(self) -> Sequence[Part]:
        patrol = Part("patrol", self.form, self._body(), self._open_id())
        return [patrol, *self._segments(), *self.media_parts(patrol.record_id)]

    def _body(self) -> dict[str, Any]:
        values, summary = self.values, self.summary()
        return self.recorder.observed(values["started_at"], values["ended_at"]) | {
            "parent_event_id": None,
            "event_type": "patrol",
            "sampling_protocol": "patrol",
            "target_group": None,
            "location_name": values.get("location_name"),
            "place": self.start_place(),
            "geometry": None,
            "effort": {
                "length_m": decimal_text(summary.length_m),
                "duration_min": decimal_text(summary.duration_s / 60),
                "observers": 1,
            },
            "participants": self.participants("leader"),
            "weather": values.get("weather"),
            "event_remarks": values.get("remarks"),
            "leader": self.recorder.person_id(),
            "nil_report": values["nil_report"],
            "notice": values.get("notice"),
            "pauses": values.get("pauses", []),
            "gaps": [gap.as_wire() for gap in summary.gaps],
        }

    def _segments(self) -> Iterator[Part]:
        """A record per leg, cut so that each fits a batch."""
        for leg, points in groupby(self.track(), key=lambda point: point.leg):
            whole = list(points)
            for start in range(0, len(whole), POINTS_PER_SEGMENT):
                yield self._segment(leg, start, whole[start : start + POINTS_PER_SEGMENT])

    def _segment(self, leg: int, start: int, points: list[TrackPoint]) -> Part:
        times = (points[0].at.isoformat(timespec="seconds"), points[-1].at.isoformat(timespec="seconds"))
        body = self.recorder.observed(*times) | {
            "patrol_id": self._open_id(),
            "leg": leg,
            "points": [p.as_wire() for p in points],
            "notice": self.values.get("notice"),
        }
        return Part("track_segment", "track_segment/1", body, self.part_id(f"track {leg} {start}"))

    def _expect(self, state: str, words: str) -> None:
        if self.state != state:
            raise FieldProblem(words, "patrol")
