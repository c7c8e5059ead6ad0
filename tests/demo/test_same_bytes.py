"""One snapshot, two compilations: the same bytes, every file."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from tests.demo.conftest import REPORTS, Demo

pytestmark = pytest.mark.xdist_group("demo")


def _files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", REPORTS)
def test_twice_from_one_snapshot(demo: Demo, tmp_path: Path, name: str) -> None:
    told = json.loads((demo.first / name / "provenance.json").read_text(encoding="utf-8"))
    parameters = told["parameters"]
    chosen = (
        ["--county", parameters["counties"][0]] if name.startswith("baseline") else ["--period", parameters["period"]]
    )
    done = demo.xiangye(
        "compile", name.split("-", maxsplit=1)[0], *chosen, "--as-of", parameters["as_of"], "--out", str(tmp_path / "again"),
        "--edition", parameters["edition"], "--snapshot", told["snapshot"],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert _files(tmp_path / "again") == _files(demo.first / name)


@pytest.mark.parametrize("name", REPORTS)
def test_the_sums_are_those_of_the_files(demo: Demo, name: str) -> None:
    report = demo.first / name
    sums = dict(reversed(line.split("  ")) for line in (report / "SHA256SUMS").read_text().splitlines())
    files = _files(report)
    assert sums == {key: value for key, value in files.items() if key != "SHA256SUMS"}
    told = json.loads((report / "provenance.json").read_text(encoding="utf-8"))
    assert told["files"].items() <= files.items() and told["tables"]


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_verified(demo: Demo, name: str) -> None:
    done = demo.xiangye("verify", str(demo.first / name))
    assert (done.returncode, done.stderr) == (0, "")
    assert "由快照重编逐字节相同" in done.stdout


def test_what_was_altered_is_named(demo: Demo, tmp_path: Path) -> None:
    report = tmp_path / "report"
    shutil.copytree(demo.first / "baseline-public", report)
    page = report / "report.html"
    page.write_bytes(page.read_bytes().replace("宜章县".encode(), "临武县".encode(), 1))
    (report / "dwca.zip").unlink()
    (report / "note.txt").write_text("hello")
    done = demo.xiangye("verify", str(report), "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert told["altered"] == ["dwca.zip", "note.txt", "report.html"]
    assert (told["holds"], told["differing"]) == (False, [])


def test_a_report_whose_numbers_were_exchanged_with_its_sums_is_found(demo: Demo, tmp_path: Path) -> None:
    report = tmp_path / "report"
    shutil.copytree(demo.first / "baseline-public", report)
    tables = report / "tables.json"
    tables.write_bytes(tables.read_bytes().replace(b"1", b"2", 1))
    digest = hashlib.sha256(tables.read_bytes()).hexdigest()
    for name in ("provenance.json", "SHA256SUMS"):
        path = report / name
        old = json.loads((demo.first / "baseline-public" / "provenance.json").read_text(encoding="utf-8"))["files"]
        path.write_text(path.read_text(encoding="utf-8").replace(old["tables.json"], digest), encoding="utf-8")
    done = demo.xiangye("verify", str(report), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["differing"] == ["tables.json"]


def test_a_folder_without_a_report_is_refused(demo: Demo, tmp_path: Path) -> None:
    done = demo.xiangye("verify", str(tmp_path))
    assert done.returncode == 1
    assert "没有可读的 provenance.json" in done.stderr
