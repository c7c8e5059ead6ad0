"""Nothing but deaths, thousands of them: of tablets at random moments, of the server's workers, of the database."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.faults.ground import Ground
from tests.faults.older_store import put_back
from tests.faults.soak import Round, Session, Tally
from tests.faults.tablets import Tablet

BEFORE_S, AFTER_S = 0.0, 0.15
UPGRADES, SYNCS = 0.1, 0.2
MOST_SAVES = 1000


class TabletKills(Round):
    """`kills` deaths of tablets in the midst of a save, a photo, a sync or an upgrade. After each the store opens; at the end of a
    tablet's life all that it acknowledged is there, whole, and arrives."""

    def kill(self, kills: int) -> None:
        with ThreadPoolExecutor(len(self.tablets)) as pool:
            for done in pool.map(lambda slot: self._kill(slot, kills // len(self.tablets)), range(len(self.tablets))):
                self.tally.deaths.update(done)
        self.settle()

    def _kill(self, slot: int, kills: int) -> Counter[str]:
        chance, tablet, done = random.Random(f"{self.label}/{slot}"), self.tablets[slot], Counter[str]()
        session = Session(self.ground, tablet, chance, self.tally)
        self.ground.line.begin(slot, self.label, 0)
        while sum(done.values()) < kills:
            what = self._act(session, chance)
            if what:
                done[what] += 1
        return done

    def _act(self, session: Session, chance: random.Random) -> str:
        """What was under way when it died; empty where the death came too late or nothing was to be struck."""
        tablet, moment, drawn = session.tablet, chance.uniform(BEFORE_S, AFTER_S), chance.random()
        deaths = tablet.deaths
        tablet.tell(session.sighting(with_photo=False))  # its app is warm now, and has something to lose
        if drawn < UPGRADES:
            tablet.end()
            put_back(tablet.data)
            tablet.start(dies_after_s=moment)
            what = "upgrade"
        elif drawn < UPGRADES + SYNCS:
            tablet.tell({"do": "sync"}, moment)
            what = "sync"
        else:
            with_photo = drawn > (1 + UPGRADES + SYNCS) / 2
            tablet.die((session.sighting(with_photo) for _ in range(MOST_SAVES)), 2 * moment)
            what = "photo" if with_photo else "save"
        if not tablet.is_up:
            tablet.start()  # TabletDied where the store does not open
        return what if tablet.deaths > deaths else ""


def _at_the_server(round_: Round, strike: Callable[[float], bool], kills: int, pause_s: tuple[float, float]) -> Tally:
    """`kills` deaths while all of the round's tablets record and sync without pause."""
    over = threading.Event()

    def work(slot: int) -> None:
        tablet: Tablet = round_.tablets[slot]
        chance = random.Random(f"{round_.label}/{slot}")
        session = Session(round_.ground, tablet, chance, round_.tally)
        round_.ground.line.begin(slot, round_.label, 0)
        while not over.is_set():
            for number in range(4):
                tablet.tell(session.sighting(with_photo=number == 0))
            tablet.tell({"do": "sync"})

    done, chance = 0, random.Random(round_.label)
    with ThreadPoolExecutor(len(round_.tablets)) as pool:
        hands = [pool.submit(work, slot) for slot in range(len(round_.tablets))]
        try:
            while done < kills and not any(hand.done() for hand in hands):
                time.sleep(chance.uniform(*pause_s))
                done += strike(chance.random())
        finally:
            over.set()
        for hand in hands:
            hand.result()
    round_.settle()
    round_.tally.wrong["orphans"] += len(round_.ground.sweep())
    round_.tally.done = done
    return round_.tally


def tablet_kills(ground: Ground, label: str, tablets: int, kills: int) -> Tally:
    round_ = TabletKills(ground, label, tablets)
    round_.kill(kills)
    round_.tally.done = sum(round_.tally.deaths.values())
    return round_.tally


def worker_kills(ground: Ground, label: str, tablets: int, kills: int) -> Tally:
    return _at_the_server(Round(ground, label, tablets), ground.server.kill_worker, kills, (0.05, 0.4))


def database_kills(ground: Ground, label: str, tablets: int, kills: int) -> Tally:
    def strike(_: float) -> bool:
        ground.database_dies()
        return True

    return _at_the_server(Round(ground, label, tablets), strike, kills, (0.1, 0.5))
