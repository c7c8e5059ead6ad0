"""A scripted field day without a window: the same presenters, with a clock and positions that the script sets."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mobile.device.desktop import desktop_device
from mobile.device.desktop_clock import ScriptedClock
from mobile.device.desktop_location import ScriptedLocation
from mobile.device.ports import DeviceFailure
from mobile.script.player import Player, StepFailed
from mobile.script.read import Step, check_step
from mobile.sync.report import SyncReport
from mobile.wiring import Field, build


@dataclass
class Outcome:
    """`saved` records confirmed by this run; `waiting_*` as at its end; `problems` in words, a failed photo among them."""

    steps: int = 0
    done: int = 0
    saved: int = 0
    waiting_records: int = 0
    waiting_photos: int = 0
    ended_with_sync: bool = False
    report: SyncReport = field(default_factory=SyncReport)
    problems: list[str] = field(default_factory=list)

    @property
    def waiting(self) -> int:
        return self.waiting_records + self.waiting_photos

    @property
    def complete(self) -> bool:
        return self.done == self.steps and not self.problems and not (self.ended_with_sync and self.waiting)

    def as_json(self) -> dict[str, Any]:
        report = self.report
        return {
            "saved": self.saved,
            "sent": report.sent,
            "receipts": report.receipts,
            "photos": report.photos,
            "team": report.team,
            "waiting": self.waiting,
            "waiting_records": self.waiting_records,
            "waiting_photos": self.waiting_photos,
            "steps": self.steps,
            "done": self.done,
            "problems": self.problems,
            "warnings": report.warnings,
        }

    def lines(self) -> list[str]:
        receipts = self.report.receipts
        answers = "，".join(
            f"{name} {receipts[outcome]}"
            for outcome, name in (
                ("accepted", "接收"),
                ("already_have", "已有"),
                ("conflict", "冲突"),
                ("quarantined", "未收下"),
            )
        )
        return [
            f"步骤 {self.done}/{self.steps}，已保存 {self.saved} 条记录",
            f"发送 {self.report.sent} 条：{answers}；照片送达 {self.report.photos} 张",
            f"仍在等待：记录 {self.waiting_records} 条，照片 {self.waiting_photos} 张",
            *(f"注意：{words}" for words in self.report.warnings),
        ]


def play(
    steps: list[Step],
    data_dir: Path,
    base: Path,
    server_url: str | None = None,
    enrol_code: str | None = None,
    gpx: Path | None = None,
    photos: Path | None = None,
    metered: bool = False,
    ca_bundle: Path | None = None,
) -> Outcome:
    """Plays all steps. A step that fails is reported with its number and the day goes on, except when enrolling fails."""
    clock, location = ScriptedClock(), ScriptedLocation()
    device = desktop_device(data_dir, photos=photos or base, clock=clock, location=location, metered=metered)
    app = build(data_dir, device, server_url, ca_bundle=ca_bundle)
    if enrol_code:
        steps = [check_step(0, {"do": "enrol", "code": enrol_code}), *steps]
    try:
        return _play(app, Player(app, clock, location, base, gpx), steps)
    finally:
        app.close()


def _play(app: Field, player: Player, steps: list[Step]) -> Outcome:
    outcome = Outcome(steps=len(steps), ended_with_sync=steps[-1].action == "sync")
    before = app.store.outbox.total()
    for step in steps:
        player.warnings.clear()
        try:
            player.play(step)
            outcome.done += 1
        except (StepFailed, DeviceFailure) as failure:
            outcome.problems.append(_named(step, str(failure)))
            if step.action == "enrol":
                break
        finally:
            _collect(app, player, step, outcome)
    outcome.saved = app.store.outbox.total() - before
    outcome.waiting_records, outcome.waiting_photos = app.store.outbox.waiting_count(), app.store.media.waiting_count()
    return outcome


def _collect(app: Field, player: Player, step: Step, outcome: Outcome) -> None:
    if step.action == "sync" and app.sync.report is not None:
        outcome.report.add(app.sync.report)
    elif step.action != "sync":
        outcome.problems += [_named(step, words) for words in player.warnings]


def _named(step: Step, words: str) -> str:
    return f"第 {step.number} 步（{step.action}）：{words}" if step.number else f"登记（--enrol）：{words}"
