import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.audit.anchor import read
from server.audit.checking import broken_entries
from server.cluster import Cluster
from server.db import engine_for, session_factory
from server.ledger.service import epoch
from server.settings import Settings
from tests.audit.tampering import fill, put_guard_aside
from tests.commands import here
from tests.conftest import clone

__all__ = ["here"]

ENTRIES = 1000


@pytest.fixture(scope="session")
def logged(private_cluster: Cluster, template: str) -> Iterator[Settings]:
    """A log of 1,000 committed entries, their heads noted outside; whatever a test does to it is rolled back."""
    with clone(private_cluster, template, f"a_{uuid.uuid4().hex[:12]}") as settings:
        for _ in range(10):
            with session_factory(settings).begin() as session:
                fill(session, ENTRIES // 10)
        yield settings


@pytest.fixture
def owner(logged: Settings) -> Iterator[Session]:
    """As the owner of the database, who alone could rewrite the log."""
    with Session(engine_for(logged, "owner")) as session:
        session.execute(text("SELECT set_config('xiangye.scopes', '{0}', true)"))
        put_guard_aside(session)
        yield session
        session.rollback()


@pytest.fixture
def heads(logged: Settings, owner: Session) -> dict[int, str]:
    found = dict(read(logged.var_dir, epoch(owner)).by_number)
    assert len(found) == ENTRIES
    assert broken_entries(owner, found) == []
    return found
