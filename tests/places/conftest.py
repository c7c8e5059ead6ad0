"""Places are read here far more often than written: the whole room shares one clone, and every test rolls back."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from server import cluster, db
from server.settings import Settings
from tests.conftest import clone


@pytest.fixture(scope="session")
def shared_clone(private_cluster: cluster.Cluster, reference_template: str) -> Iterator[Settings]:
    with clone(private_cluster, reference_template, "places_shared") as made:
        yield made


@pytest.fixture
def shared_settings(shared_clone: Settings) -> Iterator[Settings]:
    """Leaves no connection open, since the engines of other tests push this one out of the cache of engines."""
    yield shared_clone
    db.engine_for(shared_clone).dispose()


@pytest.fixture
def reference(shared_settings: Settings) -> Iterator[Session]:
    with db.session_factory(shared_settings)() as opened:
        yield opened
