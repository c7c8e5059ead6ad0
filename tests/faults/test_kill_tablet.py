"""`kill -9` of the tablet while it records: what the screen called saved is there, whole, and arrives once."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import environment
from tests.faults.agreement import agrees_in_the_end
from tests.faults.conftest import Evening, Tablet
from tests.faults.field_day import write_day
from tests.faults.ledgers import Pair, photo_file, read_tablet
from tests.faults.server_process import ServerProcess, environment_of

pytestmark = pytest.mark.xdist_group("kills")

KILLS = 6


@pytest.fixture
def server(evening: Evening, tmp_path: Path) -> Iterator[ServerProcess]:
    made = ServerProcess(environment_of(evening.settings), tmp_path / "server.log")
    made.start()
    yield made
    made.kill()


def record_until_killed(data: Path, script: Path, lines: int, then_s: float) -> list[Pair]:
    """What was said to be saved before the tablet died, `then_s` after its nth confirmation."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.recorder", str(data), str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        cwd=Path(__file__).resolve().parents[2],
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = [process.stdout.readline() for _ in range(lines)]
        time.sleep(then_s)
        process.kill()
        said += process.stdout.readlines()
        errors = process.stderr.read()
    assert len(said) >= lines, errors
    assert errors == ""
    assert process.returncode == -9
    return [(line.split()[0], line.split()[1]) for line in said if line.endswith("\n")]


def test_every_saved_record_survives_the_death_of_the_tablet(
    evening: Evening, server: ServerProcess, tmp_path: Path
) -> None:
    chance = random.Random(7)
    saved = set(read_tablet(evening.data).records)
    for number in range(KILLS):
        folder = tmp_path / f"day{number}"
        steps = write_day(folder, seed=100 + number)
        (folder / "script.json").write_text(json.dumps({"steps": steps}), encoding="utf-8")
        lines = chance.randrange(1, 25)
        saved |= set(record_until_killed(evening.data, folder / "script.json", lines, chance.uniform(0, 0.06)))
        kept = read_tablet(evening.data)
        assert saved <= kept.records
        assert len(kept.records - saved) <= 2  # committed, but killed before it could say so: a record and its photo
        saved = kept.records
        for sha256 in kept.photos:
            photo_file(evening.data, sha256)
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    tablet = Tablet(evening.data, scripts, server.url)
    said = tablet.sync()
    assert said.code == 0, said
    agrees_in_the_end(tablet, evening.book())
