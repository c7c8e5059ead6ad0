"""A patrol: start, pause, resume, end; the track and its gaps; findings on the way."""

from mobile.capture.camera import PhotoDesk
from mobile.capture.finding import FindingCapture
from mobile.capture.patrol import PatrolCapture
from mobile.capture.place import place_of
from mobile.device.ports import Fix
from mobile.presenters.form import SAVED, FormPresenter
from mobile.presenters.position import PositionPresenter
from mobile.presenters.rows import Choice, FindingRow
from shared.vocabulary import FINDING_TYPES, label


class FindingPresenter(FormPresenter):
    """The form of one finding: `finding_types` (Choice); `set_field` takes finding_type, action_taken, evidence_number,
    remarks; then `confirm`. Opened by `PatrolPresenter.open_finding`; `finding_type` is the one chosen."""

    def __init__(self, form: FindingCapture, desk: PhotoDesk, position: PositionPresenter) -> None:
        super().__init__(form, desk, position)
        self.capture = form
        self.finding_types = tuple(Choice(code, name) for code, name in FINDING_TYPES.items())
        self.finding_type: str | None = None

    def show(self) -> None:
        self.finding_type = self.form.values.get("finding_type")
        super().show()


class PatrolPresenter(FormPresenter):
    """`state` is idle, running or paused; `distance_m`, `distance_text`, `elapsed_text`, `point_count`, `line` ((longitude,
    latitude) legs for the map: a tuple of legs), `gaps` (words), `findings` (FindingRow), `finding` (FindingPresenter),
    `location_name`. Before the first one the notice must have been accepted. A patrol survives a restart of the app: `restore` takes it up again."""

    def __init__(
        self,
        form: PatrolCapture,
        desk: PhotoDesk,
        position: PositionPresenter,
        finding: FindingPresenter,
    ) -> None:
        super().__init__(form, desk, position)
        self.patrol = form
        self.finding = finding
        self.state = "idle"
        self.location_name = ""
        self.distance_m = 0.0
        self.distance_text = "0.0 公里"
        self.elapsed_text = "0:00"
        self.point_count = 0
        self.line: tuple[tuple[tuple[float, float], ...], ...] = ()
        self.gaps: tuple[str, ...] = ()
        self.findings: tuple[FindingRow, ...] = ()
        finding.subscribe(lambda _: self._list_findings())

    def restore(self) -> bool:
        """Takes up a patrol that the app left running; call at start."""
        found = self.patrol.restore()
        self.show()
        return found

    def open(self, fresh: bool = False) -> None:
        """Shows the patrol screen; a patrol begins only with `start`."""
        self.photo_choices = self._desk.choices()
        if not self.form.is_open and not fresh:
            self.form.restore()
        self.show()

    def start(self, location_name: str = "") -> bool:
        return self._change(lambda: self.patrol.start(location_name.strip(), place_of(self.position.fix)))

    def pause(self) -> bool:
        return self._change(self.patrol.pause)

    def resume(self) -> bool:
        return self._change(self.patrol.resume)

    def end(self, nil_report: bool | None = None) -> bool:
        """Ends and saves. `nil_report` None: stated by the app, true when there are no findings."""
        if not self.attempt(lambda: self._end(nil_report)):
            return False
        self.show()
        self.say(SAVED, "ok")
        return True

    def receive(self, fixes: list[Fix]) -> None:
        if self.patrol.state == "running" and self.patrol.receive(fixes):
            self.show()

    def keep_time(self) -> None:
        """Lets the time go on while no position comes in."""
        if self.form.is_open and _elapsed(self.patrol.summary().duration_s) != self.elapsed_text:
            self.show()

    def open_finding(self, fresh: bool = False) -> bool:
        """Opens `finding` for this patrol; False, with words, when none runs."""

        def begin() -> None:
            patrol_id = self.patrol.patrol_id()
            self.finding.open(fresh)
            self.finding.capture.set("event_id", patrol_id)

        return self.attempt(begin)

    def show(self) -> None:
        summary = self.patrol.summary()
        self.state = self.patrol.state
        self.location_name = self.form.values.get("location_name") or ""
        self.distance_m, self.point_count = summary.length_m, summary.point_count
        self.distance_text = f"{summary.length_m / 1000:.1f} 公里"
        self.elapsed_text = _elapsed(summary.duration_s)
        self.line = summary.legs
        self.gaps = tuple(
            f"轨迹中断 {gap.minutes:.0f} 分钟（{gap.begin:%H:%M}–{gap.end:%H:%M}）" for gap in summary.gaps
        )
        super().show()

    def _end(self, nil_report: bool | None) -> None:
        self.saved_ids = tuple(saved.record_id for saved in self.patrol.end(nil_report))

    def _list_findings(self) -> None:
        rows = self.patrol.findings() if self.form.is_open else []
        found = tuple(
            FindingRow(
                row.record_id, label(FINDING_TYPES, row.body["finding_type"]), row.body.get("action_taken") or ""
            )
            for row in rows
        )
        if found != self.findings:
            self.findings = found
            self.changed()


def _elapsed(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes // 60}:{minutes % 60:02d}"
