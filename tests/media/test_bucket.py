"""The store in a bucket of a real S3 service (SeaweedFS as a process): the same promises as in a folder."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.app import create_app
from server.auditing import verify_evidence
from server.cluster import Cluster
from server.db import open_session, session_factory
from server.media.store import ORIGINALS, Store, open_store
from server.media.sweeping import Sweep, sweep_at_start
from server.settings import Bucket, from_environment
from server.web.database import database
from shared.problems import Problem
from tests.admitting import CLOCK
from tests.conftest import clone
from tests.media.photos import jpeg
from tests.media.seaweed import seaweed
from tests.media.uploading import PIECE, TUS, Uploader, sha256
from tests.serving import serving

S3 = {"XIANGYE_STORE_URL": "s3://photos/xiangye", "XIANGYE_STORE_KEY": "key", "XIANGYE_STORE_SECRET": "secret"}

pytestmark = pytest.mark.xdist_group("bucket")  # one service, on one worker


@pytest.fixture(scope="module")
def far(
    private_cluster: Cluster, reference_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Uploader]:
    folder: Path = tmp_path_factory.mktemp("bucket")
    name = f"b_{os.urandom(6).hex()}"
    with (
        seaweed(folder / "weed") as bucket,
        clone(private_cluster, reference_template, name) as made,
        serving(replace(made, var_dir=folder / "var", bucket=bucket)) as live,
    ):
        yield Uploader(live)


def test_a_photo_lies_in_the_bucket_before_custody_is_told(far: Uploader) -> None:
    """P4"""
    data = jpeg()
    made = far.create(data)
    far.patch(made, data[:5000], 0)
    done = far.patch(made, data[5000:], 5000)
    assert done.headers["Xiangye-Custody"].startswith(sha256(data))
    store = open_store(far.live.settings)
    assert store.original(sha256(data)) == data
    assert [one for one in store.folder.rglob("*") if one.is_file()] == [], "nothing of it stays on this machine"
    with open_session(far.live.settings) as session:
        assert not [one for one in verify_evidence(session, far.live.settings).records if one.kind.startswith("photo")]


def test_a_photo_that_the_bucket_lost_is_taken_anew(far: Uploader, data: bytes) -> None:
    """P4"""
    far.bring(data)
    store = open_store(far.live.settings)
    store.remove(f"{ORIGINALS}{sha256(data)[:2]}/{sha256(data)}")
    again = far.create(data)
    assert "Xiangye-Custody" not in again.headers
    assert far.patch(again, data, 0).headers["Xiangye-Custody"]
    assert store.original(sha256(data)) == data


def test_orphans_in_the_bucket_are_swept(far: Uploader, data: bytes) -> None:
    """P8; at the server's start a bucket is not listed, which may take long."""
    settings = far.live.settings
    far.bring(data)
    store, sessions = open_store(settings), session_factory(settings)
    store.put_original(sha256(b"lost"), b"lost")
    assert sweep_at_start(settings).originals == Sweep(sessions, store, datetime.now(UTC)).all().originals == 0
    assert Sweep(sessions, store, datetime.now(UTC) + timedelta(hours=2)).all().originals == 1
    with pytest.raises(FileNotFoundError):
        store.original(sha256(b"lost"))
    assert store.original(sha256(data)) == data


def test_a_bucket_that_is_away_gives_no_custody(far: Uploader, data: bytes, tmp_path: Path) -> None:
    """T13: 503, every byte kept on this machine, and the next try goes on from there."""
    here = far.live.settings
    bucket = here.bucket
    assert bucket is not None
    away = Store(tmp_path, replace(bucket, endpoint="http://127.0.0.1:9"))
    with pytest.raises(Problem) as raised:
        away.put_original(sha256(data), data)
    assert raised.value.kind.code == "store_away"
    made = far.create(data)
    # This very server, with a key that the service refuses:
    wrong = replace(here, bucket=replace(bucket, secret="other"))
    app = create_app(wrong, CLOCK)
    headers = {**far.live.headers, **TUS, **PIECE, "Upload-Offset": "0"}
    with app.test_client() as client, app.app_context():
        answer = client.patch(made.headers["Location"], data=data, headers=headers)
        database.engine.dispose()
        assert (answer.status_code, (answer.json or {})["code"]) == (503, "store_away")
    for _ in range(20):  # a busy service may be away itself for a moment
        asked = far.head(made)
        if asked.status_code != 503:
            break
        time.sleep(0.5)
    assert (asked.headers["Upload-Offset"], bool(asked.headers["Xiangye-Custody"])) == (str(len(data)), True)


def test_the_bucket_is_told_by_the_environment() -> None:
    assert from_environment({}).bucket is None
    told = from_environment({**S3, "XIANGYE_STORE_ENDPOINT": "http://127.0.0.1:8333/"}).bucket
    assert told == Bucket("photos", "xiangye", "http://127.0.0.1:8333", "key", "secret")
    assert "secret" not in repr(told)


@pytest.mark.parametrize(
    "wrong",
    [
        {"XIANGYE_STORE_URL": "photos"},
        {"XIANGYE_STORE_KEY": ""},
        {"XIANGYE_STORE_ENDPOINT": "http://photos.example.org"},
        {"XIANGYE_UPLOAD_DAYS": "0"},
    ],
)
def test_a_setting_of_the_store_that_is_none_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="XIANGYE_"):
        from_environment({**S3, **wrong})
