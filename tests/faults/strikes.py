"""Every failpoint of the program, found in its source: none can be forgotten, and each is reached, or this says so."""

import ast
import functools
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from shared.failpoints import HANG_S
from tests.faults.ground import Ground
from tests.faults.older_store import put_back
from tests.faults.soak import CLEAN_TRIES, Round, Session, Tally

ROOT = Path(__file__).resolve().parents[2]
SIDES = {"mobile": "tablet", "server": "server"}
ELSEWHERE = ("mobile/rescue", "server/rescue", "server/relay", "server/station")
"""Rooms whose failpoints are struck by their own tests, as it takes a station or a file to come to them."""
ACTIONS = ("kill", "raise", "hang:0.2")
LONG_HANGS = 2
"""So many names a round of the long run also hang for half a minute, far beyond anybody's patience."""


class NamedTwice(AssertionError):
    """One name, one place."""


@functools.cache
def failpoints() -> dict[str, str]:
    """name → the side that passes it; empty where it is struck elsewhere."""
    found: dict[str, str] = {}
    for room, side in SIDES.items():
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "fail":
                    name = ast.literal_eval(node.args[0])
                    if name in found:
                        raise NamedTwice(f"{path}: {name}")
                    found[name] = "" if str(path.relative_to(ROOT)).startswith(ELSEWHERE) else side
    return found


def ours() -> list[str]:
    return [name for name, side in failpoints().items() if side]


class Strikes(Round):
    """Each strike in an hour of one tablet; the counts at the end are those of any round."""

    def __init__(self, ground: Ground, label: str) -> None:
        super().__init__(ground, label, 1)
        self._tablet = self.tablets[0]
        self._chance = random.Random(label)
        self._session = Session(ground, self._tablet, self._chance, self.tally)
        ground.line.begin(0, "", 0)
        self._ways: dict[str, Callable[[], None]] = {
            "store_copied": self._upgrade,
            "store_copy_without_name": self._upgrade,
            "upgrade_to_come": self._upgrade,
            "photo_to_free": self._a_month_later,
            "pack_before_to_delete": self._another_pack,
            "fork_to_ask": self._as_a_twin,
            "credential_without_row": self._as_a_twin,
            "fork_written": self._as_a_twin,
            "credential_to_remove": self._behind_a_fork,
        }
        self._day()

    def once(self) -> Tally:
        """Each name with one of the actions, another one for each label."""
        at = self._chance.randrange(len(ACTIONS))
        return self.all(lambda number: (ACTIONS[(at + number) % len(ACTIONS)],))

    def long(self) -> Tally:
        """Each name with each action."""
        hung = self._chance.sample(range(len(ours())), LONG_HANGS)
        return self.all(lambda number: (*ACTIONS, "hang") if number in hung else ACTIONS)

    def all(self, actions: Callable[[int], tuple[str, ...]]) -> Tally:
        for number, name in enumerate(ours()):
            for action in actions(number):
                if self.strike(name, action):
                    self.tally.done += 1
                else:
                    self._note("unstruck", f"nobody passed {name}, so no {action}")
        self.settle()
        self.tally.wrong["orphans"] += len(self.ground.sweep())
        return self.tally

    def strike(self, name: str, action: str) -> bool:
        """Whether it struck."""
        arms = self._tablet if failpoints()[name] == "tablet" else self.ground
        way = self._ways.get(name, self._day)
        self._prepare(way)
        arms.arm(name, action)
        over = time.monotonic() + HANG_S
        way()
        for _ in range(CLEAN_TRIES):  # a slow machine may outlast the tablet's patience before the place is reached
            if not arms.is_armed:
                break
            self._day()
        struck = not arms.disarm()
        if action == "hang":
            time.sleep(max(0.0, over - time.monotonic()))  # until then it holds what the next strike needs
        self.tally.deaths[f"{name} {action}"] += struck
        if not self._tablet.is_up:
            self._tablet.start()  # TabletDied where the store does not open
        return struck

    def _prepare(self, way: Callable[[], None]) -> None:
        if way != self._day:
            self._tablet.end()
        if way == self._upgrade:
            put_back(self._tablet.data)
        elif way == self._a_month_later:
            longer = "'2020-01-01T00:00:00+08:00'"
            self._sql(f"update media_file set held_at = {longer}, held_server_at = {longer} where state = 'held'")
        elif way == self._another_pack:
            self._sql("delete from pack")
        elif way in (self._as_a_twin, self._behind_a_fork):
            self._sql("insert or replace into setting values ('twin', '平板数据可能被复制过')")
        if way == self._behind_a_fork:
            self._as_a_twin()
            self._tablet.end()

    def _day(self) -> None:
        self._tablet.tell(self._session.sighting(with_photo=True))
        self._tablet.tell(self._session.sighting(with_photo=False))
        self._tablet.tell({"do": "sync"})

    def _upgrade(self) -> None:
        self._tablet.start()

    def _a_month_later(self) -> None:
        self._tablet.tell({"do": "sync"})

    def _another_pack(self) -> None:
        self._tablet.tell({"do": "sync"})

    def _as_a_twin(self) -> None:
        self._tablet.tell({"do": "sync"})

    def _behind_a_fork(self) -> None:
        self._tablet.start()

    def _sql(self, statement: str) -> None:
        with closing(sqlite3.connect(self._tablet.data / "field.sqlite3", isolation_level=None)) as store:
            store.execute(statement)
