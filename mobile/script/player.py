"""Plays the steps of a scripted day through the presenters that the window has."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mobile.capture.problems import FieldProblem
from mobile.capture.survey import NewSurvey, begin_survey
from mobile.device.desktop_clock import ScriptedClock
from mobile.device.desktop_location import ScriptedLocation, shifted
from mobile.device.gpx import read_gpx
from mobile.device.ports import Fix
from mobile.presenters.form import FormPresenter
from mobile.presenters.observable import Presenter
from mobile.script.read import Step
from mobile.wiring import Field
from shared.clock import parse_aware
from shared.coordinates import to_e7
from shared.vocabulary import DAMAGE_GRADES

USUAL_ACCURACY_M = 5
BETWEEN_STEPS = timedelta(seconds=1)


class StepFailed(Exception):
    """The app did not do the step; the text is what its screen says."""


class Player:
    """Time stands where the script puts it: `at` sets it, a walk carries it along, and each step without `at` comes a second
    later. A step that meets the server without `at` runs at the computer's own time, as a tablet in the evening would."""

    def __init__(
        self, field: Field, clock: ScriptedClock, location: ScriptedLocation, base: Path, gpx: Path | None
    ) -> None:
        self._field = field
        self._clock = clock
        self._location = location
        self._base = base
        self._gpx = gpx
        self._walked: dict[Path, datetime] = {}
        self.warnings: list[str] = []

    def play(self, step: Step) -> None:
        """StepFailed or DeviceFailure in words."""
        self._set_time(step)
        plays: dict[str, Callable[[dict[str, Any]], None]] = {
            "enrol": self._enrol,
            "accept_notice": self._accept_notice,
            "choose_survey": self._choose_survey,
            "begin_survey": self._begin_survey,
            "record_sighting": self._sighting,
            "undo": self._undo,
            "start_patrol": self._start_patrol,
            "walk": self._walk,
            "pause": self._pause,
            "resume": self._resume,
            "finding": self._finding,
            "end_patrol": self._end_patrol,
            "bird_transect": self._transect,
            "invasive_plot": self._invasive,
            "sync": self._sync,
        }
        plays[step.action](dict(step.values))

    def _set_time(self, step: Step) -> None:
        if step.at is not None:
            self._clock.set(step.at)
        elif step.action in ("enrol", "sync"):
            self._clock.release()
        else:
            self._clock.set(self._clock.now() + BETWEEN_STEPS)

    def _enrol(self, values: dict[str, Any]) -> None:
        sync = self._field.sync
        _require(sync.enrol(values["code"], values.get("device_name", "")), sync)

    def _accept_notice(self, values: dict[str, Any]) -> None:
        notice = self._field.notice
        notice.open()
        notice.choose_role(values["basis"])
        notice.choose_age("minor" if values.get("under_age") else "adult")
        notice.set_guardian(values.get("guardian", False))
        _require(notice.accept(), notice)

    def _notice_for(self, basis: str) -> None:
        """Who wrote the script stands for the person: one that says nothing of the notice has read it."""
        self._field.notice.open()
        if self._field.notice.needed:
            self._accept_notice({"basis": basis})

    def _choose_survey(self, values: dict[str, Any]) -> None:
        home, wanted = self._field.home, values["survey_id"]
        home.refresh()
        found = next((row for row in home.surveys if wanted in (row.survey_id, row.title)), None)
        if found is None:
            raise StepFailed(f"没有调查项目 {wanted}；平板上有：{'、'.join(row.title for row in home.surveys) or '无'}")
        home.choose_survey(found.survey_id)

    def _begin_survey(self, values: dict[str, Any]) -> None:
        try:
            begin_survey(self._field.recorder, NewSurvey(**values))
        except FieldProblem as problem:
            raise StepFailed(str(problem)) from problem
        self._field.home.refresh()

    def _sighting(self, values: dict[str, Any]) -> None:
        record = self._field.record
        self._stand(values)
        record.open(fresh=True)
        if values.get("place_source") == "map" and "lon" in values:
            _require(record.pick_on_map(values["lon"], values["lat"]), record)
        _require(record.choose_name(values["species"]), record)
        _require(record.set_count(values.get("count", 1)), record)
        self._fill(record, values, ("sex", "life_stage", "behavior", "remarks"))
        _require(record.confirm(), record)

    def _undo(self, _: dict[str, Any]) -> None:
        if not self._field.record.undo():
            raise StepFailed("没有可撤销的记录")

    def _start_patrol(self, values: dict[str, Any]) -> None:
        patrol = self._field.patrol
        self._stand(values)
        self._notice_for("duty")
        _require(patrol.start(values.get("location_name", "")), patrol)
        self._fill(patrol, values, ("weather",))

    def _walk(self, values: dict[str, Any]) -> None:
        if "gpx" not in values and self._gpx is None:
            raise StepFailed("没有轨迹：在步骤中给出 gpx，或用 --gpx")
        path = self._base / values["gpx"] if "gpx" in values else Path(str(self._gpx))
        track = read_gpx(path)
        # The same track taken up again goes on from the present; what was passed over in a pause stays unseen.
        since = max(self._walked[path], self._clock.now()) if path in self._walked else track[0].at
        until = parse_aware(values["until"]) if "until" in values else track[-1].at
        self._follow(fix for fix in track if since <= fix.at <= until)
        self._walked[path] = until

    def _pause(self, _: dict[str, Any]) -> None:
        _require(self._field.patrol.pause(), self._field.patrol)

    def _resume(self, _: dict[str, Any]) -> None:
        _require(self._field.patrol.resume(), self._field.patrol)

    def _finding(self, values: dict[str, Any]) -> None:
        patrol, finding = self._field.patrol, self._field.patrol.finding
        self._stand(values)
        _require(patrol.open_finding(fresh=True), patrol)
        _require(finding.set_field("finding_type", values["finding_type"]), finding)
        self._fill(finding, values, ("action_taken", "evidence_number", "remarks"))
        _require(finding.confirm(), finding)

    def _end_patrol(self, values: dict[str, Any]) -> None:
        patrol = self._field.patrol
        if patrol.is_open:
            self._fill(patrol, values, ("remarks",))
        _require(patrol.end(values.get("nil_report")), patrol)

    def _transect(self, values: dict[str, Any]) -> None:
        transect, picker = self._field.transect, self._field.transect.picker
        self._stand(values)
        transect.open(fresh=True)
        self._notice_for("employment")
        targets = [picker.by_name(name) for name in values.get("targets", [])]
        _require(
            transect.start(values.get("location_name", ""), targets, values.get("target_group", "birds")), transect
        )
        if "gpx" in values:
            self._follow(shifted(read_gpx(self._base / values["gpx"]), self._clock.now()))
        for name, count in values["counts"].items():
            _require(transect.add_species(picker.by_name(name), count), transect)
        if "length_m" in values:
            _require(transect.set_field("length_m", str(values["length_m"])), transect)
        self._fill(transect, values, ("observers", "weather", "habitat_code", "remarks"))
        self._finish(values)
        _require(transect.end(), transect)

    def _finish(self, values: dict[str, Any]) -> None:
        """The time, and where it is told the place, at which a transect ends."""
        if "until" in values:
            self._clock.set(parse_aware(values["until"]))
        elif "duration_min" in values:
            self._clock.set(
                parse_aware(str(self._field.transect.form.values["started_at"]))
                + timedelta(minutes=float(values["duration_min"]))
            )
        if "end_lon" in values:
            self._stand({**values, "lon": values["end_lon"], "lat": values["end_lat"]})

    def _invasive(self, values: dict[str, Any]) -> None:
        plot = self._field.invasive
        self._stand(values)
        plot.open(fresh=True)
        _require(plot.choose_species(plot.picker.by_name(values["species"])), plot)
        for choice in plot.number_fields:
            if choice.code in values:
                _require(plot.set_number(choice.code, str(values[choice.code])), plot)
        grades = {name: code for code, name in DAMAGE_GRADES.items()}
        if "damage_grade" in values:
            _require(plot.set_damage(grades.get(values["damage_grade"], values["damage_grade"])), plot)
        texts = (
            "damaged_object",
            "spread_trend",
            "control_action",
            "habitat_code",
            "location_name",
            "pathway",
            "remarks",
        )
        self._fill(plot, values, texts)
        _require(plot.confirm(), plot)

    def _sync(self, values: dict[str, Any]) -> None:
        sync = self._field.sync
        done = sync.sync(values.get("originals_now", False))
        self.warnings += [
            words for words in (sync.report.warnings if sync.report else []) if words not in self.warnings
        ]
        _require(done, sync)

    def _stand(self, values: dict[str, Any]) -> None:
        """The receiver's fix at the script's place; without one the last fix counts while it is fresh."""
        if "lon" in values:
            self._location.put(
                Fix(
                    to_e7(values["lat"]),
                    to_e7(values["lon"]),
                    float(values.get("accuracy_m", USUAL_ACCURACY_M)),
                    self._clock.now(),
                    float(values["altitude_m"]) if "altitude_m" in values else None,
                )
            )
        self._field.tick()

    def _follow(self, fixes: Iterable[Fix]) -> None:
        for fix in fixes:
            self._clock.set(fix.at)
            self._location.put(fix)
            self._field.tick()

    def _fill(self, form: FormPresenter, values: dict[str, Any], names: tuple[str, ...]) -> None:
        for name in names:
            if name in values:
                _require(form.set_field(name, values[name]), form)
        photos = values.get("photo", [])
        for photo in [photos] if isinstance(photos, str) else photos:
            if not form.take_photo(photo):  # the record is worth more than its photo
                self.warnings.append(form.message)


def _require(done: bool | None, presenter: Presenter) -> None:
    if not done:
        raise StepFailed(presenter.message or "未完成")
