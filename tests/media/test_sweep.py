"""P8: what a crash left in the store goes after a stated time, and never a file that is just being taken in."""

import fcntl
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from server.cluster import Cluster
from server.db import open_session, session_factory
from server.media import decoding
from server.media.model import MediaFile, Upload
from server.media.service import ORIGINAL, TWICE, decode_again, hold, take_in_data
from server.media.store import Store
from server.media.sweeping import ORPHAN_AFTER, Sweep
from server.settings import Settings
from shared.ids import uuid7
from tests.admitting import CLOCK
from tests.conftest import clone
from tests.media.photos import jpeg
from tests.media.uploading import Uploader, sha256

NOW = datetime.now(UTC)
OLD = (NOW - ORPHAN_AFTER - timedelta(minutes=1)).timestamp()


@pytest.fixture(scope="module")
def ground(private_cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with clone(private_cluster, template, f"w_{os.urandom(6).hex()}") as made:
        yield replace(made, var_dir=tmp_path_factory.mktemp("swept"))


@pytest.fixture
def store(ground: Settings) -> Store:
    return Store(ground.store_dir)


@pytest.fixture
def sessions(ground: Settings) -> sessionmaker[Session]:
    return session_factory(ground)


def age(store: Store, under: str = "") -> list[Path]:
    files = [path for path in (store.folder / under).rglob("*") if path.is_file()]
    for path in files:
        os.utime(path, (OLD, OLD))
    return files


def test_files_without_a_row_go_after_an_hour(ground: Settings, store: Store, sessions: sessionmaker[Session]) -> None:
    held = jpeg()
    with open_session(ground) as session:
        take_in_data(session, CLOCK, store, sha256(held), held)
    kept = set(age(store))
    store.put_original(sha256(b"lost"), b"lost")
    store.put_rendition(b"lost too")
    Sweep(sessions, store, NOW).all()
    left = {path for path in store.folder.rglob("*") if path.is_file()}
    assert len(left - kept) == 2, "young ones stay"
    age(store)
    staged = store.folder / "precise" / "original" / "ab" / "abc#1"
    staged.parent.mkdir(exist_ok=True)
    staged.write_bytes(b"half")
    os.utime(staged, (OLD, OLD))
    done = Sweep(sessions, store, NOW).all()
    assert (done.originals, done.renditions, done.unfinished, done.bytes_freed) == (1, 1, 1, 16)
    assert {path for path in store.folder.rglob("*") if path.is_file()} == kept
    assert Sweep(sessions, store, NOW).all() == type(done)()


def test_a_file_whose_row_is_not_yet_committed_stays(store: Store, sessions: sessionmaker[Session]) -> None:
    """The photo lies in the store for an hour already when a slow transaction that took it in commits."""
    data = b"slow" + os.urandom(99)
    with sessions() as slow:
        take_in_data(slow, CLOCK, store, sha256(data), data)
        age(store)
        assert Sweep(sessions, store, NOW).all().originals == 0
        slow.commit()
    assert Sweep(sessions, store, NOW).all().originals == 0
    assert store.original(sha256(data)) == data


def test_taking_in_waits_for_a_sweep_that_came_first(store: Store, sessions: sessionmaker[Session]) -> None:
    data = b"first" + os.urandom(99)
    digest = sha256(data)
    with sessions() as sweeping, sessions() as taking:
        hold(sweeping, ORIGINAL, digest)
        bringing = threading.Thread(target=take_in_data, args=(taking, CLOCK, store, digest, data))
        bringing.start()
        bringing.join(0.2)
        assert bringing.is_alive()
        sweeping.rollback()
        bringing.join()
        taking.commit()
    assert store.original(digest) == data


def test_sweeps_and_takings_in_at_once_never_lose_a_photo(store: Store, sessions: sessionmaker[Session]) -> None:
    """Orphans of 24 photos lie there for long; each comes again while sweeps run without pause."""
    photos = [b"race" + os.urandom(99) for _ in range(24)]
    for data in photos:
        store.put_original(sha256(data), data)
    age(store)
    over = threading.Event()
    swept: list[int] = []

    def go_on_sweeping() -> None:
        while not over.is_set():
            swept.append(Sweep(sessions, store, NOW, timedelta(days=-1)).all().originals)

    sweeping = [threading.Thread(target=go_on_sweeping) for _ in range(2)]
    for thread in sweeping:
        thread.start()
    for data in photos:
        with sessions.begin() as session:
            take_in_data(session, CLOCK, store, sha256(data), data)
    over.set()
    for thread in sweeping:
        thread.join()
    assert len(swept) >= 2
    with sessions() as session:
        assert all(session.get(MediaFile, sha256(data)) for data in photos)
    assert [store.original(sha256(data)) for data in photos] == photos


def test_expired_uploads_go_with_their_parts_and_completed_rows_stay(uploader: Uploader, data: bytes) -> None:
    settings = uploader.live.settings
    store, sessions = Store(settings.store_dir), session_factory(settings)
    later = CLOCK.now() + timedelta(days=settings.upload_days, seconds=1)
    Sweep(sessions, store, later).uploads()
    open_one, done = uploader.create(data), uploader.create(data + b"done")
    uploader.patch(open_one, data[:9000], 0)
    uploader.patch(done, data + b"done", 0)
    stray = store.uploads / f"{uuid7()}.part"
    stray.write_bytes(b"of no upload")
    os.utime(stray, (OLD, OLD))
    with (store.uploads / f"{open_one.headers['Location'].rsplit('/', 1)[-1]}.part").open("rb") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)
        assert Sweep(sessions, store, later).uploads().uploads == 0, "a request is writing to it"
    swept = Sweep(sessions, store, later).uploads()
    assert (swept.uploads, swept.parts) == (1, 0)
    assert Sweep(sessions, store, NOW).uploads().parts == 1
    assert list(store.uploads.iterdir()) == []
    with sessions() as session:
        assert session.query(Upload).filter_by(sha256=sha256(data + b"done")).count() == 1
    assert uploader.head(open_one).status_code == 404
    assert uploader.head(done).headers["Xiangye-Custody"]


def test_a_photo_over_which_the_decoder_died_is_decoded_once_more(
    sessions: sessionmaker[Session], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No memory or no time may have been the machine's fault; a photo that kills each time is left alone after the second."""
    good, bad = jpeg(71), jpeg(72)

    def taken(data: bytes) -> MediaFile:
        with sessions.begin() as session:
            return take_in_data(session, CLOCK, store, sha256(data), data)

    def kept(data: bytes) -> MediaFile:
        with sessions() as session:
            return session.get_one(MediaFile, sha256(data))

    killed = (sys.executable, "-I", "-c", "import os; os.kill(os.getpid(), 9)")
    with monkeypatch.context() as patch:
        patch.setattr(decoding, "_COMMAND", killed)
        assert (taken(good).problem in decoding.DIED) and (taken(bad).problem in decoding.DIED)
    with sessions.begin() as session:
        assert decode_again(session, CLOCK, store, sha256(good)) is True
    with monkeypatch.context() as patch:
        patch.setattr(decoding, "_COMMAND", killed)
        assert Sweep(sessions, store, NOW).all().decoded == 0
    assert (kept(good).problem, bool(kept(good).preview_sha256)) == (None, True)
    assert (kept(bad).problem or "").endswith(TWICE)
    assert Sweep(sessions, store, NOW).all().decoded == 0, "it is not tried for ever"
    assert kept(bad).rendition_sha256 is None and store.holds_original(sha256(bad), sha256(bad))
