"""`xiangye places load FILE`: shown, asked, written whole or not at all."""

import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
import rasterio
import shapely
import shapely.affinity
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.orm import Session

from server import db
from server.places import queries, service
from server.places.drafts import Options
from server.places.load_command import load_with
from server.places.preparing import Prepared
from server.places.refusal import LayerRefused
from server.settings import Settings
from tests.places.vector_files import write

NAME = "湖南莽山国家级自然保护区"
AREA = shapely.box(112.90, 24.93, 113.00, 25.02)


@dataclass(frozen=True)
class Moved:
    kind: str
    checked: int
    moved: int


def restamp(session: Session, by: str) -> Sequence[Moved]:
    assert by
    return [Moved("protected_area", 5, 2)]


def die(session: Session, by: str) -> Sequence[Moved]:
    session.execute(text("SELECT 1 / 0"))
    return []


@pytest.fixture
def database(reference_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("XIANGYE_DATABASE_URL", reference_settings.database_url or "")
    return reference_settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "莽山.gpkg", [({"name": NAME}, AREA)])


def run(command: click.Command, *argv: object, **more: Any) -> Any:
    return CliRunner().invoke(command, [str(word) for word in argv], **more)


def versions(settings: Settings) -> dict[str, str]:
    with db.open_session(settings) as session:
        return queries.versions_on(session)


def rows(settings: Settings) -> tuple[Any, ...]:
    with db.open_session(settings) as session:
        return tuple(
            session.scalar(text(f"SELECT count(*) FROM xiangye.{table}"))
            for table in ("boundary_version", "named_place", "county")
        )


def test_shown_and_written_with_yes(database: Settings, file: Path) -> None:
    before = versions(database)
    done = run(load_with(restamp), file, "--kind", "protected_area", "--yes")
    assert done.exit_code == 0, done.output
    for words in (
        "自然保护地：莽山.gpkg",
        "按名称对应到登记的 PA-43-010",
        "改变 1",
        "面积 0.00 → ",
        "写入 1 个，沿用 25 个",
        "查看 5 个位置，2 个有变；记录本身未动",
    ):
        assert words in done.output
    assert versions(database)["protected_area"] != before["protected_area"]
    again = run(load_with(die), file, "--kind", "protected_area")
    assert (again.exit_code, "未作改动" in again.output) == (0, True)


def test_json_is_all_of_stdout(database: Settings, file: Path) -> None:
    done = run(load_with(restamp), file, "--kind", "protected_area", "--yes", "--json")
    answer = json.loads(done.stdout)
    assert answer["changed"] is True
    assert answer["version"] == versions(database)["protected_area"] != answer["before"]
    assert answer["restamped"] == [{"kind": "protected_area", "checked": 5, "moved": 2}]
    assert answer["difference"]["changed"][0]["km2_after"] == pytest.approx(100, abs=5)
    assert "改变 1" in done.stderr


@pytest.mark.parametrize(("words", "exit_code"), [(["--dry-run"], 0), ([], 2)])
def test_without_a_yes_nothing_is_written(database: Settings, file: Path, words: list[str], exit_code: int) -> None:
    before = rows(database)
    done = run(load_with(die), file, "--kind", "protected_area", *words)
    assert done.exit_code == exit_code
    assert ("--yes" in done.output) == (exit_code == 2)
    assert "改变 1" in done.output
    assert rows(database) == before


@pytest.mark.parametrize(("answer", "written"), [("y\n", True), ("n\n", False), ("", False)])
def test_at_a_terminal_the_answer_decides(
    database: Settings, file: Path, monkeypatch: pytest.MonkeyPatch, answer: str, written: bool
) -> None:
    before = versions(database)
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: True, raising=False)
    done = run(load_with(restamp), file, "--kind", "protected_area", input=answer)
    assert "写入新版本" in done.output
    assert (versions(database) != before) == written
    assert (done.exit_code == 0) == written


def test_a_crash_in_the_middle_leaves_nothing(database: Settings, file: Path) -> None:
    before, in_force = rows(database), versions(database)
    done = run(load_with(die), file, "--kind", "protected_area", "--yes")
    assert done.exit_code != 0
    assert (rows(database), versions(database)) == (before, in_force)
    assert run(load_with(restamp), file, "--kind", "protected_area", "--yes").exit_code == 0


def test_of_two_loads_at_once_one_is_refused(database: Settings, tmp_path: Path) -> None:
    prepared = []
    for n in range(2):
        path = write(tmp_path / f"{n}.gpkg", [({"name": NAME}, shapely.affinity.translate(AREA, n / 100, n / 100))])
        with db.open_session(database) as session:
            prepared.append(service.prepare(session, path, "protected_area", Options(), "43"))

    def load(one: Prepared) -> str:
        try:
            with db.open_session(database) as session:
                return service.load_layer(session, one, "某人").version
        except LayerRefused as refused:
            return str(refused)

    before = rows(database)
    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(load, prepared))
    assert [("别人已载入了新版本" in answer) for answer in answers].count(True) == 1
    assert versions(database)["protected_area"] in answers
    assert rows(database) == (before[0] + 1, before[1] + 26, before[2])


def test_nobody_is_stamped_while_a_layer_is_put_in_force(database: Settings, file: Path) -> None:
    with db.open_session(database) as session:
        prepared = service.prepare(session, file, "protected_area", Options(), "43")

    def stamp() -> tuple[str, ...]:
        with db.open_session(database) as session:
            return queries.locate(session, 112.95, 24.95).areas

    with ThreadPoolExecutor(1) as pool:
        with db.open_session(database) as session:
            service.load_layer(session, prepared, "某人")
            waiting = pool.submit(stamp)
            with pytest.raises(FutureTimeout):
                waiting.result(timeout=0.5)
        assert waiting.result(timeout=30) == ("PA-43-010",)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("{file}",), "--kind 说明图层的种类：county（县级行政区）"),
        (("{file}", "--kind", "village"), "village"),
        (("--kind", "county"), "--kind 须与文件同用"),
        (("{file}", "--kind", "location", "--datum", "bd09"), "bd09"),
        (("{file}", "--kind", "location", "--valid-from", "去年"), "去年"),
        (("{file}", "--kind", "location", "--max-mb", "0"), "0"),
    ],
)
def test_wrong_usage_is_told(database: Settings, file: Path, argv: tuple[str, ...], words: str) -> None:
    done = run(load_with(die), *(word.format(file=file) for word in argv))
    assert done.exit_code == 2
    assert words in done.output


def test_a_raster_is_shown_and_asked_for_like_a_layer(
    database: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from server.cli import run as program

    monkeypatch.setenv("XIANGYE_VAR", str(tmp_path / "var"))
    path, heights = tmp_path / "dem.tif", np.full((1, 20, 20), 300, dtype=np.float32)
    profile = {"driver": "GTiff", "width": 20, "height": 20, "count": 1, "dtype": "float32", "crs": "EPSG:4490"}
    with rasterio.open(path, "w", **profile, transform=rasterio.Affine(0.05, 0, 112.5, 0, -0.05, 25.9)) as opened:
        opened.write(heights)
    asked = run(load_with(die), path, "--kind", "raster", "--raster", "elevation")
    assert asked.exit_code == 2 and "高程：dem.tif，20 × 20 格" in asked.output and "--yes" in asked.output
    assert "elevation" not in versions(database)
    done = run(load_with(restamp), path, "--kind", "raster", "--raster", "elevation", "--yes", "--json")
    answer = json.loads(done.stdout)
    assert (answer["changed"], answer["version"]) == (True, versions(database)["elevation"])
    assert program("places", ["locate", "112.95", "25.0"]) == 0
    assert "高程 300 米" in capsys.readouterr().out
    again = run(load_with(die), path, "--kind", "raster", "--raster", "elevation")
    assert again.exit_code == 0 and "未作改动" in again.output
    for argv, words in (
        (["--kind", "raster"], "--raster 说明"),
        (["--kind", "grid", "--raster", "elevation"], "只与 --kind raster"),
    ):
        wrong = run(load_with(die), path, *argv)
        assert wrong.exit_code == 2 and words in wrong.output


def test_a_refusal_is_a_sentence(database: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from server.cli import run as program

    assert program("places", ["load", str(tmp_path / "没有.shp"), "--kind", "county", "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.err.strip() == "错误：没有.shp：文件不存在或无法读取"
    assert captured.out == ""


def test_places_are_listed_by_kind_name_and_day(
    database: Settings, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from server.cli import run as program

    run(load_with(restamp), file, "--kind", "protected_area", "--yes")

    def listed(*argv: str) -> list[dict[str, Any]]:
        assert program("places", ["list", *argv, "--json"]) == 0
        return list(json.loads(capsys.readouterr().out))

    assert listed("--kind", "protected_area", "--name", "莽山")[0]["has_boundary"] is True
    assert listed("--kind", "protected_area", "--name", "莽山", "--on", "2020-01-01")[0]["has_boundary"] is False
    assert len(listed()) == 46
    assert [one["code"] for one in listed("--kind", "county", "--name", "宜章")] == ["431022"]
    assert [one["code"] for one in listed("--kind", "county", "--code", "431121")] == ["431181"]
    assert program("places", ["list", "--kind", "county", "--code", "430271"]) == 1
    assert "统计用区代码，从来不是县级行政区" in capsys.readouterr().err
    kinds = [one["kind"] for one in listed("--versions")]
    assert kinds == ["county", "county_alias", "priority_area", "protected_area", "protected_area", "river_section"]
    assert program("places", ["list", "--kind", "priority_area"]) == 0
    assert (
        "BPA-NL  南岭生物多样性保护优先区域  生物多样性保护优先区域  仅登记，无边界  未核实" in capsys.readouterr().out
    )
    assert program("places", ["locate", "112.95", "24.95"]) == 0
    out = capsys.readouterr().out
    assert f"自然保护地 {NAME}（PA-43-010）" in out and "\n10 km 网格 XY10-" in out
    grid = write(tmp_path / "grid.gpkg", [({"code": "G1"}, shapely.box(112.9, 24.9, 113.0, 25.0))])
    run(load_with(restamp), grid, "--kind", "grid", "--label", "5 公里网格", "--yes")
    assert program("places", ["locate", "112.95", "24.95"]) == 0
    assert "\n网格 G1（5 公里网格）\n" in capsys.readouterr().out, "an agency's cells have a size of their own"
    assert sys.stdin is not None
