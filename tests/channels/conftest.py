"""One planted county for all channels that only look."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from server import cluster, db
from tests.channels.planted import World, plant
from tests.conftest import clone
from tests.scopes.ground import Caller
from tests.serving import Live, serving

GROUP = pytest.mark.xdist_group("channels")  # one world, on one worker


@pytest.fixture(scope="package")
def planted(
    private_cluster: cluster.Cluster, reference_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Live, World]]:
    """A server over real HTTP, and what was planted behind it; for tests that write nothing."""
    var: Path = tmp_path_factory.mktemp("planted")
    with clone(private_cluster, reference_template, f"p_{uuid.uuid4().hex[:12]}") as made:
        settings = replace(made, var_dir=var)
        with serving(settings) as live:
            with db.open_session(settings) as session:
                world = plant(session)
            yield live, world


@pytest.fixture(scope="package")
def live_world(planted: tuple[Live, World]) -> Live:
    return planted[0]


@pytest.fixture(scope="package")
def world(planted: tuple[Live, World]) -> World:
    return planted[1]


@pytest.fixture
def rows(live_world: Live) -> Iterator[Session]:
    """What the web process's own role can read, behind every check of the program."""
    with db.session_factory(live_world.settings)() as session:
        yield session


@pytest.fixture(scope="package")
def callers(planted: tuple[Live, World]) -> dict[str, Caller]:
    """Somebody of the county, and somebody of the whole province; neither may read an exact place."""
    from tests.scopes.ground import caller

    live = planted[0]
    return {
        "county": caller(live, "reviewer"),
        "province": caller(live, "scientist", "province", "43"),
        "field": caller(live, "surveyor"),
    }
