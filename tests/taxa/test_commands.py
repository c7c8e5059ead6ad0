"""`xiangye species …` as a person types it."""

import json
from pathlib import Path

import pytest

from server.cli import run
from server.settings import Settings


@pytest.fixture(autouse=True)
def database(shared_reference: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIANGYE_DATABASE_URL", shared_reference.database_url or "")


@pytest.mark.parametrize("typed", ["csj", "Manis pent", "穿山甲"])
def test_find_prints_json_and_words(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("species", ["find", typed, "--json"]) == 0
    first = json.loads(capsys.readouterr().out)[0]
    assert (first["scientific_name"], first["protection_class"]) == ("Manis pentadactyla", "I")
    assert run("species", ["find", typed, "--limit", "1"]) == 0
    assert capsys.readouterr().out == "穿山甲  Manis pentadactyla  国家一级\n"


def test_find_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("species", ["find", "没有这个种"]) == 0
    assert "没有找到" in capsys.readouterr().err
    assert run("species", ["find", "没有这个种", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_protection(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("species", ["protection", "大鲵", "--population", "captive", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["protection_class"] is None
    assert run("species", ["protection", "Dendrobium xyz", "--region", "431022", "--on", "2025-06-01", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["protection_class"], answer["entry"], answer["list_version"]) == ("II", "石斛属（所有种）", "2021")
    assert run("species", ["protection", "穿山甲"]) == 0
    assert (
        capsys.readouterr().out
        == "穿山甲 Manis pentadactyla：国家一级；国家重点保护野生动物名录（2021），穿山甲；列入名录的种\n"
    )
    assert run("species", ["protection", "白鹭", "--on", "2025-06-01"]) == 0
    assert "无国家保护级别" in capsys.readouterr().out


def test_an_unknown_name_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("species", ["protection", "没有这个种"]) == 1
    assert "名录中没有“没有这个种”" in capsys.readouterr().err


def test_load_again_and_a_broken_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("species", ["load", "--json"]) == 0
    assert not any(loaded["changed"] for loaded in json.loads(capsys.readouterr().out))
    broken = tmp_path / "mine.csv"
    broken.write_text("no\n", "utf-8")
    assert run("species", ["load", str(broken)]) == 1
    assert "mine.json：读不到文件" in capsys.readouterr().err
