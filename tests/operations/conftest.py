"""Clusters of our own beside the one of the test run: these may be stopped, killed and torn down."""

import contextlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.cluster import Cluster, destroy, ensure_running
from server.settings import Settings
from tests.commands import here
from tests.conftest import clone

__all__ = ["here"]


@contextlib.contextmanager
def ground() -> Iterator[Path]:
    """A folder that the cluster's user can reach, which pytest's own are not where root runs the tests."""
    home = Path(tempfile.mkdtemp(prefix="xiangye-test-"))
    if os.geteuid() == 0:
        home.chmod(0o755)
    try:
        yield home
    finally:
        shutil.rmtree(home)


@pytest.fixture
def folder() -> Iterator[Path]:
    with ground() as made:
        yield made


@pytest.fixture(scope="session")
def migrated(private_cluster: Cluster, template: str) -> Iterator[Settings]:
    """One migrated, empty database for all tests that leave it as it was."""
    with clone(private_cluster, template, f"o_{uuid.uuid4().hex[:12]}") as made:
        yield made


@pytest.fixture(scope="module")
def own() -> Iterator[Cluster]:
    """Running, without a database; shared by the tests of a module, each of which starts it again where it stopped it."""
    with ground() as home:
        made = Cluster(home / "cluster", fsync=False)
        ensure_running(made)
        yield made
        destroy(made)
