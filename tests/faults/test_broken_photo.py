"""A photo that does not decode: its record stands, the others go on, and what can be sent is kept as it came."""

import hashlib
from datetime import datetime
from pathlib import Path
from uuid import UUID

from mobile.headless import play
from mobile.script.read import check_step
from server.accounts.service import issue_code
from server.db import open_session
from server.demo.photos import Shot, draw_all
from server.media.model import MediaFile
from server.media.store import Store
from shared.clock import CHINA
from tests import records
from tests.admitting import CLOCK
from tests.serving import Live


def test_a_broken_photo_hinders_neither_its_record_nor_the_others(live: Live, tmp_path: Path) -> None:
    whole = draw_all(tmp_path, [Shot("whole.jpg", "lake", 112.9, 24.9, datetime(2025, 5, 21, 8, tzinfo=CHINA))])[0]
    torn = whole.read_bytes()[:3000]
    (tmp_path / "torn.jpg").write_bytes(torn)
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("这不是照片")
    with open_session(live.settings) as session:
        code = issue_code(session, CLOCK, UUID(records.PERSON))
    names = ("torn.jpg", "empty.jpg", "text.jpg", "missing.jpg", "whole.jpg")
    place = {"lon": 112.93, "lat": 24.96}
    steps = [
        {"do": "enrol", "code": code, "device_name": "测试平板"},
        {"do": "choose_survey", "survey_id": records.SURVEY},
        *({"do": "record_sighting", "species": "白鹭", "photo": name, **place} for name in names),
        {"do": "sync"},
    ]
    outcome = play(
        [check_step(number, step) for number, step in enumerate(steps, 1)], tmp_path / "tablet", tmp_path, live.url
    )
    told = " ".join(outcome.problems)
    assert "Traceback" not in told
    for name in ("empty.jpg", "text.jpg", "missing.jpg"):
        assert name in told, (name, outcome.problems)
    assert outcome.waiting == 0
    with open_session(live.settings) as session:
        count = session.connection().exec_driver_sql("SELECT count(*) FROM occurrence").scalar_one()
        files = {file.sha256: file.problem for file in session.query(MediaFile)}
    assert count == len(names)
    sent = {hashlib.sha256(data).hexdigest(): data for data in (torn, whole.read_bytes())}
    assert set(files) == set(sent)
    assert files[hashlib.sha256(whole.read_bytes()).hexdigest()] is None
    assert "图片无法解码" in str(files[hashlib.sha256(torn).hexdigest()])
    for sha256, data in sent.items():
        assert Store(live.settings.store_dir).original(sha256) == data
