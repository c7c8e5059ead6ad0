"""T15: a store is copied at any moment, both go on; in the end the province has the union, each once, and each store an id of its own.

`XIANGYE_FORKS=500 XIANGYE_SEED=n` for so many copies; a failure is not made smaller, which would take minutes: its seed brings it again.
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import text

from mobile.capture.recorder import Part
from mobile.species.search import SpeciesIndex
from server.accounts.service import add_person, enrol, issue_code
from server.cluster import Cluster
from server.db import open_session
from shared import failpoints
from shared.ids import uuid7
from tests import records
from tests.admitting import CLOCK
from tests.conftest import clone
from tests.mobile.tablets import Tablet, tablet
from tests.serving import Live, serving

EXAMPLES = int(os.environ.get("XIANGYE_FORKS", "25"))
SEED = int(os.environ.get("XIANGYE_SEED", "15"))
CUTS = ("records_to_post", "receipts_written", "fork_to_ask", "credential_without_row", "fork_written")
ROUNDS = 2
Key = tuple[str, str]


@dataclass
class Province:
    live: Live
    folder: Path
    species: SpeciesIndex
    met: Counter[str] = field(default_factory=Counter)

    def enrolled(self) -> tuple[UUID, UUID, str]:
        """A person, a device and its credential."""
        with open_session(self.live.settings) as session:
            person, device = add_person(session, CLOCK, "测试员").id, uuid7()
            _, credential = enrol(session, CLOCK, issue_code(session, CLOCK, person), device, "平板", "1")
        return person, device, credential

    def versions_of(self, person: str) -> set[Key]:
        query = text("SELECT id, digest FROM xiangye.version WHERE author = :person")
        with open_session(self.live.settings) as session:
            return {(str(row.id), row.digest) for row in session.execute(query, {"person": person})}

    def taken_in(self, keys: set[Key]) -> Counter[Key]:
        """How often each was new."""
        query = text(
            "SELECT record_id, digest FROM xiangye.receipt WHERE record_id = ANY(:ids) AND outcome <> 'already_have'"
        )
        with open_session(self.live.settings) as session:
            rows = session.execute(query, {"ids": [record_id for record_id, _ in keys]})
            return Counter((row.record_id, row.digest) for row in rows)


@pytest.fixture(scope="module")
def province(
    private_cluster: Cluster, reference_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Province]:
    folder = tmp_path_factory.mktemp("forks")
    with clone(private_cluster, reference_template, "forks") as made, serving(made) as live:
        with tablet(folder / "first", server_url=live.url, enrolled=False) as held, open_session(made) as session:
            code = issue_code(session, CLOCK, UUID(records.PERSON))
            session.commit()
            assert held.app.sync.enrol(code), held.app.sync.message
            species = held.app.store.packs.species()
        yield Province(live, folder, species)


def sightings(held: Tablet) -> set[Key]:
    rows = held.app.store.database.rows("select record_id, digest from record")
    return {(row["record_id"], row["digest"]) for row in rows}


@dataclass
class World:
    """Stores by name: `a` was copied to `b`."""

    province: Province
    home: Path
    stack: ExitStack
    stores: dict[str, Tablet] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    shared: str = ""

    def begin(self) -> None:
        person, device, credential = self.province.enrolled()
        shutil.copytree(self.province.folder / "first" / "packs", self.home / "a" / "packs")
        shutil.copy(self.province.folder / "first" / "field.sqlite3", self.home / "a")
        held = self._open("a")
        held.app.store.identity.keep(person_id=str(person), device_id=str(device), person_name="测试员")
        held.app.store.identity.enrol(credential, str(device))
        held.device.device_key.public_key()  # made at the enrolment
        self.shared = self._commit("a", records.event()["body"])

    def _open(self, name: str) -> Tablet:
        held = self.stores[name] = self.stack.enter_context(tablet(self.home / name, enrolled=False))
        held.clock.set(CLOCK.now())
        self._spare_reading(held)
        return held

    def _spare_reading(self, held: Tablet) -> None:
        """The list of species is the same in all of them: it is read once."""
        digest = held.app.store.packs.digest("taxa")
        assert digest
        held.app.store.packs._index = (digest, self.province.species)

    def _start(self, held: Tablet) -> None:
        held.restart()
        self._spare_reading(held)

    def copy(self) -> None:
        """As a backup that is put onto another tablet, with all there is in the folder."""
        held = self.stores["a"]
        self.told.clear()
        held.app.close()
        shutil.copytree(self.home / "a", self.home / "b")
        held.open()
        self._spare_reading(held)
        self._open("b")

    def act(self, name: str, act: str) -> None:
        held = self.stores[name]
        match act.split():
            case ["record"]:
                self._commit(name, records.event()["body"])
            case ["edit"]:
                kept = held.app.store.outbox.newest_version(self.shared)
                assert kept is not None
                remarks = f"{name} {held.app.store.outbox.total()}"
                self._commit(name, {**kept.body, "field_notes": remarks}, self.shared, kept.digest)
            case ["start"]:
                self._start(held)
            case ["mark"]:
                held.app.store.twins.compare(99, "0" * 64)
            case ["sync", *cut]:
                self._sync(name, *cut)

    def _commit(self, name: str, body: dict[str, Any], record_id: str = "", base: str | None = None) -> str:
        part = Part("event", "event/1", body, record_id or str(uuid7()), base)
        return self.stores[name].app.recorder.commit([part])[0].record_id

    def _sync(self, name: str, cut: str = "") -> None:
        held = self.stores[name]
        before = held.app.store.identity.device_id()
        failpoints.arm(f"{cut}=raise" if cut else "")
        report = held.app.session.run()
        struck = bool(cut) and not failpoints._told
        failpoints.arm("")
        assert bool(report.problems) == struck, report.problems
        self.province.met[f"sync cut at {cut}" if struck else "sync"] += 1
        if any("复制" in words or "备份恢复" in words for words in report.warnings):
            self.told.add(name)
        if struck:
            self._start(held)
        if held.app.store.identity.device_id() != before:
            self.province.met["forked"] += 1

    def has_ended(self) -> bool:
        """Whether nothing waits, and each has an id of its own."""
        waits = any(held.app.store.parting.waits() for held in self.stores.values())
        return not waits and len({held.app.store.identity.device_id() for held in self.stores.values()}) == 2


EDITS = st.sampled_from(("record", "edit"))
SYNCS = st.sampled_from(("sync", "sync", *(f"sync {cut}" for cut in CUTS)))
BEFORE = st.lists(st.sampled_from(("mark", "record", "edit")) | SYNCS, max_size=3)
NAMES = st.sampled_from("ab")


@st.composite
def afterwards(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Both edit, in any order, and sync and start again meanwhile."""
    edits = [("a", draw(EDITS)), ("b", draw(EDITS))]
    others = draw(st.lists(st.tuples(NAMES, EDITS | SYNCS | SYNCS | st.just("start")), max_size=3))
    return draw(st.permutations(edits + others))


@seed(SEED)
@settings(max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate])
@given(before=BEFORE, after=afterwards(), last=st.permutations("ab"))
def play(province: Province, before: list[str], after: list[tuple[str, str]], last: list[str]) -> None:
    number = province.met["copies"] = province.met["copies"] + 1
    if number % 100 == 0:
        print(f"\n{dict(province.met)}")
    with ExitStack() as stack:
        home = province.folder / str(number)
        stack.callback(shutil.rmtree, home)
        world = World(province, home, stack)
        world.begin()
        for act in before:
            world.act("a", act)
        world.copy()
        for name, act in after:
            world.act(name, act)
        for _ in range(ROUNDS):
            if not world.has_ended() or not world.told:
                for name in last:
                    world.act(name, "sync")
        assert world.has_ended()
        union = set.union(*map(sightings, world.stores.values()))
        person = world.stores["a"].app.store.identity.current().person_id
        assert province.versions_of(person) == union, "nothing lost, nothing overwritten, nothing that nobody made"
        assert province.taken_in(union) == Counter(dict.fromkeys(union, 1)), "each once"
        assert world.told, "the one or the other was told of it"
        for held in world.stores.values():
            numbers = [row["seq"] for row in held.app.store.database.rows("select seq from record")]
            assert len(numbers) == len(set(numbers))


def test_two_stores_of_one_device_end_as_two_devices_and_lose_nothing(province: Province) -> None:
    play(province)
    print(f"\nseed {SEED}: {dict(province.met)}")
    assert province.met["forked"] > 0
