"""A tablet whose power is cut at any write: what it had called saved is there when the power is back, and its store is whole."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import environment
from tests.faults.power import cut, enrolled

CUTS = int(os.environ.get("XIANGYE_CUTS") or 50)
SEED = os.environ.get("XIANGYE_SEED") or "5"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def before(tmp_path: Path) -> Path:
    folder = tmp_path / "before"
    enrolled(folder)
    return folder


def test_what_was_called_saved_outlives_a_power_cut(before: Path, tmp_path: Path) -> None:
    """P1, T11: 0 lost, every store opens; more is kept than was told only where the cut came between the two."""
    told = 0
    for number in range(CUTS):
        saved, kept = cut(before, tmp_path / str(number), f"{SEED}/{number}")
        assert saved <= kept, f"XIANGYE_SEED={SEED}, cut {number}"
        assert len(kept - saved) <= 1
        told += len(saved)
    assert told > CUTS
    print(f"\nseed {SEED}: {CUTS} cuts, {told} saves acknowledged, 0 lost")


def test_a_store_that_settles_less_often_is_found_out(tmp_path: Path) -> None:
    """The mutant `synchronous_normal`: the same cuts lose what was acknowledged."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.power", "synchronous_normal", "10", SEED, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        check=True,
    )
    assert int(done.stdout.split()[-1]) > 0
