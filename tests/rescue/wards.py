"""A tablet with records and photos that never reached the province, for tests that bring them there by hand."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import text

from mobile.sync.enrolment import enrol
from mobile.sync.invitation import Invitation
from mobile.sync.report import SyncReport
from mobile.sync.seal_key import keep_seal_key
from mobile.sync.transport import Transport
from server.accounts.service import issue_code
from server.db import open_session
from server.settings import Settings
from tests import records
from tests.admitting import CLOCK
from tests.mobile.tablets import Tablet, tablet
from tests.mobile.test_photos import jpeg
from tests.serving import Live


@contextmanager
def enrolled(live: Live, home: Path, photos: int = 2) -> Iterator[Tablet]:
    """By the real server; `photos` pictures of their own lie ready for its camera."""
    shots = home / "shots"
    shots.mkdir(parents=True)
    for number in range(photos):
        (shots / f"IMG_{number}.jpg").write_bytes(jpeg("green") + uuid4().bytes)
    with tablet(home / "tablet", shots, live.url, enrolled=False, durable=True) as made:
        made.clock.set(CLOCK.now())
        with open_session(live.settings) as session:
            code = issue_code(session, CLOCK, UUID(records.PERSON))
        _enrol(live, made, code)
        made.app.store.surveys.replace(
            [{"survey_id": records.SURVEY, "title": "测试调查", "kind": "county_baseline", "dataset_id": None}]
        )
        yield made


def _enrol(live: Live, made: Tablet, code: str) -> None:
    """As the app does it, without the list of species, which takes a second and of which nothing here depends."""
    store, report = made.app.store, SyncReport()
    enrol(store, made.device.device_key, Invitation(code), live.url, "一号平板", report)
    transport = Transport(live.url, store.identity.credential())
    keep_seal_key(store, transport.get_json("/v1/sync/session"), made.device.signatures, report)
    transport.close()
    assert report.problems == report.warnings == []


def sightings(made: Tablet, count: int, photos: int = 0) -> list[str]:
    ids = []
    for number in range(count):
        record = made.app.record
        made.stand(112.93, 24.97)
        record.open(fresh=True)
        assert record.choose_name("白鹭")
        assert record.set_count(number + 1)
        if number < photos:
            made.app.photo.take(f"IMG_{number}.jpg")
        assert record.confirm(), record.message
        ids += record.saved_ids
    return ids


@dataclass(frozen=True)
class AtProvince:
    versions: set[tuple[str, str]]
    photos: set[str]


def at_province(settings: Settings) -> AtProvince:
    with open_session(settings) as session:
        versions = session.execute(text("SELECT id::text, digest FROM xiangye.version"))
        photos = session.execute(text("SELECT sha256 FROM xiangye.media_file"))
        return AtProvince({(row[0], row[1]) for row in versions}, {row[0] for row in photos})


def on_tablet(made: Tablet) -> AtProvince:
    rows = made.app.store.database.rows("select record_id, digest from record")
    photos = made.app.store.database.rows("select sha256 from media_file where media_id is not null")
    return AtProvince({(row[0], row[1]) for row in rows}, {row[0] for row in photos})


def states(made: Tablet) -> dict[str, int]:
    rows = made.app.store.database.rows("select state, count(*) from outbox group by 1")
    return {row[0]: row[1] for row in rows}


def copied(folder: Path, to: Path) -> Path:
    """As a running tablet's folder lies on the disk: with what is still in the write-ahead log alone."""
    shutil.copytree(folder, to)
    return to
