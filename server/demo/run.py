"""The main job, from nothing: two field days through the real app and the real network to two reports."""

import contextlib
import fcntl
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from server import db, provision
from server.accounts import service as accounts
from server.accounts.model import Person
from server.demo import day, earlier, photos, processes
from server.reference import load_reference
from server.sensitivity.sealing import add_key, seal_keys
from server.settings import Settings
from server.surveys import service as surveys
from server.surveys.model import Survey
from shared.clock import CHINA, SystemClock
from shared.command import dispatch
from shared.ids import uuid7_from

COUNTY = "431022"
PERIOD = "2021-2025"
FIELD_DATE = datetime(2025, 5, 20, tzinfo=CHINA)
_BORN_MS = 1_747_699_200_000  # 2025-05-20T08:00+08:00, so that the demo's ids are the same everywhere


def demo_id(name: str) -> UUID:
    return uuid7_from(f"xiangye demo: {name}", _BORN_MS)


def run(settings: Settings, serve: bool, import_file: Path | None) -> None:
    folder = settings.var_dir / "demo"
    with alone(settings):
        steps = _Progress(6 + (import_file is not None))
        steps.next("数据库：建立、升级，装入名录与行政区", lambda: _prepare(settings))
        running = steps.next("启动服务", lambda: processes.find(settings) or processes.start(settings))
        try:
            steps.next(
                "两个野外日：在平板程序里记录，再同步", lambda: _play_all(settings, folder, running.url(settings))
            )
            steps.next("导入三县历年记录（演示数据）", lambda: _import_earlier(folder))
            if import_file is not None:
                steps.next(f"导入 {import_file.name}", lambda: _import_file(folder, import_file))
            reports = steps.next("汇编县域本底报告（公开版、内部版）和五年评估报告", lambda: _compile(folder))
            steps.next("核对：平板、服务器与报告", lambda: _check(settings, folder))
        finally:
            if not serve:
                processes.stop(settings)
        _tell(settings, folder, reports, running if serve else None)


class _Progress:
    def __init__(self, total: int) -> None:
        self.number, self.total = 0, total

    def next(self, title: str, work: Callable[[], Any]) -> Any:
        self.number += 1
        click.echo(f"[{self.number}/{self.total}] {title} …")
        begun = time.monotonic()
        result = work()
        click.echo(f"      完成，{time.monotonic() - begun:.1f} 秒")
        return result


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[None]:
    folder = settings.var_dir / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException("另一个 xiangye demo 正在运行 (already running)：请等它结束") from None
        yield


def _prepare(settings: Settings) -> None:
    provision.upgrade(settings)
    clock = SystemClock()
    if not seal_keys(settings).keys:
        add_key(settings, clock.now(), first=True)
    with db.open_session(settings) as session:
        load_reference(session)
        if session.get(Survey, demo_id("survey mangshan")) is None:
            dataset = surveys.add_dataset(
                session, clock, "演示数据集", "湘野演示", demonstration=True, dataset_id=demo_id("dataset")
            )
            past = surveys.add_dataset(
                session, clock, "历年演示数据集", "湘野演示", demonstration=True, dataset_id=demo_id("earlier dataset")
            )
            for name, title, kind, home in (
                ("mangshan", "宜章县生物多样性本底调查（演示数据）", "county_baseline", dataset),
                ("east_dongting", "东洞庭湖水生生物调查（演示数据）", "aquatic", dataset),
                ("earlier", "三县历年记录（演示数据）", "county_baseline", past),
            ):
                surveys.add_survey(session, clock, title, kind, home, survey_id=demo_id(f"survey {name}"))


def _play_all(settings: Settings, folder: Path, url: str) -> None:
    for made in (day.mangshan(FIELD_DATE), day.east_dongting(FIELD_DATE)):
        _play(settings, folder / made.name, made, url)


def _play(settings: Settings, home: Path, made: day.FieldDay, url: str) -> None:
    """Recording happens once; syncing may be repeated as often as one likes."""
    played = home / "played.json"
    if not played.exists():
        _record(settings, home, made, url)
    told = _field(home, "sync.json", [{"do": "sync"}], url)
    played.write_text(json.dumps(told, ensure_ascii=False))


def _record(settings: Settings, home: Path, made: day.FieldDay, url: str) -> None:
    """An interrupted recording has sent nothing, so it is made anew on a fresh tablet."""
    started = home / "tablet"
    if started.exists():
        started.rename(home / f"tablet.interrupted.{int(time.time())}")
    photos.draw_all(home / "photos", made.shots)
    for name, points in made.tracks.items():
        day.write_gpx(home / name, points)
    with db.open_session(settings) as session:
        person_id = demo_id(f"person {made.name}")
        if session.get(Person, person_id) is None:
            accounts.add_person(session, SystemClock(), made.surveyor, "湘野演示", person_id)
        code = accounts.issue_code(session, SystemClock(), person_id)
    first = [
        {"do": "enrol", "code": code, "device_name": f"演示平板 {made.name}"},
        {"do": "sync"},
        {"do": "choose_survey", "survey_id": str(demo_id(f"survey {made.name}"))},
    ]
    _field(home, "day.json", [*first, *made.steps], url)
    (home / "played.json").write_text("{}")


def _field(home: Path, script: str, steps: list[dict[str, Any]], url: str) -> Any:
    (home / script).write_text(json.dumps({"steps": steps}, ensure_ascii=False, indent=1), encoding="utf-8")
    command = [
        sys.executable,
        "-c",
        "from shared.command import main; main()",
        "field",
        "--headless",
        str(home / script),
        "--data",
        str(home / "tablet"),
        "--server",
        url,
        "--photos",
        str(home / "photos"),
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise click.ClickException(
            f"平板程序未能完成 {home / script}（退出码 {done.returncode}）：\n{done.stderr.strip()[-1500:]}\n{done.stdout.strip()[-800:]}"
        )
    return json.loads(done.stdout)


def _command(*argv: str) -> None:
    if dispatch(list(argv)) != 0:
        raise click.ClickException(f"xiangye {' '.join(argv)} 失败")


def _import_earlier(folder: Path) -> None:
    earlier.write(folder / "earlier.csv")
    _command(
        "import",
        str(folder / "earlier.csv"),
        "--survey",
        str(demo_id("survey earlier")),
        "--report",
        str(folder / "earlier.report.json"),
    )


def _import_file(folder: Path, path: Path) -> None:
    report = folder / "import.report.json"
    _command("import", str(path), "--survey", str(demo_id("survey earlier")), "--report", str(report))
    click.echo(f"      导入报告：{report}")


def _compile(folder: Path) -> dict[str, Path]:
    today = datetime.now(CHINA).date().isoformat()
    reports = {
        "县域本底报告（公开版）": folder / "baseline-public",
        "县域本底报告（内部版）": folder / "baseline-restricted",
        "五年评估报告": folder / "assessment",
    }
    for edition in ("public", "restricted"):
        _command(
            "compile",
            "baseline",
            "--county",
            COUNTY,
            "--as-of",
            today,
            "--out",
            str(folder / f"baseline-{edition}"),
            "--edition",
            edition,
        )
    _command("compile", "assessment", "--period", PERIOD, "--as-of", today, "--out", str(folder / "assessment"))
    return reports


def _check(settings: Settings, folder: Path) -> None:
    for made in ("mangshan", "east_dongting"):
        told = json.loads((folder / made / "played.json").read_text())
        if told.get("waiting"):
            raise click.ClickException(f"平板 {made} 上还有 {told['waiting']} 条记录未被确认：再运行一次 make demo")
    with db.open_session(settings) as session:
        count = session.connection().exec_driver_sql("SELECT count(*) FROM xiangye.occurrence").scalar_one()
    click.echo(f"      服务器上共有 {count} 条出现记录")


def _tell(settings: Settings, folder: Path, reports: dict[str, Path], running: processes.Running | None) -> None:
    click.echo("\n演示完成。所有结果都标有“演示数据”。")
    for title, path in reports.items():
        click.echo(f"  {title}：{path / 'report.html'}")
    click.echo(f"  数据集（达尔文核心档案、XLSX、校验和）：{folder}/baseline-*/、{folder}/assessment/")
    if running is not None:
        click.echo(f"  服务：{running.url(settings)}（pid {running.pid}；make demo-stop 停止，make clean-demo 清除）")
