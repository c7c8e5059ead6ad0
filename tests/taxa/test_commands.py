"""`xiangye species …` as a person types it."""

import json
from pathlib import Path

import pytest

from server.cli import run
from server.settings import Settings
from server.taxa.names import taxon_id_for
from tests.taxa.agency import animal, hand_in
from tests.taxa.handed_in import table


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


def test_a_day_before_the_lists_is_not_taken_for_a_day_without_protection(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("species", ["protection", "穿山甲", "--on", "2020-01-01"]) == 0
    out = capsys.readouterr().out
    assert "库中 2020-01-01 施行的名录里没有" in out and "无国家保护级别" not in out
    assert "《国家重点保护野生动物名录》自 2021-02-05 起施行，库中没有更早的名录" in out
    assert run("species", ["protection", "春兰", "--on", "2021-05-01", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["not_yet_in_force"] == ["国家重点保护野生植物名录"]


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


def load_mine(folder: Path, *rows: dict[str, str], options: tuple[str, ...] = ("--yes",)) -> int:
    return run("species", ["load", str(hand_in(folder, rows)), *options])


@pytest.fixture
def own_database(reference_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIANGYE_DATABASE_URL", reference_settings.database_url or "")


HERON, EGRET = animal("Ardea cinerea", "苍鹭"), animal("Egretta garzetta", "白鹭")


@pytest.mark.usefixtures("own_database")
def test_a_list_of_the_agency_from_difference_to_bridge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert load_mine(tmp_path / "1", HERON, EGRET) == 0
    out = capsys.readouterr().out
    assert "湖南省地方重点保护野生动物名录（hunan_animals），2 行：新名录，版本 2023" in out
    assert "已载入  hunan_animals  2023" in out
    second = (HERON, {**EGRET, "scientific_name": "Ardea garzetta", "former_names": "白鹭"})
    assert load_mine(tmp_path / "2", *second, options=("--dry-run",)) == 0
    told = capsys.readouterr().out
    assert "版本 2023 → 2023+2" in told
    assert "改名 1 种\n    Egretta garzetta → Ardea garzetta" in told
    assert "名称不认得（仍会收入，按属归类，待核对） 1 行" in told
    assert run("species", ["bridge", "hunan_animals", "2023", "2023+2"]) == 1
    assert "没有版本 2023+2；有：2023" in capsys.readouterr().err
    assert load_mine(tmp_path / "2", *second) == 0
    capsys.readouterr()
    assert run("species", ["bridge", "hunan_animals", "2023", "2023+2", "--json"]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert (row["change"], row["from_value"], row["to_value"]) == ("renamed", "Egretta garzetta", "Ardea garzetta")
    assert run("species", ["bridge", "hunan_animals", "2023", "2023+2"]) == 0
    assert capsys.readouterr().out == "改名  白鹭  Egretta garzetta → Ardea garzetta\n"
    way = ["bridge", "hunan_animals", "2023", "2023+2"]
    assert run("species", [*way, "--name", "Egretta garzetta"]) == 0
    assert capsys.readouterr().out == "Egretta garzetta → 白鹭 Ardea garzetta\n"
    assert run("species", [*way, "--name", "苍鹭", "--json"]) == 0
    heron = taxon_id_for("Ardea cinerea")
    assert json.loads(capsys.readouterr().out) == {heron: [heron]}
    assert run("species", [*way, "--name", "麻雀"]) == 1
    assert "版本 2023 里没有“麻雀”这一条" in capsys.readouterr().err
    assert run("species", ["protection", "苍鹭"]) == 0
    assert (
        "苍鹭 Ardea cinerea：省重点；湖南省重点保护野生动物名录（2023），苍鹭；列入名录的种" in capsys.readouterr().out
    )


@pytest.mark.usefixtures("own_database")
def test_nothing_is_loaded_without_a_yes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_mine(tmp_path, HERON, options=()) == 1
    assert "没有载入：这里不能询问。请加 --yes" in capsys.readouterr().err
    assert load_mine(tmp_path, HERON, options=("--json",)) == 1
    capsys.readouterr()
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.confirm", lambda _question: False)
    assert load_mine(tmp_path, HERON, options=()) == 1
    assert "名录未变" in capsys.readouterr().err
    assert run("species", ["bridge", "hunan_animals", "2023", "2023"]) == 1
    capsys.readouterr()
    monkeypatch.setattr("click.confirm", lambda _question: True)
    assert load_mine(tmp_path, HERON, options=()) == 0
    capsys.readouterr()
    assert load_mine(tmp_path, HERON, options=()) == 0
    assert "无变化" in capsys.readouterr().out


def test_the_difference_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert load_mine(tmp_path, HERON, animal("Manis pentadactyl", "穿山"), options=("--dry-run", "--json")) == 0
    [found] = json.loads(capsys.readouterr().out)
    assert (found["list_id"], found["version"], found["base"], found["rows"]) == ("hunan_animals", "2023", None, 2)
    [unknown] = found["unmatched"]
    assert unknown["candidates"][0]["scientific_name"] == "Manis pentadactyla"
    assert run("species", ["load", "--dry-run"]) == 0
    assert capsys.readouterr().out.count("无变化") > 10


@pytest.mark.usefixtures("own_database")
def test_check_and_confirm(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("species", ["check"]) == 0
    assert "未核对  invasive_key_managed_2022  2022  22 行：38-59" in capsys.readouterr().out
    assert run("species", ["confirm", "invasive_key_managed_2022", "38-40", "59", "--basis", "公告原文"]) == 0
    assert capsys.readouterr().out == "已核对 4 行：38-40、59\n"
    assert run("species", ["confirm", "invasive_key_managed_2022", "38", "--basis", "公告原文", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["confirmed"] == []
    assert run("species", ["check", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    [one] = [one for one in found["unverified"] if one["list_id"] == "invasive_key_managed_2022"]
    assert one["rows"] == list(range(41, 59))
    assert set(found) == {"unverified", "unmatched", "overdue", "open_identifiers", "conflicts"}
    assert run("species", ["confirm", "invasive_key_managed_2022", "x", "--basis", "公告原文"]) == 2
    assert "不是行号：x" in capsys.readouterr().err
    assert run("species", ["confirm", "invasive_key_managed_2022", "1-9999999999", "--basis", "公告原件"]) == 2
    assert "行号太大" in capsys.readouterr().err


def test_template_and_match(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.xlsx"
    assert run("species", ["template", "protected", "--out", str(path)]) == 0
    assert str(path) in capsys.readouterr().out
    assert path.stat().st_size > 1000
    assert run("species", ["match", "Manis pentadactyl"]) == 0
    assert capsys.readouterr().out.startswith("穿山甲  Manis pentadactyla  相似  0.9")
    assert run("species", ["match", "穿山甲", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["reason"] == "chinese"
    assert run("species", ["match", "zzzzzzzz"]) == 0
    assert "没有与“zzzzzzzz”相像的" in capsys.readouterr().err


def test_what_the_reader_found_out_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = table(tmp_path / "a.csv", encoding="gb18030")
    assert run("species", ["load", str(path), "--dry-run"]) == 0
    assert "a.csv：编码为 GB18030" in capsys.readouterr().out


def test_show_tells_all_that_the_lists_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("species", ["show", "长江江豚", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["assessed_year"], one["category"]) for one in found["red_list"]] == [(2017, "EN"), (2012, "CR")]
    assert {"protected_animals_2021", "flagship_hunan"} <= {one["list_id"] for one in found["lists"]}
    assert "flagship" in found["flags"]
    assert run("species", ["show", "白鹭", "--on", "2025-06-01"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("白鹭 Egretta garzetta\n")
    assert "  居留型 留鸟\n" in out
    assert run("species", ["show", "克氏原螯虾"]) == 0
    out = capsys.readouterr().out
    assert "  中国外来入侵物种名单（第二批），2010，第二批，克氏原螯虾\n" in out and "重点管理" not in out
    assert run("species", ["show", "没有这个种"]) == 1
    assert "名录中没有" in capsys.readouterr().err
