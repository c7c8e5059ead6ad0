"""A group's tests share one worker, so that what is made for them is made once."""

import subprocess
import sys
from pathlib import Path

from tests.house.tree import ROOT
from tests.house.worker_groups import group_of


def test_groups_are_found_in_modules_and_in_folders() -> None:
    assert group_of(ROOT / "tests" / "demo" / "test_demo.py") == "demo"
    assert group_of(ROOT / "tests" / "mobile" / "ui" / "any.py") == "window"
    assert group_of(ROOT / "tests" / "house" / "test_sizes.py") is None


def test_one_worker_runs_a_group(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["tests.house.worker_groups"]\n')
    (tmp_path / "test_them.py").write_text(
        'import os, pathlib, time, pytest\npytestmark = pytest.mark.xdist_group("them")\n'
        '@pytest.mark.parametrize("n", range(8))\ndef test_it(n):\n'
        '    time.sleep(0.05)\n    pathlib.Path(f"{n}.worker").write_text(os.environ["PYTEST_XDIST_WORKER"])\n'
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "2",
        "--dist",
        "loadgroup",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
    ]
    run = subprocess.run(
        [*command, "."],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    workers = [path.read_text() for path in tmp_path.glob("*.worker")]
    assert len(workers) == 8 and len(set(workers)) == 1
