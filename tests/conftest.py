"""One private cluster a run, one migrated template a worker, one clone a test: real PostGIS, no fsync."""

import contextlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import event
from sqlalchemy.orm import Session

from server import cluster, db, provision
from server.settings import Settings

if TYPE_CHECKING:
    from tests.serving import Live

pytest_plugins = ["tests.house.socket_guard", "tests.house.leftovers", "tests.house.worker_groups"]

MEMORY, ROOM_BYTES = "/dev/shm", 4 * 2**30
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The reference files beside the project; tests that read them skip where they are absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"{SHARED_DATA} is absent: its files are not part of the project")
    return SHARED_DATA


@pytest.fixture(scope="session")
def private_cluster() -> Iterator[cluster.Cluster]:
    home = Path(tempfile.mkdtemp(prefix="xiangye-test-", dir=_quick_folder()))
    if os.geteuid() == 0:
        home.chmod(0o755)
    private = cluster.Cluster(home / "cluster", fsync=False)
    cluster.ensure_running(private)
    yield private
    cluster.destroy(private)
    shutil.rmtree(home, ignore_errors=True)


def _quick_folder() -> str | None:
    """In memory where there is room: a clone of a thousand files takes a tenth of the time there; containers often have 64 MB."""
    try:
        roomy = shutil.disk_usage(MEMORY).free >= ROOM_BYTES
    except OSError:
        return None
    return MEMORY if roomy and os.access(MEMORY, os.W_OK) else None


@pytest.fixture(scope="session")
def template(private_cluster: cluster.Cluster) -> str:
    """Migrated, empty."""
    provision.make_database(private_cluster, "template_empty")
    provision.migrate(private_cluster.url(db.OWNER_ROLE, "template_empty"))
    return "template_empty"


@pytest.fixture(scope="session")
def reference_template(private_cluster: cluster.Cluster, template: str) -> str:
    """Migrated, with species lists and counties loaded."""
    from server.reference import load_reference

    with (
        clone(private_cluster, template, "template_reference", keep=True) as settings,
        db.open_session(settings) as session,
    ):
        load_reference(session)
    _disconnect(settings)
    return "template_reference"


@pytest.fixture
def settings(private_cluster: cluster.Cluster, template: str, tmp_path: Path) -> Iterator[Settings]:
    with clone(private_cluster, template, f"t_{uuid.uuid4().hex[:12]}") as made:
        yield replace(made, var_dir=tmp_path)


@pytest.fixture
def reference_settings(private_cluster: cluster.Cluster, reference_template: str, tmp_path: Path) -> Iterator[Settings]:
    with clone(private_cluster, reference_template, f"r_{uuid.uuid4().hex[:12]}") as made:
        yield replace(made, var_dir=tmp_path)


@pytest.fixture
def database_url(settings: Settings) -> str:
    return settings.database_url or ""


@pytest.fixture
def session(settings: Settings) -> Iterator[Session]:
    """As the app role, on an empty migrated database; rolled back unless the test commits."""
    with db.session_factory(settings)() as opened:
        yield opened


@pytest.fixture(scope="session")
def shared_reference(private_cluster: cluster.Cluster, reference_template: str) -> Iterator[Settings]:
    """One clone for all tests that never commit."""
    with clone(private_cluster, reference_template, f"s_{uuid.uuid4().hex[:12]}") as made:
        yield made


@pytest.fixture
def reference(shared_reference: Settings) -> Iterator[Session]:
    """As the app role, with species and places loaded; rolled back at the end, so a test that commits takes `reference_settings`."""
    with db.session_factory(shared_reference)() as opened:
        event.listen(opened, "before_commit", _refuse_commit)
        yield opened


def _refuse_commit(session: Session) -> None:
    if session.in_nested_transaction():
        return
    raise AssertionError("this database is shared by all tests: use reference_settings for a test that commits")


@pytest.fixture(scope="session")
def published_pack(shared_reference: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The species pack of the reference lists, with the key that signed it: made once, since that takes longer than most tests."""
    from server.packs.service import ensure
    from tests.admitting import CLOCK

    made = replace(shared_reference, var_dir=tmp_path_factory.mktemp("published"))
    with db.session_factory(shared_reference)() as session:
        ensure(made, session, CLOCK)
    return made.store_dir


@pytest.fixture
def live(reference_settings: Settings, published_pack: Path) -> Iterator["Live"]:
    """A server on loopback over real HTTP, with a survey and an enrolled tablet."""
    from tests.serving import serving

    shutil.copytree(published_pack, reference_settings.store_dir, dirs_exist_ok=True)
    with serving(reference_settings) as served:
        yield served


@contextlib.contextmanager
def clone(private: cluster.Cluster, template: str, name: str, keep: bool = False) -> Iterator[Settings]:
    _administer(
        private, sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY FILE_COPY"), name, template, db.OWNER_ROLE
    )
    made = Settings(
        var_dir=private.home.parent / "var" / name,
        database_url=private.url(db.APP_ROLE, name),
        owner_url=private.url(db.OWNER_ROLE, name),
        requests_per_minute=0,
    )
    try:
        yield made
    finally:
        if not keep:
            _disconnect(made)
            _administer(private, sql.SQL("DROP DATABASE {} WITH (FORCE)"), name)


def _disconnect(made: Settings) -> None:
    db.engine_for(made).dispose()
    db.engine_for(made, "owner").dispose()


def _administer(private: cluster.Cluster, statement: sql.SQL, *names: str) -> None:
    with psycopg.connect(
        host=str(private.socket_dir), user="xiangye_cluster", dbname="postgres", autocommit=True
    ) as administrator:
        administrator.execute(statement.format(*map(sql.Identifier, names)))
