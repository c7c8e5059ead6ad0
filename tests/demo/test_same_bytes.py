"""One snapshot, two compilations: the same bytes, every file."""

import hashlib
import json
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
