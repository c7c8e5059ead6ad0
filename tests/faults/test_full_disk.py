"""No space left: said in words before anything is half done; what was received stays, and the rest follows once there is room."""

import base64
import contextlib
import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import requests
from sqlalchemy import make_url, text

from server.cluster import Cluster, ClusterError, ensure_running
from server.db import engine_for
from server.media.store import Store
from server.settings import Settings
from tests.commands import environment, xiangye
from tests.faults.disks import SmallDisk, small_disk
from tests.records import occurrence
from tests.serving import Live, serving

PHOTO = random.Random(5).randbytes(180_000)
SHA256 = hashlib.sha256(PHOTO).hexdigest()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", 100) as made:
        yield made


def begin(live: Live) -> str:
    named = base64.b64encode(SHA256.encode()).decode()
    headers = {"Upload-Length": str(len(PHOTO)), "Upload-Metadata": f"sha256 {named}"}
    made = requests.post(f"{live.url}/v1/uploads", headers=tus(live, headers), timeout=20)
    assert made.status_code == 201
    return live.url + made.headers["Location"]


def tus(live: Live, headers: dict[str, str]) -> dict[str, str]:
    return {**live.headers, "Tus-Resumable": "1.0.0", **headers}


def send(live: Live, url: str, at: int) -> requests.Response:
    headers = tus(live, {"Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"})
    return requests.patch(url, data=PHOTO[at:], headers=headers, timeout=20)


def ask(live: Live, url: str) -> requests.Response:
    return requests.head(url, headers=tus(live, {}), timeout=20)


def test_a_photo_that_does_not_fit_is_refused_in_words_and_goes_on_later(disk: SmallDisk, settings: Settings) -> None:
    with serving(replace(settings, var_dir=disk.folder)) as live:
        url = begin(live)
        refused = send(live, url, 0)
        assert (refused.status_code, refused.json()["code"]) == (507, "storage_full")
        assert "存储空间不足" in refused.json()["title"]
        reached = int(ask(live, url).headers["Upload-Offset"])
        assert 0 < reached < len(PHOTO)  # what came is kept
        assert "Xiangye-Custody" not in ask(live, url).headers
        disk.resize(2000)
        done = send(live, url, reached)
        assert done.headers["Xiangye-Custody"].startswith(SHA256)
        assert Store(disk.folder / "store").original(SHA256) == PHOTO


def test_a_photo_whose_keeping_fills_the_disk_gets_no_custody_until_there_is_room(
    disk: SmallDisk, settings: Settings
) -> None:
    """The bytes fit once, on their way in, but not a second time as the original."""
    disk.resize(240)
    with serving(replace(settings, var_dir=disk.folder)) as live:
        url = begin(live)
        refused = send(live, url, 0)
        assert (refused.status_code, refused.json()["code"]) == (507, "storage_full")
        assert "Xiangye-Custody" not in refused.headers
        disk.resize(2000)
        done = ask(live, url)
        assert done.headers["Xiangye-Custody"].startswith(SHA256)
        assert Store(disk.folder / "store").original(SHA256) == PHOTO


FILLED = ("precise.raw_batch", "xiangye.version", "precise.version_body", "xiangye.receipt")
"""What a batch is written to, from the first row to the last but the audit's; each is empty here, so that its first row needs room."""


def test_a_batch_that_the_database_has_no_room_for_leaves_nothing_and_is_taken_in_later(
    private_cluster: Cluster, live: Live
) -> None:
    """T13: wherever it is, no receipt, no half of a batch and none set aside as unreadable; the same bytes are taken when there is room."""
    record = occurrence()
    with small_tablespace(private_cluster, live) as (disk, administer):
        for table in FILLED:
            administer(f"ALTER TABLE {table} SET TABLESPACE small")
            fill(disk.folder / "ballast")
            refused = live.post_batch(record)
            assert (refused.status_code, refused.json()["code"]) == (507, "storage_full"), table
            (disk.folder / "ballast").unlink()
            administer(f"ALTER TABLE {table} SET TABLESPACE pg_default")
            kept = ("batch", "version", "ledger", "occurrence", "receipt")
            with engine_for(live.settings, "owner").connect() as owner:
                owner.execute(text("SELECT set_config('xiangye.scopes', '{0}', true)"))
                tables = [*(f"xiangye.{name}" for name in kept), "precise.raw_batch", "precise.quarantine"]
                counted = [owner.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in tables]
            assert counted == [0] * len(tables), table
    assert live.post_batch(record).json()["receipts"][0]["outcome"] == "accepted"


@contextmanager
def small_tablespace(cluster: Cluster, live: Live) -> Iterator[tuple[SmallDisk, Callable[[str], object]]]:
    """Where the cluster's own user may write; and the hand of who may put tables there."""
    name = make_url(live.settings.database_url or "").database
    with (
        small_disk(cluster.home.parent / "small", 400) as disk,
        psycopg.connect(
            cluster.url("xiangye_cluster", str(name)).replace("+psycopg", ""), autocommit=True
        ) as connection,
    ):
        lent = cluster.data.stat()
        os.chown(disk.folder, lent.st_uid, lent.st_gid)
        space = disk.folder / "space"
        space.mkdir(mode=0o700)
        os.chown(space, lent.st_uid, lent.st_gid)
        connection.execute(f"CREATE TABLESPACE small LOCATION '{space}'")
        try:
            yield disk, connection.execute
        finally:
            for table in FILLED:
                connection.execute(f"ALTER TABLE {table} SET TABLESPACE pg_default")
            connection.execute("DROP TABLESPACE small")


def fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(1024)):
            continue


def test_no_cluster_is_begun_on_a_disk_without_room(disk: SmallDisk) -> None:
    with pytest.raises(ClusterError, match=r"所在磁盘只剩 0 MB，数据库至少需要 200 MB \(not enough disk space\)"):
        ensure_running(Cluster(disk.folder / "cluster"))
    assert not (disk.folder / "cluster" / "data").exists()


def test_a_disk_that_fills_while_the_cluster_is_made_leaves_no_half_cluster(
    disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.cluster._NEEDED_BYTES", 0)
    disk.resize(8_000)
    cluster = Cluster(disk.folder / "cluster", fsync=False)
    with pytest.raises(ClusterError, match=r"initdb 失败(.|\n)*disk nearly full"):
        ensure_running(cluster)
    assert not cluster.data.exists()


def test_the_demo_says_at_once_that_there_is_no_room(disk: SmallDisk) -> None:
    said = xiangye(environment(XIANGYE_VAR=str(disk.folder)), "demo", "--no-serve")
    assert said.refuses("所在磁盘只剩 0 MB (not enough disk space)")
    assert said.code == 1


def test_a_command_that_cannot_write_its_file_says_so(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk where nothing may be mounted."""
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); "
        "from server.cli import run; sys.exit(run('demo', ['--no-serve']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(XIANGYE_VAR=str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "cannot write here" in done.stderr
    assert "Traceback" not in done.stderr
