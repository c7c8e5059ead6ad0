"""`xiangye import` and `xiangye export` as others drive them: what they print, and with which exit code they leave."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from server import cli, db
from server.settings import Settings
from server.surveys.service import add_dataset, add_survey
from shared.clock import SystemClock

ROWS = (
    "occurrenceID,scientificName,vernacularName,eventDate,decimalLatitude,decimalLongitude\n"
    "a,Egretta garzetta,白鹭,2023-05-01,25.27,112.8\nb,,,,,\n"
)


@pytest.fixture
def survey_id(reference_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> UUID:
    monkeypatch.setenv("XIANGYE_DATABASE_URL", reference_settings.database_url or "")
    monkeypatch.setenv("XIANGYE_VAR", str(reference_settings.var_dir))
    with db.open_session(reference_settings) as session:
        return add_survey(
            session, SystemClock(), "资料汇总", "county_baseline", add_dataset(session, SystemClock(), "资料", "单位")
        ).id


def _count(settings: Settings, table: str) -> int:
    with db.open_session(settings) as session:
        return session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def test_import_and_export(
    survey_id: UUID, tmp_path: Path, capsys: pytest.CaptureFixture[str], reference_settings: Settings
) -> None:
    (tmp_path / "rows.csv").write_text(ROWS, "utf-8")
    arguments = [str(tmp_path / "rows.csv"), "--survey", str(survey_id)]
    assert cli.run("import", [*arguments, "--dry-run"]) == 0
    assert "检查（未写入）" in capsys.readouterr().out
    assert _count(reference_settings, "version") == 0
    assert cli.run("import", [*arguments, "--report", str(tmp_path / "report.json"), "--json"]) == 0
    printed, written = json.loads(capsys.readouterr().out), json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert printed == written
    assert {name: printed[name] for name in ("read", "kept", "already_have", "rejected", "flagged")} == {
        "read": 2,
        "kept": 1,
        "already_have": 0,
        "rejected": 1,
        "flagged": 0,
    }
    assert [{name: problem[name] for name in ("row", "field", "code")} for problem in printed["problems"]] == [
        {"row": 2, "field": "scientificName", "code": "no_name"},
    ]
    assert cli.run("import", arguments) == 0
    assert "读 2 行，保留 0（其中存疑 0），已有 1，拒绝 1" in capsys.readouterr().out
    assert (
        cli.run(
            "export",
            ["--format", "csv", "--out", str(tmp_path / "out.csv"), "--survey", str(survey_id), "--county", "431022"],
        )
        == 0
    )
    assert "白鹭" in (tmp_path / "out.csv").read_text("utf-8-sig")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.zip", b"PK\x05\x06" + bytes(18), "没有任何文件"),
        ("a.csv", b"", "空的"),
        ("a.csv", b"x,y\n1,2\n", "名称列"),
        ("a.zip", b"nonsense", "ZIP"),
        ("a.csv", None, "不存在"),
    ],
)
def test_an_unusable_file_is_exit_1_with_a_word_and_nothing_written(
    survey_id: UUID,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    reference_settings: Settings,
    name: str,
    content: bytes | None,
    words: str,
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert (
        cli.run("import", [str(tmp_path / name), "--survey", str(survey_id), "--report", str(tmp_path / "report.json")])
        == 1
    )
    said = capsys.readouterr()
    assert words in said.err and said.out == "" and "Traceback" not in said.err
    assert not (tmp_path / "report.json").exists()
    assert _count(reference_settings, "version") == _count(reference_settings, "import_key") == 0


def test_a_report_that_cannot_be_written_leaves_nothing_behind(
    survey_id: UUID,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    reference_settings: Settings,
) -> None:
    (tmp_path / "rows.csv").write_text(ROWS, "utf-8")
    assert (
        cli.run(
            "import",
            [str(tmp_path / "rows.csv"), "--survey", str(survey_id), "--report", str(tmp_path / "no" / "r.json")],
        )
        == 1
    )
    assert "r.json" in capsys.readouterr().err
    assert _count(reference_settings, "version") == 0


@pytest.mark.parametrize(
    ("survey", "more"),
    [
        ("nonsense", []),
        ("00000000-0000-7000-8000-000000000000", []),
        (None, ["--mapping", "none"]),
        (None, ["--as", "x"]),
    ],
)
def test_wrong_options_are_exit_1(
    survey_id: UUID, tmp_path: Path, capsys: pytest.CaptureFixture[str], survey: str | None, more: list[str]
) -> None:
    (tmp_path / "rows.csv").write_text(ROWS, "utf-8")
    assert cli.run("import", [str(tmp_path / "rows.csv"), "--survey", survey or str(survey_id), *more]) == 1
    assert capsys.readouterr().err.startswith("错误：")


def test_an_unknown_county_is_exit_1_and_no_file(
    survey_id: UUID, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run("export", ["--format", "dwca", "--out", str(tmp_path / "out.zip"), "--county", "999999"]) == 1
    assert "999999" in capsys.readouterr().err
    assert list(tmp_path.glob("out*")) == []
