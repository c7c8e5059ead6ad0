"""The morning of every fault: a database, an enrolled tablet with a recorded day, nothing of it sent yet."""

import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import make_url

from server.accounts.service import issue_code
from server.cluster import Cluster
from server.db import engine_for, open_session
from server.media.store import Store
from server.settings import Settings
from shared.clock import SystemClock
from tests import records
from tests.admitting import set_up
from tests.commands import Said, environment, here, xiangye
from tests.conftest import clone
from tests.faults.field_day import write_day
from tests.faults.ledgers import ServerBook
from tests.faults.server_process import ServerProcess, environment_of

__all__ = ["here"]


@dataclass(frozen=True)
class Tablet:
    """A tablet as another process; `play` may be repeated, each time a new start of the app."""

    data: Path
    scripts: Path
    url: str

    def play(self, steps: list[dict[str, Any]]) -> Said:
        script = self.scripts / f"{uuid.uuid4().hex}.json"
        script.write_text(json.dumps({"steps": steps}, ensure_ascii=False), encoding="utf-8")
        return xiangye(environment(XIANGYE_RETRY_PAUSES_S="0.05,0.2"), *self.words(script))

    def words(self, script: Path) -> list[str]:
        return ["field", "--headless", str(script), "--data", str(self.data), "--server", self.url, "--json"]

    def sync(self) -> Said:
        return self.play([{"do": "sync"}])


@dataclass(frozen=True)
class Evening:
    """`settings` of a database in which the tablet at `data` is enrolled; `steps` were recorded on it."""

    settings: Settings
    data: Path

    @contextmanager
    def copy(self, private: Cluster, folder: Path) -> Iterator["Evening"]:
        name = make_url(str(self.settings.database_url)).database or ""
        with clone(private, name, f"f_{uuid.uuid4().hex[:12]}") as made:
            shutil.copytree(self.data, folder / "tablet")
            copied = replace(made, var_dir=folder / "var")
            # The same server goes on: the tablet knows it by its key.
            shutil.copytree(self.settings.store_dir / "keys", copied.store_dir / "keys")
            yield Evening(copied, folder / "tablet")

    def book(self) -> ServerBook:
        address = str(self.settings.database_url).replace("+psycopg", "").replace("xiangye_app", "xiangye_cluster")
        return ServerBook(address, Store(self.settings.store_dir))


def enrolment(settings: Settings) -> list[dict[str, Any]]:
    """Steps that enrol a fresh tablet in a database where nobody is known yet."""
    with open_session(settings) as session:
        set_up(session)
        code = issue_code(session, SystemClock(), UUID(records.PERSON))
    return [
        {"do": "enrol", "code": code, "device_name": "测试平板"},
        {"do": "choose_survey", "survey_id": records.SURVEY},
    ]


@pytest.fixture(scope="session")
def recorded(private_cluster: Cluster, reference_template: str, tmp_path_factory: pytest.TempPathFactory) -> Evening:
    """Recorded once; every test of a fault goes on from copies."""
    folder = tmp_path_factory.mktemp("evening")
    with clone(private_cluster, reference_template, f"d_{uuid.uuid4().hex[:12]}", keep=True) as made:
        settings = replace(made, var_dir=folder / "var")
    server = ServerProcess(environment_of(settings), folder / "server.log")
    server.start()
    try:
        tablet = Tablet(folder / "tablet", folder / "day", server.url)
        steps = write_day(folder / "day")
        said = tablet.play([*enrolment(settings), *steps])
        assert said.code == 0, said
    finally:
        server.stop()
        for role in ("app", "owner"):
            engine_for(settings, role).dispose()
    return Evening(settings, folder / "tablet")


@pytest.fixture
def evening(recorded: Evening, private_cluster: Cluster, tmp_path: Path) -> Iterator[Evening]:
    with recorded.copy(private_cluster, tmp_path) as made:
        yield made
