"""What a patrol and a transect share: a track that grows while the form is open, and survives the app."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from mobile.capture.form import FormCapture
from mobile.capture.place import place_of
from mobile.capture.recorder import Part, Recorder
from mobile.device.ports import Fix
from mobile.store.store import Store
from mobile.tracking.filter import accept
from mobile.tracking.point import TrackPoint
from mobile.tracking.summary import TrackMeter, TrackSummary
from shared.clock import parse_aware
from shared.ids import uuid7_from
from shared.notices import TRACK

FLUSH_MS = 10_000


class WalkCapture(FormCapture):
    """Track points go to the store at least every ten seconds of track; `flush` writes the rest."""

    def __init__(self, recorder: Recorder, store: Store) -> None:
        super().__init__(recorder, store.drafts)
        self._tracks = store.tracks
        self._meter = TrackMeter()
        self._unwritten: list[TrackPoint] = []

    @property
    def leg(self) -> int:
        return int(self.values.get("leg", 0))

    def restore(self, draft_id: str | None = None) -> bool:
        found = super().restore(draft_id)
        if found:
            self._meter, self._unwritten = TrackMeter(self._tracks.points(self._open_id())), []
        return found

    def begin(self, **values: Any) -> None:
        super().begin(**values)
        self._meter, self._unwritten = TrackMeter(), []

    def walk_values(self, place: dict[str, Any] | None) -> dict[str, Any]:
        """What every walk begins with; refused now rather than after hours of walking."""
        started_at = self.recorder.stamp()
        self.recorder.observed(started_at)
        notice = self.recorder.notices.for_record(TRACK)
        return {"started_at": started_at, "start_place": place, "notice": notice}

    def started_by(self, fix: Fix) -> bool:
        """Whether the fix was taken since the start: what was known before belongs to no track."""
        return self.is_open and fix.at >= parse_aware(self.values["started_at"])

    def receive(self, fixes: list[Fix]) -> bool:
        """True if the track grew."""
        before = len(self._meter.points)
        for fix in fixes:
            point = accept(self._meter.last, fix, self.leg)
            if point is not None:
                self._meter.add(point)
                self._unwritten.append(point)
        if self._unwritten and self._unwritten[-1].t_ms - self._unwritten[0].t_ms >= FLUSH_MS:
            self.flush()
        return len(self._meter.points) > before

    def put_away(self) -> None:
        self.flush()
        super().put_away()

    def flush(self) -> None:
        if self._unwritten and self.draft_id is not None:
            self._tracks.add(self.draft_id, self._unwritten)
            self._unwritten = []

    def track(self) -> list[TrackPoint]:
        return self._meter.points

    def summary(self) -> TrackSummary:
        if not self.is_open or "started_at" not in self.values:
            return TrackSummary()
        end = parse_aware(self.values["ended_at"]) if self.values.get("ended_at") else self.recorder.now()
        pauses = [
            (parse_aware(p["from"]), parse_aware(p["to"]) if p["to"] else end) for p in self.values.get("pauses", [])
        ]
        return self._meter.summary(parse_aware(self.values["started_at"]), end, pauses)

    def geometry(self) -> list[list[int]] | None:
        """The line walked, for the event; None where nothing was walked."""
        line = [[point.lon_e7, point.lat_e7] for point in self._meter.points]
        return line if len(line) >= 2 else None

    def start_place(self) -> dict[str, Any] | None:
        """Where it was started, else where its track begins."""
        if self.values.get("start_place") or not self._meter.points:
            place: dict[str, Any] | None = self.values.get("start_place")
            return place
        first = self._meter.points[0]
        accuracy = first.accuracy_cm / 100 if first.accuracy_cm is not None else None
        altitude = first.altitude_dm / 10 if first.altitude_dm is not None else None
        return place_of(Fix(first.lat_e7, first.lon_e7, accuracy, first.at, altitude))

    def part_id(self, what: str) -> str:
        """The same each time this walk is ended: a rescue may have ended it before, in a copy of the store."""
        walk = self._open_id()
        return str(uuid7_from(f"{walk} {what}", UUID(walk).int >> 80))

    def media_parts(self, subject_id: str) -> list[Part]:
        parts = super().media_parts(subject_id)
        return [replace(part, record_id=self.part_id(f"photo {part.body['sha256']}")) for part in parts]

    def break_off(self, remark: str) -> None:
        """What a rescue does with a walk that nobody ended."""
        self.set("remarks", "；".join(filter(None, [self.values.get("remarks"), remark])))

    def participants(self, role: str) -> list[dict[str, object]]:
        return [{"person_id": self.recorder.person_id(), "role": role, "order": 0}]
