"""A database of its own with the reference data, for what runs outside pytest; gone when the block ends."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from server import cluster, db, provision
from server.reference import load_reference
from server.settings import Settings

_NAME = "own_reference"


@contextlib.contextmanager
def reference_database() -> Iterator[Settings]:
    home = Path(tempfile.mkdtemp(prefix="xiangye-own-"))
    if os.geteuid() == 0:
        home.chmod(0o755)
    private = cluster.Cluster(home / "cluster", fsync=False)
    try:
        cluster.ensure_running(private)
        provision.make_database(private, _NAME)
        owner = private.url(db.OWNER_ROLE, _NAME)
        provision.migrate(owner)
        settings = Settings(
            var_dir=home / "var",
            database_url=private.url(db.APP_ROLE, _NAME),
            owner_url=owner,
            requests_per_minute=0,
        )
        with db.open_session(settings) as session:
            load_reference(session)
        yield settings
        for role in ("app", "owner"):
            db.engine_for(settings, role).dispose()
    finally:
        cluster.destroy(private)
        shutil.rmtree(home, ignore_errors=True)
