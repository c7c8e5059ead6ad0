"""The whole way of a day: a tablet, a station, the province."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mobile.sync.report import SyncReport
from mobile.sync.station import StationVisit
from tests.mobile.tablets import Tablet
from tests.relay.stations import Station
from tests.rescue.wards import enrolled
from tests.serving import Live


@dataclass
class Way:
    """A tablet that knows the province, and a station that has joined it and lost its line since."""

    live: Live
    tablet: Tablet
    station: Station

    def visit(self) -> SyncReport:
        return StationVisit(self.tablet.app.store, self.tablet.device).run(self.station.url)

    def visit_until_taken(self) -> SyncReport:
        """After a blow another worker has to come up first."""
        report = self.visit()
        for _ in range(60):
            if not report.problems:
                break
            time.sleep(0.2)
            report = self.visit()
        return report

    def pass_on(self) -> None:
        assert self.station.pass_on().problems == []

    def waiting(self) -> int:
        mine = self.tablet.app.store.identity.device_id()
        return sum(one["records"] + one["photos"] for one in self.station.spool.backlog() if one["device_id"] == mine)


@pytest.fixture
def way(province: Live, station: Station, tmp_path: Path) -> Iterator[Way]:
    with enrolled(province, tmp_path) as made:
        station.pass_on()  # the list of tablets is fetched anew
        yield Way(province, made, station)
