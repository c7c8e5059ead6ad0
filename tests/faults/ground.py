"""What a soak stands on: a cluster, a database, a server with its workers, a bad line, and tablets that people enrolled."""

import contextlib
import os
import shutil
import signal
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

from server.accounts.service import add_person, issue_code
from server.cluster import Cluster, ensure_running
from server.db import engine_for, open_session
from server.media.store import Store
from server.settings import Settings
from shared.clock import SystemClock
from tests import records
from tests.admitting import set_up
from tests.commands import xiangye
from tests.faults.arming import Armed
from tests.faults.ledgers import ServerBook
from tests.faults.mutants import MUTANTS, check
from tests.faults.proxy import Proxy
from tests.faults.server_process import ServerProcess, environment_of
from tests.faults.tablets import OWN_CLOCK, Tablet, Zygote

PEOPLE = 3
ENROLLING_TRIES = 20


@dataclass
class Ground(Armed):
    settings: Settings
    cluster: Cluster
    folder: Path
    server: ServerProcess
    line: Proxy
    zygote: Zygote
    clockwork: Zygote
    people: list[UUID]
    failpoint: Path
    standing: threading.Lock = field(default_factory=threading.Lock)

    @property
    def book(self) -> ServerBook:
        address = str(self.settings.database_url).replace("+psycopg", "").replace("xiangye_app", "xiangye_cluster")
        return ServerBook(address, Store(self.settings.store_dir))

    def tablet(self, slot: int, name: str) -> Tablet:
        """A new one, enrolled over a clean line."""
        folder = self.folder / "tablets" / name
        for there in folder.parent.glob(f"{folder.name}*"):  # and its twins, of a round that was ended
            shutil.rmtree(there)
        self.line.begin(slot, "", 0)
        tablet = Tablet(self.zygote, folder, self.line.url(slot))
        with open_session(self.settings) as session:
            code = issue_code(session, SystemClock(), self.people[slot % len(self.people)])
        said = tablet.tell({"do": "enrol", "code": code, "device_name": "测试平板"})
        for _ in range(ENROLLING_TRIES):  # the first of all waits for the species pack, longer than its patience
            if said is not None and not said["failed"]:
                break
            said = tablet.tell({"do": "sync"})
        said = tablet.tell({"do": "choose_survey", "survey_id": records.SURVEY})
        assert said is not None
        assert said["failed"] == "", said
        return tablet

    def database_dies(self) -> None:
        """At once, as if killed; the server finds it again by itself."""
        os.kill(int((self.cluster.data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        ensure_running(self.cluster)

    def server_dies(self) -> None:
        self.server.kill()
        self.server.start()

    def sweep(self) -> set[str]:
        """What no row tells of, after the server's own sweep as it will be in two hours."""
        env = {**self.server.env, **OWN_CLOCK, "FAKETIME": "+2h"}
        said = xiangye(env, "media", "sweep")
        assert said.code == 0, said
        return self.book.orphans()


@contextlib.contextmanager
def ground(settings: Settings, cluster: Cluster, folder: Path, tablets: int) -> Iterator[Ground]:
    """`settings` of a database with lists and places loaded."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = replace(settings, var_dir=folder / "var")
    people, failpoint = _people(settings), folder / "failpoint"
    env = environment_of(settings) | {"XIANGYE_FAILPOINTS": f"@{failpoint}", "XIANGYE_REQUESTS_PER_MINUTE": "1000000"}
    if not settings.seal_key_file.exists():  # guarded species are sealed from the first record on
        made_key = xiangye(env, "seal-key", "make")
        assert made_key.code == 0, made_key
    with contextlib.ExitStack() as stack:
        server = _server(stack, env, folder)
        line = _line(stack, server, tablets, folder)
        zygote, clockwork = _zygote(stack, folder), _zygote(stack, folder, own_clock=True)
        made = Ground(settings, cluster, folder, server, line, zygote, clockwork, people, failpoint)
        # The run's cluster trades the last moments before a crash for speed; this database must keep its word.
        made.book.run("ALTER DATABASE {} SET synchronous_commit = on")
        yield made
    for role in ("app", "owner"):
        engine_for(settings, role).dispose()


@contextlib.contextmanager
def mutated(stand: Ground, mutant: str, folder: Path) -> Iterator[Ground]:
    """The same ground, but for one process with a planted fault: all tablets, or the server."""
    check(mutant)
    with contextlib.ExitStack() as stack:
        if MUTANTS[mutant].side == "tablet":
            yield replace(stand, folder=folder, zygote=_zygote(stack, folder, mutant))
        else:
            server = _server(stack, stand.server.env, folder, mutant)
            yield replace(stand, folder=folder, server=server, line=_line(stack, server, 1, folder))


def _zygote(stack: contextlib.ExitStack, folder: Path, mutant: str = "", own_clock: bool = False) -> Zygote:
    made = Zygote(folder, mutant, own_clock)
    stack.callback(made.end)
    return made


def _line(stack: contextlib.ExitStack, server: ServerProcess, tablets: int, folder: Path) -> Proxy:
    made = Proxy(server.port, tablets, folder / "proxy.log")
    stack.callback(made.end)
    return made


def _server(stack: contextlib.ExitStack, env: Mapping[str, str], folder: Path, mutant: str = "") -> ServerProcess:
    made = ServerProcess(env, folder / "server.log", preload=True, mutant=mutant)
    stack.callback(made.kill)
    made.start()
    return made


def _people(settings: Settings) -> list[UUID]:
    with open_session(settings) as session:
        set_up(session)
        others = [add_person(session, SystemClock(), f"测试员{n}") for n in range(1, PEOPLE)]
        return [UUID(records.PERSON), *(person.id for person in others)]
