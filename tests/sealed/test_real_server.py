"""Tablet and province over real HTTP: the key that is told, records and photos that arrive sealed, and a key that is turned over."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy import text
from sqlalchemy.orm import Session

from mobile.photos.splice import splice_exif
from mobile.sync.report import SyncReport
from mobile.sync.seal_key import NOT_OURS, keep_seal_key
from server.accounts.service import issue_code
from server.accounts.viewer import LOCAL_OPERATOR
from server.auditing import verify_evidence
from server.db import EVERYTHING, engine_for, look_through, open_session
from server.media.store import open_store
from server.media.unsealing import Desk
from server.packs.signing import pack_key
from server.privacy.erasing import erase
from server.sensitivity.precise import as_precise
from server.sensitivity.sealing import add_key, seal_keys, write_keys
from server.settings import Settings
from server.sync.seal_key import told_seal_key
from shared.wire.sealed_photo import MAGIC, is_sealed_photo
from tests import records
from tests.admitting import CLOCK
from tests.mobile.tablets import Tablet, tablet
from tests.serving import Live

NAME = "欧阳湘野"
PLACE = (249_512_345, 1_129_287_654)


@pytest.fixture
def enrolled(live: Live, tmp_path: Path) -> Iterator[Tablet]:
    add_key(live.settings, datetime(2026, 1, 1, tzinfo=UTC), first=True)
    photos = tmp_path / "photos"
    photos.mkdir()
    for name, colour in (("1.jpg", "green"), ("2.jpg", "brown")):
        picture = io.BytesIO()
        Image.new("RGB", (64, 48), colour).save(picture, "JPEG", comment=NAME.encode() if colour == "brown" else b"")
        (photos / name).write_bytes(splice_exif(picture.getvalue(), *PLACE, CLOCK.now()))
    with open_session(live.settings) as session:
        code = issue_code(session, CLOCK, UUID(records.PERSON))
    with tablet(tmp_path / "tablet", photos=photos, server_url=live.url, enrolled=False) as held:
        held.clock.set(CLOCK.now())
        assert held.app.sync.enrol(code, "平板") is True, held.app.sync.message
        held.app.store.surveys.choose(records.SURVEY)
        yield held


def pangolin(held: Tablet, photo: str) -> tuple[str, str]:
    """(record, digest of its plain photo)"""
    held.stand(PLACE[1] / 1e7, PLACE[0] / 1e7)
    form = held.app.record
    form.open(fresh=True)
    assert form.choose_name("穿山甲") and form.take_photo(photo)
    assert form.set_remarks(f"与{NAME}同见" if photo == "2.jpg" else "")
    sha256 = form.photos[0].sha256
    assert form.confirm() and form.message == "已保存（已密封：位置仅省级可读）", form.message
    return form.saved_ids[0], sha256


def rows(settings: Settings, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    with open_session(settings) as session, as_precise(session):
        return [tuple(row) for row in session.execute(text(statement), values)]


def sync(held: Tablet) -> SyncReport:
    assert held.app.sync.sync() is True, held.app.sync.message
    assert held.app.sync.report is not None
    return held.app.sync.report


def test_records_and_photos_arrive_sealed_and_stand_opened_where_exact_places_live(
    live: Live, enrolled: Tablet
) -> None:
    """T1, P1: what the wire and the raw batch hold is sealed; a turned key opens the new and the old."""
    settings, store = live.settings, open_store(live.settings)
    record_id, plain = pangolin(enrolled, "1.jpg")
    report = sync(enrolled)
    assert (report.receipts["accepted"], report.photos) == (2, 1)
    (found,) = rows(settings, "SELECT latitude_e7, longitude_e7 FROM precise.place WHERE id = :id", id=UUID(record_id))
    assert found == PLACE
    (batch,) = rows(settings, "SELECT body FROM precise.raw_batch")
    assert b'"sealed"' in bytes(batch[0]) and b"249512345" not in bytes(batch[0])
    assert is_sealed_photo(store.original(sealed_of(settings, plain))) and store.original(plain).startswith(b"\xff\xd8")
    assert rows(settings, "SELECT rendition_sha256 IS NOT NULL FROM xiangye.media_file WHERE sha256 = :s", s=plain) == [
        (True,)
    ]
    assert rows(
        settings, "SELECT latitude_e7, longitude_e7 FROM precise.media_position WHERE sha256 = :s", s=plain
    ) == [PLACE]

    first = seal_keys(settings).keys
    add_key(settings, datetime(2027, 1, 1, tzinfo=UTC), first=False)
    before, named = pangolin(enrolled, "2.jpg")
    sync(enrolled)
    assert enrolled.app.store.identity.setting("seal_key") == seal_keys(settings).keys[0].public != first[0].public
    after = enrolled.sighting("穿山甲")
    sync(enrolled)
    used = dict(rows(settings, "SELECT id::text, key_id FROM precise.sealed_version"))
    assert used[before] == first[0].key_id != used[after] == seal_keys(settings).keys[0].key_id

    # The newest key is lost for a while: what is sealed to it waits, photos too, and is opened when it is back.
    whole = seal_keys(settings).keys
    write_keys(settings.seal_key_file, whole[1:], first=False)
    pangolin(enrolled, "1.jpg")
    assert enrolled.app.sync.sync() is False and "没有打开这条密封记录的密钥" in enrolled.app.sync.message
    write_keys(settings.seal_key_file, whole, first=False)
    with open_session(settings) as session:
        assert Desk(session, CLOCK, store).open_waiting("test") == 1
        assert Desk(session, CLOCK, store).open_waiting("test") == 0
    with open_session(settings) as session:
        look_through(session, EVERYTHING)
        evidence = verify_evidence(session, settings)
        assert evidence.records == (), "photos, sealed versions and their opened bodies are what the log tells"
    _erased(settings, named)


def _erased(settings: Settings, named: str) -> None:
    """What was sealed tells the old words to whoever has the key: it goes where they go, and the log still holds."""
    store, sealed = open_store(settings), sealed_of(settings, named)
    with open_session(settings) as session:
        done = erase(session, LOCAL_OPERATOR, CLOCK, settings, UUID(records.PERSON), [NAME])
    assert (done.versions, done.photos) == (1, 2)
    assert NAME.encode() not in store.original(named) and store.original(sealed) == MAGIC
    counts = "SELECT count(*), count(sealed) FROM precise.sealed_version"
    assert rows(settings, counts) == [(5, 4)], "those of the lost key are in quarantine"
    (gone,) = rows(
        settings,
        "SELECT count(*) FROM xiangye.batch b LEFT JOIN precise.raw_batch r ON r.batch_id = b.id WHERE r IS NULL",
    )
    assert gone == (1,), "the batch that brought the words sealed"
    with open_session(settings) as session:
        look_through(session, EVERYTHING)
        assert verify_evidence(session, settings).records == ()
        again = erase(session, LOCAL_OPERATOR, CLOCK, settings, UUID(records.PERSON), [NAME])
    assert (again.versions, again.photos) == (0, 0)
    _forged(settings)


def _forged(settings: Settings) -> None:
    """T20: the administrator of the database writes another body and its digest, all alike; what was sealed says otherwise."""
    with Session(engine_for(settings, "owner")) as session:
        for table in ("version_body", "sealed_version"):
            session.execute(text(f"ALTER TABLE precise.{table} DISABLE TRIGGER USER"))
        forged = "replace(convert_from(b.body, 'UTF8'), '249512345', '249512346')"
        (id_,) = session.execute(
            text(f"""
            UPDATE precise.version_body b SET body = convert_to({forged}, 'UTF8') FROM precise.sealed_version s
            WHERE (s.id, s.digest) = (b.id, b.digest) AND s.sealed IS NOT NULL AND b.body::text LIKE '%323439353132333435%'
            AND b.id = (SELECT min(id::text)::uuid FROM precise.sealed_version WHERE sealed IS NOT NULL) RETURNING b.id
            """)
        ).one()
        session.execute(
            text("""
            UPDATE precise.sealed_version s SET opened_sha256 = encode(sha256(b.body), 'hex') FROM precise.version_body b
            WHERE (s.id, s.digest) = (b.id, b.digest) AND s.id = :id
            """),
            {"id": id_},
        )
        session.commit()
    with open_session(settings) as session:
        look_through(session, EVERYTHING)
        assert [(one.kind, one.subject) for one in verify_evidence(session, settings).records] == [("body", str(id_))]


def sealed_of(settings: Settings, plain: str) -> str:
    """As the record of the photo says."""
    (found,) = rows(
        settings,
        "SELECT convert_from(body, 'UTF8')::json -> 'body' ->> 'sealed_sha256' FROM precise.version_body "
        "WHERE convert_from(body, 'UTF8')::json -> 'body' ->> 'sha256' = :plain",
        plain=plain,
    )
    return str(found[0])


def test_only_a_key_under_the_pinned_signature_is_taken_and_never_an_older_one(live: Live, enrolled: Tablet) -> None:
    """T12: a false server could read everything that is sealed to its own key."""
    store, signatures, report = enrolled.app.store, enrolled.device.signatures, SyncReport()
    ours, at = store.identity.setting("seal_key"), int(store.identity.setting("seal_key_number") or 0)
    assert ours == seal_keys(live.settings).keys[0].public and at > 0
    false = replace(live.settings, var_dir=live.settings.var_dir / "false")
    false.var_dir.mkdir()
    theirs = add_key(false, datetime(2030, 1, 1, tzinfo=UTC), first=True)
    told = told_seal_key(false)["seal_key"]
    good = told_seal_key(live.settings)["seal_key"]
    spoilt: list[Any] = [
        told,
        {**good, "public_key": theirs.public, "number": at + 1},
        {**told, "signature": "?"},
    ]
    for one in spoilt:
        report.warnings.clear()
        keep_seal_key(store, {"seal_key": one}, signatures, report)
        assert store.identity.setting("seal_key") == ours and report.warnings == [NOT_OURS]
    older = add_key(false, datetime(2020, 1, 1, tzinfo=UTC), first=False)
    nonsense: list[Any] = [
        None,
        [],
        {},
        {**good, "number": True},
        {**good, "public_key": 1},
        {**good, "number": at - 1},
        {**good, "number": at + 1},
    ]
    report.warnings.clear()
    for one in nonsense:
        keep_seal_key(store, {"seal_key": one}, signatures, report)
        assert store.identity.setting("seal_key") == ours and report.warnings == []
    assert older.number > theirs.number and pack_key(false).public() != pack_key(live.settings).public()

    # A key file that others may read: the server tells none and goes on, and what the tablet knows stays.
    live.settings.seal_key_file.chmod(0o644)
    assert told_seal_key(live.settings) == {}
    assert enrolled.app.sync.sync() is True and store.identity.setting("seal_key") == ours
    live.settings.seal_key_file.chmod(0o600)
    # A tablet that goes to another server forgets the key of the first.
    store.identity.keep(pack_key="of another server", seal_key="its key", seal_key_number=str(2**40))
    with open_session(live.settings) as session:
        code = issue_code(session, CLOCK, UUID(records.PERSON))
    assert enrolled.app.sync.enrol(code, "平板") is True, enrolled.app.sync.message
    assert store.identity.setting("seal_key") == ours
