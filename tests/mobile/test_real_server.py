"""The app against the real server and a real database: the scripted day arrives whole, and nothing twice."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from mobile.cli import run
from mobile.device.desktop_folder import FileKeystore
from mobile.store.store import Store
from server.accounts.service import issue_code
from server.db import open_session
from tests import records
from tests.admitting import CLOCK
from tests.mobile.station import closed_port
from tests.mobile.test_headless import DAY, gpx
from tests.mobile.test_photos import jpeg
from tests.serving import Live


def test_a_day_arrives_whole(live: Live, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, colour in (("IMG_001.jpg", "green"), ("IMG_002.jpg", "brown")):
        (tmp_path / name).write_bytes(jpeg(colour))
    (tmp_path / "patrol.gpx").write_text(gpx(range(40)))
    with open_session(live.settings) as session:
        code = issue_code(session, CLOCK, UUID(records.PERSON))
    evening = {"at": CLOCK.now().isoformat()}
    morning = [{**DAY[0], **evening, "code": code}, {**DAY[1], **evening}, DAY[2]]

    assert _play(tmp_path, morning, live.url, capsys)["done"] == 3
    told = _play(tmp_path, [*DAY[3:-1], {"do": "sync", **evening}], closed_port(), capsys, code=1)
    assert told["waiting_records"] == told["saved"] == 14
    told = _play(tmp_path, [{"do": "sync", **evening}], live.url, capsys)
    assert (told["receipts"]["accepted"], told["photos"], told["waiting"], told["warnings"]) == (14, 2, 0, [])
    assert _play(tmp_path, [{"do": "sync", **evening}], live.url, capsys)["sent"] == 0

    store = Store(tmp_path / "tablet", FileKeystore(tmp_path / "tablet" / "keys.json"))
    store.identity.keep(server_epoch="before the server was restored")
    store.close()
    told = _play(tmp_path, [{"do": "sync", **evening}], live.url, capsys)
    assert (told["receipts"]["already_have"], told["photos"], told["waiting"]) == (14, 2, 0)

    with open_session(live.settings) as session:
        counts = dict(map(tuple, session.execute(text("select kind, count(*) from xiangye.ledger group by kind"))))
        named = set(
            session.execute(
                text("select distinct taxon_id from xiangye.identification where taxon_id is not null")
            ).scalars()
        )
    assert counts == {"occurrence": 5, "media": 2, "event": 2, "patrol": 1, "track_segment": 2, "finding": 1}
    assert len(named) >= 3


def _play(
    home: Path, steps: list[dict[str, Any]], url: str, capsys: pytest.CaptureFixture[str], code: int = 0
) -> dict[str, Any]:
    (home / "day.json").write_text(json.dumps(steps, ensure_ascii=False))
    came = run(
        "field", ["--headless", str(home / "day.json"), "--data", str(home / "tablet"), "--server", url, "--json"]
    )
    out, err = capsys.readouterr()
    assert came == code, err
    told: dict[str, Any] = json.loads(out)
    return told
