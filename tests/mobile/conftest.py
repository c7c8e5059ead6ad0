"""A small station and an enrolled tablet that knows it, for the tests that want no others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mobile.station import Station, station
from tests.mobile.tablets import Tablet, tablet


@pytest.fixture
def server() -> Iterator[Station]:
    with station(epoch="e1") as one:
        yield one


@pytest.fixture
def held(tmp_path: Path, server: Station) -> Iterator[Tablet]:
    with tablet(tmp_path / "data", server_url=server.url) as one:
        yield one
