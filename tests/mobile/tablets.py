"""Tablets for tests: a field app in a temporary folder, with a clock and positions that the test sets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from mobile.device.desktop import desktop_device
from mobile.device.desktop_clock import ScriptedClock
from mobile.device.desktop_location import ScriptedLocation
from mobile.device.ports import Device, Fix
from mobile.wiring import Field, build
from shared.clock import CHINA
from shared.coordinates import to_e7
from shared.notices import TRACK
from tests.mobile.station import PERSON, SURVEY

DAWN = datetime(2025, 5, 20, 7, 30, tzinfo=CHINA)


@dataclass
class FixedStorage:
    free: int = 10_000_000_000

    def free_bytes(self) -> int:
        return self.free


@dataclass
class Tablet:
    app: Field
    clock: ScriptedClock
    location: ScriptedLocation
    storage: FixedStorage
    device: Device
    durable: bool = True

    def stand(self, lon: float, lat: float, accuracy_m: float | None = 5) -> None:
        self.location.put(Fix(to_e7(lat), to_e7(lon), accuracy_m, self.clock.now()))
        self.app.tick()

    def wait(self, seconds: float) -> None:
        self.clock.set(self.clock.now() + timedelta(seconds=seconds))

    def sighting(self, name: str = "白鹭", count: int = 1) -> str:
        record = self.app.record
        record.open(fresh=True)
        assert record.choose_name(name)
        assert record.set_count(count)
        assert record.confirm(), record.message
        return record.saved_ids[0]

    def restart(self) -> Field:
        """The same folder, opened by a new process of the app."""
        self.app.close()
        return self.open()

    def open(self) -> Field:
        """Again, after `app.close()`."""
        self.app = build(self.app.store.database.path.parent, self.device)
        self.settle()
        return self.app

    def settle(self) -> None:
        if not self.durable:
            self.app.store.database.connection().execute("pragma synchronous = off")
        self.app.session._sleep = lambda _: None  # the tests need no patience between tries


@contextmanager
def tablet(
    folder: Path,
    photos: Path | None = None,
    server_url: str = "",
    enrolled: bool = True,
    durable: bool = False,
    noticed: bool = True,
) -> Iterator[Tablet]:
    """`noticed`: the notice of tracks was accepted. `durable` waits for the disk as the app does; most tests end no power supply and need not."""
    clock, location, storage = ScriptedClock(), ScriptedLocation(), FixedStorage()
    clock.set(DAWN)
    device = replace(desktop_device(folder, photos=photos, clock=clock, location=location), storage=storage)
    app = build(folder, device, server_url)
    held = Tablet(app, clock, location, storage, device, durable)
    held.settle()
    if enrolled:
        app.store.identity.device_id()
        app.store.identity.enrol(
            "secret", person_id=PERSON, person_name="测试员", holder="hunan", server_epoch="e1", device_name="平板"
        )
        if noticed:
            app.recorder.notices.accept(TRACK, "duty")
            app.notice.open()
        app.store.surveys.replace(
            [{"survey_id": SURVEY, "title": "测试调查", "kind": "county_baseline", "dataset_id": None}]
        )
    try:
        yield held
    finally:
        held.app.close()
