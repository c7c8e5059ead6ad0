"""P11: whoever has no right to exact places, and asks what they like, places no guarded record nearer than half a cell."""

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from server.app import create_app
from server.settings import Settings
from server.web.database import database
from tests.admitting import CLOCK
from tests.attack import planting
from tests.attack.attacking import Attack, Outcome
from tests.attack.leaks import LEAKS
from tests.attack.planting import Ground
from tests.conftest import clone

pytestmark = pytest.mark.xdist_group("attack")
USUAL = int(os.environ.get("XIANGYE_REQUESTS", "500"))
"""`make attack` asks the 5,000 of the promise, and plants all six leaks."""


@pytest.fixture(scope="module")
def ground(private_cluster: Any, reference_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with clone(private_cluster, reference_template, f"a_{uuid4().hex[:12]}") as made:
        yield planting.make(replace(made, var_dir=tmp_path_factory.mktemp("attack")))


@pytest.fixture(scope="module")
def app(ground: Ground) -> Iterator[Flask]:
    made = create_app(ground.settings, CLOCK)
    yield made
    with made.app_context():
        database.engine.dispose()


def _holds(outcome: Outcome) -> bool:
    return not outcome.placed and not outcome.unseen


def test_the_ground_is_as_it_says(ground: Ground) -> None:
    assert len(ground.targets) == 200
    assert {target.level for target in ground.targets} == {1, 2, 3, 4}
    assert sum(target.straddles for target in ground.targets) > 30


def test_no_planted_place_is_found(app: Flask, ground: Ground) -> None:
    """P11: every strategy, every role."""
    outcome = Attack(app, ground, USUAL).run()
    print(outcome.words())
    assert _holds(outcome), outcome.words()
    assert outcome.requests == USUAL and not any(status >= 500 for status in outcome.by_status), outcome.words()


@pytest.mark.parametrize("leak", list(LEAKS) if "XIANGYE_REQUESTS" in os.environ else ["box", "disclosed"])
def test_the_same_attack_finds_a_planted_leak(
    app: Flask, ground: Ground, monkeypatch: pytest.MonkeyPatch, leak: str
) -> None:
    """P11: the control: with one leak planted the same attack within the same budget makes the same assertion false."""
    settings: Settings = ground.settings
    planted, by = LEAKS[leak]
    with planted(settings, monkeypatch):
        outcome = Attack(app, ground, USUAL).run(stop_when_placed=True)
    print(leak, outcome.words())
    assert outcome.placed and by in outcome.found_by, outcome.words()
