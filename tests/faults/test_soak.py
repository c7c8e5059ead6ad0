"""The short run: a few sessions of everything at once, the gauntlet, and the faults planted in the program that they must notice.

The long run is `make soak` (README.md); the code is the same.
"""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.cluster import Cluster
from server.settings import Settings
from tests.conftest import clone
from tests.faults import soak
from tests.faults.gauntlet import Gauntlet
from tests.faults.ground import Ground, ground, mutated
from tests.faults.mutants import MUTANTS, check
from tests.faults.soak import Round, Session
from tests.faults.strikes import Strikes, failpoints, ours

pytestmark = pytest.mark.xdist_group("soak")

SEED = os.environ.get("XIANGYE_SEED", "5")
SESSIONS, TABLETS = 16, 4
TESTS = Path(__file__).resolve().parents[1]
CAUGHT_BY = {
    "held_before_the_receipt": ("dies before it posts", "lost"),
    "receipt_without_its_digest": ("other digests", "lost"),
    "any_holder_frees": ("another holder", "lost"),
    "version_put_over_the_one_before": ("nothing", "lost"),
    "retry_under_a_new_id": ("answers lost", "invented"),
    "naive_time": ("nothing", "refused"),
    "cursor_before_its_page": ("dies in a page", "untold"),
    "receipt_before_commit": ("server dies behind its commit", "lost"),
    "validate_for_load": ("nothing", "bad record"),
    "offset_of_the_client": ("nothing", "piece twice"),
    "custody_before_the_file": ("nothing", "photos lost"),
    "photo_unchecked": ("a bit flipped", "photos lost"),
}
"""Every mutant but the one that only a power cut shows (test_power.py) → the pass of the gauntlet that it fails, and the count that tells of it."""


@pytest.fixture(scope="module")
def settings_of_soak(
    private_cluster: Cluster, reference_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    with clone(private_cluster, reference_template, "soak") as made:
        yield made


@pytest.fixture(scope="module")
def stand(
    settings_of_soak: Settings, private_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    with ground(settings_of_soak, private_cluster, tmp_path_factory.mktemp("soak"), TABLETS) as made:
        yield made


def test_nothing_is_lost_doubled_or_altered_by_a_bad_line_and_by_deaths(stand: Ground) -> None:
    """P1–P4, T8–T10, T14: what the screen called saved is at the server, once, byte for byte."""
    tally = Round(stand, SEED, TABLETS).play(SESSIONS)
    print(f"\nseed {SEED}: {tally.done} sessions, {tally.saved} saved, {tally.photos} photos, {dict(tally.deaths)}")
    assert tally.is_right, (f"XIANGYE_SEED={SEED}", tally.wrong, tally.words)
    assert tally.done == SESSIONS


def test_a_clone_ends_with_an_id_of_its_own(stand: Ground) -> None:
    """T15: everything was copied, the credential and the key too."""
    run = Round(stand, f"{SEED}-clone", 1, share=0)
    (tablet,) = run.tablets
    session = Session(stand, tablet, random.Random(SEED), run.tally)
    twin = tablet.clone()
    for one in (tablet, twin):
        one.tell(session.sighting(with_photo=True, tablet=one))
    run.settle()
    assert run.tally.is_right, (run.tally.wrong, run.tally.words)


def test_one_tablet_runs_the_gauntlet(stand: Ground) -> None:
    """P1–P4, P6–P8, T12, T20: lies, repeats, cuts and deaths at the very places that the mutants below are about, and a full disk."""
    run = Gauntlet(stand, SEED)
    acknowledged = [run.fill_disk(room) for room in (100, 60_000, 200_000)]
    assert acknowledged[0] == 0 < acknowledged[-1]
    run.run()
    assert run.tally.is_right, (run.tally.wrong, run.tally.words)
    assert run.unstruck == []


def test_each_failpoint_strikes_and_nothing_is_half_done(stand: Ground) -> None:
    """P1, P3, P8, T9, T17: each name once, with one of its actions; with all of them, again and again, in the long run."""
    tally = Strikes(stand, SEED).once()
    assert tally.is_right, (tally.wrong, tally.words)
    assert tally.done == len(ours()) > 20


def test_the_failpoints_of_other_rooms_are_struck_by_their_tests() -> None:
    texts = "".join(
        path.read_text(encoding="utf-8")
        for room in ("relay", "rescue", "station")
        for path in TESTS.glob(f"{room}/*.py")
    )
    theirs = {name for name, side in failpoints().items() if not side}
    assert {name for name in theirs if name not in texts} == set()


@pytest.mark.parametrize("mutant", CAUGHT_BY)
def test_a_planted_fault_is_noticed(
    stand: Ground, tmp_path: Path, mutant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gauntlet that the program passes is not passed by any of these."""
    monkeypatch.setattr(soak, "LONGER_EACH_S", 0.1)  # some never come through, however long one waits
    name, count = CAUGHT_BY[mutant]
    with mutated(stand, mutant, tmp_path) as planted:
        run = Gauntlet(planted, mutant)
        # Others have left changes of the same person by then: these are read first, so that the page is the tablet's own.
        run.run(["nothing", name] if name == "dies in a page" else [name])
    assert run.tally.wrong[count] > 0, (run.tally.wrong, run.tally.words)


def test_all_mutants_are_run_and_fit_the_program() -> None:
    for mutant in MUTANTS:
        check(mutant)
    assert set(CAUGHT_BY) | {"synchronous_normal"} == set(MUTANTS)
    assert len(MUTANTS) >= 12
