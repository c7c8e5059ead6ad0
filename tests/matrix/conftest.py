"""One world for all cells of this folder, which each undo what they do."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from server import db
from server.app import create_app
from server.settings import Settings
from tests.admitting import CLOCK
from tests.conftest import clone
from tests.matrix.asking import Asking, asking
from tests.matrix.world import World, make

GROUP = pytest.mark.xdist_group("matrix")  # one world, on one worker


@pytest.fixture(scope="package")
def served(
    private_cluster: Any, reference_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    with clone(private_cluster, reference_template, f"m_{uuid4().hex[:12]}") as made:
        yield replace(made, var_dir=tmp_path_factory.mktemp("matrix"))


@pytest.fixture(scope="package")
def world(served: Settings) -> World:
    with db.open_session(served) as session:
        return make(session, served)


@pytest.fixture(scope="package")
def ask(served: Settings, world: World) -> Iterator[Asking]:
    with asking(create_app(served, CLOCK)) as asked:
        yield asked
