"""One province for all tests of this room: they bring different tablets to it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from server.cluster import Cluster
from server.sensitivity.sealing import add_key
from tests.conftest import clone
from tests.serving import Live, serving


@pytest.fixture(scope="package")
def province(private_cluster: Cluster, reference_template: str) -> Iterator[Live]:
    """Over real HTTP, with a seal key."""
    with clone(private_cluster, reference_template, f"rescue_{uuid4().hex[:8]}") as settings:
        add_key(settings, datetime.now(UTC), first=True)
        with serving(settings) as live:
            yield live


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    made = tmp_path / "stick"
    made.mkdir()
    return made
