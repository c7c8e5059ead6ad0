"""`make check` is quiet on the tree as it is, and loud on a tree with a breach of each rule planted in it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import NOT_OURS, ROOT, project

pytestmark = [pytest.mark.thorough, pytest.mark.xdist_group("checks")]

# file → what is added to it; one breach of each contract of pyproject.toml
BREACHES = {
    "server/surveys/rules.py": "import sqlalchemy\nimport mobile\n",
    "server/settings.py": "import server.ledger\nimport server.sensitivity.precise\n",
    "server/ledger/service.py": "import flask\nimport server.settings\n",
    "shared/clock.py": "import requests\n",
    "mobile/capture/place.py": "import shapely\nimport kivy\n",
}


def make(folder: Path, target: str, *variables: str) -> subprocess.CompletedProcess[str]:
    venv = Path(sys.executable).parents[1]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "MFLAGS", "PYTEST", "XIANGYE"))
    }
    return subprocess.run(
        ["make", "--no-print-directory", target, f"VENV={venv}", *variables],
        cwd=folder,
        env={**environment, "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    def left_out(_: str, names: list[str]) -> set[str]:
        return {name for name in names if name in NOT_OURS or (name.endswith("_cache") and name != ".mypy_cache")}

    return Path(shutil.copytree(ROOT, tmp_path / "copy", ignore=left_out))


@pytest.mark.parametrize("target", ["check-style", "check-types", "check-imports", "check-copies"])
def test_the_tree_keeps_the_rules(target: str) -> None:
    done = make(ROOT, target)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_each_planted_import_breaks_its_contract(copy: Path) -> None:
    for name, lines in BREACHES.items():
        target = copy / name
        text = target.read_text(encoding="utf-8") if target.exists() else ""
        target.write_text(text + "\n" + lines, encoding="utf-8")
    done = make(copy, "check-imports")
    assert done.returncode != 0
    verdicts = dict(re.findall(r"^(.+) (KEPT|BROKEN)(?: \(.*\))?$", done.stdout, re.MULTILINE))
    contracts = {contract["name"] for contract in project()["tool"]["importlinter"]["contracts"]}
    assert verdicts == dict.fromkeys(contracts, "BROKEN"), done.stdout


def test_a_new_room_without_a_place_in_the_order_is_noticed(copy: Path) -> None:
    (copy / "server" / "newroom").mkdir()
    (copy / "server" / "newroom" / "__init__.py").write_text("", encoding="utf-8")
    done = make(copy, "check-imports")
    assert done.returncode != 0
    assert "newroom" in done.stdout


def test_a_tangled_function_and_a_shadowed_module_are_noticed(copy: Path) -> None:
    tangle = "\n".join(f"    if n == {number}:\n        return {number * 7}" for number in range(11))
    (copy / "shared" / "tangle.py").write_text(
        f"def tangle(n: int) -> int:\n{tangle}\n    return 0\n", encoding="utf-8"
    )
    (copy / "mobile" / "calendar.py").write_text('"""Shadows the standard library."""\n', encoding="utf-8")
    done = make(copy, "check-style")
    assert done.returncode != 0
    assert "C901" in done.stdout
    assert "A005" in done.stdout


def test_six_copied_lines_are_noticed(copy: Path) -> None:
    block = "".join(f"    total_{number} = first * {number} + second\n" for number in range(6))
    for name in ("one", "other"):
        body = f"def {name}(first: int, second: int) -> int:\n{block}    return total_{len(name)}\n"
        (copy / "shared" / f"{name}.py").write_text(body, encoding="utf-8")
    done = make(copy, "check-copies", "COPIES=shared")
    assert done.returncode != 0
    assert "shared.one" in done.stdout
    assert "shared.other" in done.stdout


def test_an_untyped_function_is_noticed(copy: Path) -> None:
    with (copy / "shared" / "ids.py").open("a", encoding="utf-8") as module:
        module.write("\n\ndef untyped(value):\n    return value\n")
    done = make(copy, "check-types")
    assert done.returncode != 0
    assert "Function is missing a type annotation" in done.stdout
