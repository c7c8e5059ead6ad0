"""A day's records and photos over the two bad lines of the field: what the tablet needs beside what the bytes alone would take."""

import gzip
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from uuid import UUID

from flask import Flask
from PIL import Image

from mobile.device.desktop import desktop_device
from mobile.device.desktop_location import ScriptedLocation
from mobile.device.ports import Fix
from mobile.wiring import Field, build
from server import db
from server.accounts.service import issue_code
from server.app import create_app
from server.settings import Settings
from server.web.database import database
from shared.coordinates import to_e7
from shared.notices import TRACK
from tests import records
from tests.admitting import set_up
from tests.benchmarks.measure import Goal, Result, figure
from tests.benchmarks.modelled_link import VERY_BAD, WEAK, Line, Link, LinkClock
from tests.own_database import reference_database

RECORDS, PHOTOS, PHOTO_BYTES = 1_000, 10, 3_000_000
SEEDS_OF_RECORDS, SEEDS_OF_PHOTOS = 10, 3
PATIENCE_S = 5
"""A person whose sync ended in trouble looks at the screen and taps again."""
GIVEN_UP_S = 36_000
PERFECT = Line(0.0, 1e12, 1e12)
DAY = datetime(2025, 5, 20, 0, 0, tzinfo=UTC)


def cases() -> Iterator[Result]:
    with reference_database() as settings, tempfile.TemporaryDirectory() as folder:
        with db.open_session(settings) as session:
            set_up(session)
        bench = _Bench(settings, Path(folder))
        for name, line, limit in (("weak", WEAK, 2.0), ("very bad", VERY_BAD, 3.5)):
            yield bench.records(name, line, limit)
        for name, line, limit in (("weak", WEAK, 1.2), ("very bad", VERY_BAD, 2.0)):
            yield bench.photos(name, line, limit)


class _Bench:
    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings, self._folder, self._count = settings, folder, 0

    def records(self, name: str, line: Line, limit: float) -> Result:
        ratios, seconds = [], []
        for seed in range(SEEDS_OF_RECORDS):
            with self._tablet(line, seed) as (app, link, clock):
                saved = _save_records(app, seed)
                bytes_alone = len(gzip.compress(saved))
                seconds.append(_spent(app, link, clock))
                ratios.append(seconds[-1] / (bytes_alone / line.bytes_per_s))
        note = (
            f"{min(seconds):.0f}–{max(seconds):.0f} s, {bytes_alone / line.bytes_per_s:.0f} s for the bytes alone "
            f"({len(saved) / 1e6:.2f} MB, packed {bytes_alone / 1e6:.2f}), {len(ratios)} seeds"
        )
        return figure(f"{RECORDS:,} records over the {name} line / bytes alone", ratios, "×", Goal(at_most=limit), note)

    def photos(self, name: str, line: Line, limit: float) -> Result:
        ratios, seconds = [], []
        for seed in range(SEEDS_OF_PHOTOS):
            with self._tablet(line, 100 + seed) as (app, link, clock):
                total = _save_photos(app, self._folder, self._count)
                seconds.append(_spent(app, link, clock))
                ratios.append(seconds[-1] / (total / line.bytes_per_s))
        note = f"{min(seconds):,.0f}–{max(seconds):,.0f} s, {total / line.bytes_per_s:,.0f} s for the bytes alone, {len(ratios)} seeds"
        return figure(
            f"{PHOTOS} photos of 3 MB over the {name} line / bytes alone", ratios, "×", Goal(at_most=limit), note
        )

    @contextmanager
    def _tablet(self, line: Line, seed: int) -> Iterator[tuple[Field, Link, LinkClock]]:
        """A tablet that was enrolled and has met the server, over a line without faults, before it went out."""
        self._count += 1
        clock = LinkClock(DAY)
        with db.open_session(self._settings) as session:
            code = issue_code(session, clock, UUID(records.PERSON))
        server = create_app(self._settings, clock)
        device = desktop_device(
            self._folder / str(self._count), photos=self._folder, clock=clock, location=ScriptedLocation()
        )
        app = build(self._folder / str(self._count), device, "http://127.0.0.1:8000")
        app.store.database.connection().execute("pragma synchronous = off")
        app.session._sleep = clock.sleep
        try:
            with Link(server, PERFECT, clock, seed).between():
                assert app.sync.enrol(code, "平板"), app.sync.message
                app.session.run()
            app.recorder.notices.accept(TRACK, "duty")
            app.notice.open()
            with Link(server, line, clock, seed).between() as link:
                yield app, link, clock
        finally:
            app.close()
            _dispose(server)


def _save_records(app: Field, seed: int) -> bytes:
    """As large as those that the limits were measured with: about 1.05 MB, 0.29 MB packed."""
    dice, names = random.Random(seed), ("白鹭", "池鹭", "夜鹭", "牛背鹭", "苍鹭", "麻雀", "白头鹎", "家燕")
    location = app.device.location
    assert isinstance(location, ScriptedLocation)
    for _ in range(RECORDS):
        app.record.open(fresh=True)
        place = to_e7(24.9 + dice.random()), to_e7(112.9 + dice.random())
        location.put(Fix(*place, dice.randint(3, 12), app.device.clock.now()))
        app.tick()
        assert app.record.choose_name(dice.choice(names))
        assert app.record.set_count(dice.randint(1, 30))
        assert app.record.set_remarks("".join(chr(dice.randint(0x4E00, 0x5FFF)) for _ in range(dice.randint(80, 170))))
        assert app.record.confirm(), app.record.message
    return b"".join(row[0] for row in app.store.database.rows("select canonical from record"))


def _save_photos(app: Field, folder: Path, seed: int) -> int:
    total = 0
    for number in range(PHOTOS):
        app.record.open(fresh=True)
        assert app.record.choose_name("白鹭")
        photo = _photo(1000 * seed + number)
        total += len(photo)
        name = f"{app.device.clock.monotonic_ms()}-{number}.jpg"
        (folder / name).write_bytes(photo)
        assert app.record.take_photo(name), app.record.message
        assert app.record.confirm(), app.record.message
    return total


def _photo(seed: int) -> bytes:
    """A picture whose JPEG is about 3 MB: shapes under grain, as a camera's is."""
    dice = random.Random(seed)
    grain = Image.frombytes("L", (1100, 825), dice.randbytes(1100 * 825)).resize((4000, 3000), Image.Resampling.BICUBIC)
    shade = Image.linear_gradient("L").resize((4000, 3000))
    out = BytesIO()
    Image.merge("RGB", [Image.blend(shade, grain, share) for share in (0.3, 0.25, 0.2)]).save(out, "JPEG", quality=90)
    return out.getvalue()


def _spent(app: Field, link: Link, clock: LinkClock) -> float:
    """Seconds of the line until the province's receipt for the last of it is on the tablet."""
    began, over = clock.spent_s, [0.0]

    def note(_: str) -> None:
        if not over[0] and not _waiting(app):
            over[0] = clock.spent_s

    while _waiting(app):
        report = app.session.run(tell=note)
        note("")
        assert clock.spent_s - began < GIVEN_UP_S, (link.drops, report.problems)
        if _waiting(app):
            clock.sleep(PATIENCE_S)
    return over[0] - began


def _waiting(app: Field) -> int:
    return app.store.outbox.waiting_count() + app.store.media.waiting_count()


def _dispose(server: Flask) -> None:
    with server.app_context():
        database.engine.dispose()
