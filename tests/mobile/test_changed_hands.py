"""P1, P3: what one person recorded is sent under nobody else's credential, also when the province forgot it after they were gone."""

from pathlib import Path
from uuid import UUID, uuid4

from mobile.sync.enrolment import enrol
from mobile.sync.invitation import Invitation
from mobile.sync.report import SyncReport
from server.accounts.model import Person
from server.accounts.service import issue_code
from server.db import open_session
from tests import records
from tests.admitting import CLOCK
from tests.mobile.tablets import Tablet, tablet
from tests.mobile.test_photos import jpeg
from tests.serving import Live

SURVEY = {"survey_id": records.SURVEY, "title": "测试调查", "kind": "county_baseline", "dataset_id": None}


def _enrol(held: Tablet, live: Live, person_id: UUID) -> str:
    """As the app does it, without the list of species. Returns the device id."""
    with open_session(live.settings) as session:
        code = issue_code(session, CLOCK, person_id)
    report = SyncReport()
    enrol(held.app.store, held.device.device_key, Invitation(code), live.url, "平板", report)
    assert report.problems == report.warnings == []
    return held.app.store.identity.device_id()


def test_records_and_photos_wait_for_their_own_person(live: Live, tmp_path: Path) -> None:
    with open_session(live.settings) as session:
        other = Person(id=uuid4(), name="李四", created_at=CLOCK.now())
        session.add(other)
        session.commit()
        owner, guest = UUID(records.PERSON), other.id
    (tmp_path / "shots").mkdir()
    (tmp_path / "shots" / "IMG_0.jpg").write_bytes(jpeg())
    with tablet(tmp_path / "data", tmp_path / "shots", live.url, enrolled=False) as held:
        held.clock.set(CLOCK.now())
        store, sync = held.app.store, held.app.sync
        device = _enrol(held, live, owner)
        name = store.identity.current().person_name
        store.surveys.replace([SURVEY])
        record = held.app.record
        record.open(fresh=True)
        assert (
            record.choose_name("白鹭") and record.set_count(1) and record.take_photo("IMG_0.jpg") and record.confirm()
        )
        assert sync.sync() is True and sync.at_server == 2 and sync.photos_at_server == 1

        assert _enrol(held, live, guest) != device, "a tablet of their own"
        store.identity.keep(server_epoch="before the server was restored")
        for _ in range(2):
            assert sync.sync() is False
            assert (sync.standing.quarantined, sync.waiting_records, sync.waiting_photos) == (0, 2, 1)
            words = f"另一位使用者（{name}）的记录和照片：等其本人在这台平板上重新登记后发送"
            assert any(line.startswith(f"2 条：{words}") for line in sync.lines), sync.lines
            assert any(line.startswith(f"1 张照片：{words}") for line in sync.lines), sync.lines
        assert not sync.problems

        assert _enrol(held, live, owner) != device, "the guest's id is known as theirs"
        assert sync.sync() is True and sync.report is not None
        assert sync.report.receipts == {"accepted": 0, "already_have": 2, "conflict": 0, "quarantined": 0}
        assert (sync.at_server, sync.photos_at_server, sync.waiting_photos) == (2, 1, 0)

        store.identity.keep(server_epoch="before it was restored once more")
        _enrol(held, live, guest)
        assert store.outbox.waiting_count() == 2, (
            "an epoch that is met at an enrolment by somebody else is not passed over"
        )
