"""The tablet's signatures against the real server: told at enrolment, or once by an older tablet; a lost key loses no record."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from mobile.device.desktop_key import FileKey
from mobile.device.ports import DeviceFailure
from mobile.sync.transport import Transport
from server.accounts.service import issue_code
from server.db import open_session
from shared.wire.signature import key_id
from tests import records
from tests.admitting import CLOCK
from tests.mobile.tablets import Tablet, tablet
from tests.serving import Live


class NoKey:
    """A device without a keystore for keys, as a computer without the library is."""

    def public_key(self) -> str:
        raise DeviceFailure("没有签名密钥")

    def sign(self, statement: bytes) -> str:
        raise DeviceFailure("没有签名密钥")


def code_for(live: Live) -> str:
    with open_session(live.settings) as session:
        return issue_code(session, CLOCK, UUID(records.PERSON))


def batches(live: Live) -> list[tuple[str | None, int]]:
    """Key and number of records of each batch that came, in order."""
    with open_session(live.settings) as session:
        rows = session.execute(text("SELECT key_id, record_count FROM xiangye.batch ORDER BY received_at, id"))
        return [(row.key_id, row.record_count) for row in rows]


def sighting(held: Tablet) -> None:
    held.app.store.surveys.replace(
        [{"survey_id": records.SURVEY, "title": "测试调查", "kind": "county_baseline", "dataset_id": None}]
    )
    held.sighting()


def test_a_tablet_signs_from_enrolment_on_and_a_lost_key_is_named_and_loses_nothing(live: Live, tmp_path: Path) -> None:
    """P1, T7: the key lies beside the store; when it is gone, records wait until the same person enrols again."""
    with tablet(tmp_path, server_url=live.url, enrolled=False) as held:
        held.clock.set(CLOCK.now())
        sync = held.app.sync
        assert sync.enrol(code_for(live), "平板"), sync.message
        first = key_id(held.device.device_key.public_key())
        sighting(held)
        assert sync.sync(), sync.message
        assert batches(live) == [(first, 1)]

        (tmp_path / "device_key.pem").unlink()  # the keystore was wiped
        held.device = replace(held.device, device_key=FileKey(tmp_path / "device_key.pem"))
        sync = held.restart().sync
        sighting(held)
        assert sync.sync() is False
        for words in ("签名密钥", "新的登记码", "记录都还在平板上"):
            assert words in sync.message, sync.message
        assert not sync.refused, "its credential is still good: it is not told to be revoked"
        assert held.app.store.outbox.waiting_count() == 1 and batches(live) == [(first, 1)]

        assert sync.enrol(code_for(live), "平板"), sync.message
        second = key_id(held.device.device_key.public_key())
        assert sync.sync(), sync.message
        assert held.app.store.outbox.waiting_count() == 0 and batches(live) == [(first, 1), (second, 1)]


def test_an_older_tablet_tells_its_key_once_and_one_without_is_taken_until_then(live: Live, tmp_path: Path) -> None:
    with tablet(tmp_path, server_url=live.url, enrolled=False) as held:
        held.clock.set(CLOCK.now())
        key = held.device.device_key
        held.device = replace(held.device, device_key=NoKey())
        sync = held.restart().sync
        assert sync.enrol(code_for(live), "平板"), sync.message
        assert sync.report is not None and "不带签名" in "".join(sync.report.warnings)
        sighting(held)
        assert sync.sync(), sync.message
        held.device = replace(held.device, device_key=key)
        sync = held.restart().sync
        sighting(held)
        assert sync.sync(), sync.message
        assert batches(live) == [(None, 1), (key_id(key.public_key()), 1)]
        held.device = replace(held.device, device_key=NoKey())
        sync = held.restart().sync
        sighting(held)
        assert sync.sync() is False and "没有签名密钥" in sync.message and "新的登记码" in sync.message
        assert held.app.store.outbox.waiting_count() == 1


def test_a_batch_altered_on_its_way_is_told_in_words_and_sent_again(live: Live, tmp_path: Path) -> None:
    """T7: refused, not read as a credential that was taken back; the next try brings the same record."""

    class Meddling(Transport):
        spoil = 1

        def _send(self, method: str, path: str, **options):  # type: ignore[no-untyped-def]
            if path == "/v1/sync/batches" and Meddling.spoil:
                Meddling.spoil -= 1
                name = options["headers"]["Xiangye-Signature"]
                options["headers"]["Xiangye-Signature"] = name[:-6] + ("A" if name[-6] != "A" else "B") + name[-5:]
            return super()._send(method, path, **options)

    import mobile.sync.session as session_module

    with tablet(tmp_path, server_url=live.url, enrolled=False) as held:
        held.clock.set(CLOCK.now())
        sync = held.app.sync
        assert sync.enrol(code_for(live), "平板"), sync.message
        sighting(held)
        session_module.Transport = Meddling  # type: ignore[misc]
        try:
            held.app.session.run(by_hand=False)
            reasons = held.app.store.outbox.reasons()
            assert [count for _, count in reasons] == [1] and "签名与批次不符" in reasons[0][0]
            assert not held.app.store.identity.setting("credential_refused")
            Meddling.spoil = 1
            assert sync.sync(), "tried again in the same meeting"
        finally:
            session_module.Transport = Transport  # type: ignore[misc]
        assert held.app.store.outbox.waiting_count() == 0
