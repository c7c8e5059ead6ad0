"""One province and one station for all tests of this room: they bring different tablets to it."""

from collections.abc import Iterator

import pytest

from tests.relay.stations import Station
from tests.relay.ways import way
from tests.rescue.conftest import province
from tests.serving import Live

__all__ = ["province", "way"]


@pytest.fixture(scope="package")
def station(province: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """Joined, and served as a process; its workers fall where a test writes a failpoint into its file."""
    made = Station(tmp_path_factory.mktemp("station") / "home", "都庞岭监测站")
    made.join(province)
    made.start()
    yield made
    made.kill()
