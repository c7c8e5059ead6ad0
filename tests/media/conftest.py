"""One server for many uploads: each brings bytes of its own."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from server.cluster import Cluster
from tests.conftest import clone
from tests.media.uploading import Uploader
from tests.serving import Live, serving


@pytest.fixture(scope="session")
def served(
    private_cluster: Cluster, reference_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    folder: Path = tmp_path_factory.mktemp("store")
    name = f"u_{os.urandom(6).hex()}"
    with clone(private_cluster, reference_template, name) as made, serving(replace(made, var_dir=folder)) as live:
        yield live


@pytest.fixture(scope="session")
def uploader(served: Live) -> Uploader:
    return Uploader(served)


@pytest.fixture
def data() -> bytes:
    """No photo, as these tests are about bytes; 50,000 of them, never the same."""
    return b"no photo" + os.urandom(49_992)
