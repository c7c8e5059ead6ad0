"""The watch over processes that a run leaves behind sees them, and a run that leaves one fails."""

import os
import subprocess
import sys
from pathlib import Path

from tests.house.leftovers import living

ROOT = Path(__file__).resolve().parents[2]
ORPHAN = """
import subprocess, sys
def test_that_leaves_one_behind():
    subprocess.run(["/bin/sh", "-c", "sleep 60 >/dev/null 2>&1 &"], check=True)
"""


def test_an_orphan_is_seen_as_long_as_it_lives() -> None:
    told = subprocess.run(
        ["/bin/sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!"], capture_output=True, text=True, check=True
    )
    pid = int(told.stdout)
    while (words := Path(f"/proc/{pid}/cmdline").read_bytes()) != b"sleep\x0060\x00":
        assert words == b"" or words.startswith(b"/bin/sh"), words  # it is still becoming what it will be
    assert living()[pid] == "sleep 60"
    os.kill(pid, 9)
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        pass
    assert pid not in living()


def test_a_run_that_leaves_a_process_fails_and_ends_it(tmp_path: Path) -> None:
    (tmp_path / "test_orphan.py").write_text(ORPHAN)
    quickly = "import tests.house.leftovers as watch, pytest, sys; watch._PATIENCE_S = 0.2; sys.exit(pytest.main(sys.argv[1:]))"
    options = ["-q", "-p", "tests.house.leftovers", "-c", "/dev/null", "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", quickly, *options], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout
    assert "left behind by the tests" in done.stdout
    assert "sleep 60" in done.stdout
    assert "1 passed" in done.stdout
