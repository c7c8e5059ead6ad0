"""From a database to a folder: both editions, twice the same bytes, and clear refusals."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from dwca.read import DwCAReader
from sqlalchemy.orm import Session

from server.accounts.viewer import LOCAL_OPERATOR, PUBLIC
from server.assessments.service import Assessed, Wanted, compile_assessment
from server.cli import run
from server.db import session_factory
from server.settings import Settings
from shared.clock import FixedClock
from shared.problems import Problem
from tests import records
from tests.admitting import outcomes, set_up
from tests.reporting.report_checker import check, read

COUNTIES, AS_OF = ("431022", "430621"), date(2025, 6, 30)
LATER = FixedClock(datetime(2025, 7, 2, tzinfo=UTC))
BULBUL = {"name_zh": "领雀嘴鹎", "scientific_name": "Spizixos semitorques"}
WEED = {"name_zh": "空心莲子草", "scientific_name": "Alternanthera philoxeroides"}


@pytest.fixture
def opened(reference_settings: Settings) -> Iterator[Session]:
    with session_factory(reference_settings)() as session:
        set_up(session)
        _plant(session)
        session.commit()
        yield session


def _plant(session: Session) -> None:
    for year, taxon in (("2018", BULBUL), ("2023", records.EGRET)):
        dated = {"observed_from": f"{year}-05-20", "date_precision": "day", "place": records.MANGSHAN}
        walk = records.event(**dated)
        seen = records.occurrence(event_id=walk["id"], taxon=taxon, **dated)
        guarded = records.occurrence(taxon=records.PANGOLIN, occurrence_remarks="洞口朝南", **dated)
        weed = records.occurrence(taxon=WEED, **dated)
        assert set(outcomes(session, walk, seen, guarded, weed)) == {"accepted"}


def compiled(session: Session, settings: Settings, out: Path, **how: str) -> Assessed:
    wanted = Wanted(
        how.get("period", "2021-2025"), COUNTIES, AS_OF, how.get("edition", "public"), how.get("snapshot_id")
    )
    return compile_assessment(settings, session, LOCAL_OPERATOR, LATER, wanted, out)


@pytest.mark.parametrize("edition", ["public", "restricted"])
def test_twice_the_same_bytes(opened: Session, reference_settings: Settings, tmp_path: Path, edition: str) -> None:
    first = compiled(opened, reference_settings, tmp_path / "a", edition=edition)
    outcomes(opened, records.occurrence(taxon=BULBUL, place=records.MANGSHAN))
    again = compiled(opened, reference_settings, tmp_path / "b", edition=edition, snapshot_id=first.snapshot)
    assert (first.files, first.species, first.counties) == (again.files, again.species, again.counties)
    for name in first.files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    html = (tmp_path / "a" / "report.html").read_text(encoding="utf-8")
    assert check(html) == []
    assert read(html).plates["change_counts"].rows == [["宜章县", "2", "1", "0", "1", "0", "0"]]


def test_a_folder_that_proves_itself(opened: Session, reference_settings: Settings, tmp_path: Path) -> None:
    made = compiled(opened, reference_settings, tmp_path / "out")
    assert set(made.files) == {
        "report.html",
        "annexes.xlsx",
        "tables.json",
        "dwca.zip",
        "provenance.json",
        "SHA256SUMS",
    }
    proof = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert (proof["snapshot"], proof["parameters"]["period"]) == (made.snapshot, "2021-2025")
    assert proof["parameters"]["counties"] == sorted(COUNTIES) and proof["parameters"]["province_counties"] == 122
    for name, sha256 in proof["files"].items():
        assert hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest() == sha256
    with DwCAReader(str(tmp_path / "out" / "dwca.zip")) as archive:
        text = str([(row.data, [one.data for one in row.extensions]) for row in archive])
    assert "领雀嘴鹎" in text and "穿山甲" in text
    assert "洞口朝南" not in text and "24.9512" not in text.split("穿山甲")[1][:400]


def test_refusals(opened: Session, reference_settings: Settings, tmp_path: Path) -> None:
    made = compiled(opened, reference_settings, tmp_path / "out")
    with pytest.raises(Problem, match="不是 2020-2024 这些县的五年评估快照"):
        compiled(opened, reference_settings, tmp_path / "other", period="2020-2024", snapshot_id=made.snapshot)
    stranger = Wanted("2021-2025", COUNTIES, AS_OF, "restricted")
    with pytest.raises(Problem, match="没有查阅精确位置的权限"):
        compile_assessment(reference_settings, opened, PUBLIC, LATER, stranger, tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--period", "2025-2021"], "起止年份不成立"),
        (["--period", "五年"], "例如 2021-2025"),
        (["--period", "2021-2025", "--county", "999999"], "没有代码为 '999999' 的县级行政区"),
        (["--period", "2021-2025", "--county", "440303"], "不是本省的县级行政区"),
        (["--period", "2021-2025", "--snapshot", "none"], "没有编号为 none 的快照"),
    ],
)
def test_the_command_refuses(
    shared_reference: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    wrong: list[str],
    said: str,
) -> None:
    monkeypatch.setenv("XIANGYE_DATABASE_URL", shared_reference.database_url or "")
    assert run("compile", ["assessment", *wrong, "--as-of", "2025-06-30", "--out", str(tmp_path / "out")]) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_command_compiles_the_whole_province(
    opened: Session,
    reference_settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XIANGYE_DATABASE_URL", reference_settings.database_url or "")
    monkeypatch.setenv("XIANGYE_VAR", str(reference_settings.var_dir))
    argv = ["assessment", "--period", "2021-2025", "--as-of", "2025-06-30", "--out", str(tmp_path / "out"), "--json"]
    assert run("compile", argv) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["report"] == str(tmp_path / "out" / "report.html")
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "湖南省全部122个县级行政区" in html
    assert check(html) == []
