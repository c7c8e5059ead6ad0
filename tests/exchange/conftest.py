import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from server.cluster import Cluster
from server.settings import Settings
from tests.conftest import clone
from tests.exchange.office import Office, opened


@pytest.fixture(scope="session")
def samples(shared_data: Path) -> Path:
    return shared_data / "samples"


@pytest.fixture(scope="module")
def office(private_cluster: Cluster, reference_template: str) -> Iterator[Office]:
    """One for all tests that change nothing for others."""
    with tempfile.TemporaryDirectory() as folder, clone(private_cluster, reference_template, "exports") as made:
        yield from opened(replace(made, var_dir=Path(folder)))


@pytest.fixture
def own_office(reference_settings: Settings) -> Iterator[Office]:
    yield from opened(reference_settings)
