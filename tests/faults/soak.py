"""Rounds of sessions over a bad line, with deaths on every side; at the end of a round both ends' books are compared."""

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from tests.faults.field_day import SPECIES
from tests.faults.ground import Ground
from tests.faults.ledgers import Pair, read_tablet
from tests.faults.older_store import put_back
from tests.faults.photographs import photograph
from tests.faults.tablets import Said, Tablet, TabletDied

CLEAN_TRIES, LONGER_EACH_S = 5, 1.0
"""A computer with too much to do may outlast the tablet's patience of a second or two."""
SHARE = 0.3
MOST_RECORDS, USUAL_RECORDS = 50, 7
PHOTOS = (0, 0, 0, 0, 0, 1, 1, 2, 3)
WORKER_DIES, SERVER_DIES, DATABASE_DIES = 0.045, 0.005, 0.002
TABLET_DIES, CLOCK_JUMPS, IS_CLONED, IS_UPGRADED = 0.2, 0.05, 0.02, 0.01
WALKS = 0.3
"""Of the sessions, those with a parent and its children: a third each with a transect, a plot, a patrol."""
COUNTS = (
    "lost",
    "doubled",
    "altered",
    "invented",
    "photos lost",
    "halves",
    "untold",
    "died",
    "not converged",
    "bad record",
    "piece twice",
    "one id for two",
)


@dataclass
class Tally:
    """What a round met, and what went wrong in it."""

    done: int = 0
    saved: int = 0
    photos: int = 0
    deaths: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(COUNTS, 0)))
    words: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        return not any(self.wrong.values())


class Round:
    """`label` is the seed of everything that is drawn; each of the ground's tablets is played by one thread."""

    def __init__(self, ground: Ground, label: str, tablets: int, share: float = SHARE) -> None:
        self.ground, self.label, self.share = ground, label, share
        self.tally = Tally()
        self._before = ground.book.last_change()
        self.tablets = [ground.tablet(slot, f"{label}-{slot}") for slot in range(tablets)]
        self._lock = threading.Lock()

    def play(self, sessions: int) -> Tally:
        """All of the sessions, then the line heals and everything must have come to one end."""
        with ThreadPoolExecutor(len(self.tablets)) as pool:
            hands = [pool.submit(self._hand, slot, sessions) for slot in range(len(self.tablets))]
            for hand in hands:
                hand.result()
        self.settle()
        self.tally.wrong["orphans"] += len(self.ground.sweep())
        return self.tally

    def _hand(self, slot: int, sessions: int) -> None:
        for number in range(slot, sessions, len(self.tablets)):
            label = f"{self.label}/{slot}/{number}"
            tablet = self.tablets[slot]
            self.ground.line.begin(slot, label, self.share)
            try:
                Session(self.ground, tablet, random.Random(label), self.tally).play()
            except TabletDied as died:
                self._note("died", f"{label}: {died}")
                tablet.move(self.ground.zygote)
            with self._lock:
                self.tally.done += 1

    def _note(self, what: str, words: str) -> None:
        with self._lock:
            self.tally.wrong[what] += 1
            self.tally.words.append(words)

    def settle(self) -> None:
        """Five tries over a clean line; then every count must be 0."""
        self.ground.disarm()
        with ThreadPoolExecutor(len(self.tablets)) as pool:
            for _ in pool.map(self._drain, range(len(self.tablets))):
                pass
        saved: set[Pair] = set()
        kept: set[Pair] = set()
        photos: set[str] = set()
        device_ids: list[str] = []
        for tablet in [one for first in self.tablets for one in (first, *first.twins)]:
            tablet.end()
            book = read_tablet(tablet.data)
            saved |= tablet.ledger.saved
            kept |= book.records
            photos |= book.photos
            self.tally.wrong["untold"] += len({one[0] for one in book.records} - book.told)
            device_ids.append(book.device_id)
        self.tally.wrong["one id for two"] += len(device_ids) - len(set(device_ids))
        self._compare(saved, kept, photos)

    def _drain(self, slot: int) -> None:
        self.ground.line.begin(slot, "", 0)
        for tablet in (self.tablets[slot], *self.tablets[slot].twins):
            tablet.disarm()
            said = _drained(tablet)
            if said:
                self._note("not converged", f"{tablet.folder.name}: {said}")

    def _compare(self, saved: set[Pair], kept: set[Pair], photos: set[str]) -> None:
        book, wrong = self.ground.book, self.tally.wrong
        arrived = book.records_after(self._before)
        mine = saved | kept
        strange = arrived - mine
        known = {record_id for record_id, _ in mine}
        self.tally.saved, self.tally.photos = len(saved), len(photos)
        wrong["lost"] += len(mine - arrived)
        wrong["doubled"] += len(book.accepted_twice())
        wrong["altered"] += len({one for one in strange if one[0] in known})
        wrong["invented"] += len({one for one in strange if one[0] not in known})
        wrong["photos lost"] += len(photos - book.photos_of(photos))
        halves = {name: count for name, count in book.halves().items() if count and name != "still expected"}
        wrong["halves"] += sum(halves.values())
        if halves:
            self.tally.words.append(str(halves))


def _drained(tablet: Tablet) -> str:
    """What still hinders it after so many tries over a clean line."""
    said: Said | None = None
    for tried in range(CLEAN_TRIES):
        time.sleep(tried * LONGER_EACH_S)
        with contextlib.suppress(TabletDied):
            said = tablet.tell({"do": "sync"})
            if said is not None and said["waiting"] == 0 and not said["failed"]:
                return ""
    return f"{said['failed']} ({said['waiting']})" if said is not None else "died"


@dataclass
class Session:
    """One person's hour: some records, some photos, a sync; and whatever happens meanwhile."""

    ground: Ground
    tablet: Tablet
    chance: random.Random
    tally: Tally

    def play(self) -> None:
        chance = self.chance
        jumped = chance.random() < CLOCK_JUMPS
        if chance.random() < IS_CLONED:
            self._note("clone")
            self._record_and_sync(self.tablet.clone())
        if chance.random() < IS_UPGRADED:
            self._note("upgrade")
            self.tablet.end()
            put_back(self.tablet.data)
        if jumped:
            self.tablet.move(self.ground.clockwork, FAKETIME=self._days())
        records = 1 + min(MOST_RECORDS - 1, int(chance.expovariate(1 / USUAL_RECORDS)))
        photos = chance.choice(PHOTOS)
        for number in range(records):
            self.tablet.tell(self.sighting(with_photo=number < photos))
        for step in self._walk(chance.random()):
            self.tablet.tell(step)
        if chance.random() < 0.05:
            self.tablet.tell({"do": "undo"})
        if chance.random() < TABLET_DIES / 2:
            self._note("tablet")
            self.tablet.tell(self.sighting(with_photo=True), chance.uniform(0, 0.06))
        if jumped and chance.random() < 0.5:
            self.tablet.tell({"environment": {"FAKETIME": self._days()}})
        self._sync(chance.random(), chance.uniform(0, 0.4))
        if jumped:
            self.tablet.move(self.ground.zygote)

    def _walk(self, drawn: float) -> list[dict[str, Any]]:
        """A transect with its zero counts, an invasive plot, or a patrol with a finding: parents with children."""
        place = self._place()
        if drawn < WALKS / 3:
            counts = {"counts": {"白鹭": self.chance.randint(1, 9)}, "targets": ["白鹭", "东方白鹳"]}
            effort = {"length_m": "2000", "duration_min": "50", "observers": 2, "weather": "晴"}
            return [{"do": "bird_transect", "location_name": "浪畔湖", **counts, **effort, **place}]
        if drawn < WALKS * 2 / 3:
            plot = {
                "species": "空心莲子草",
                "occurrence_area_m2": self.chance.randint(1, 500),
                "cover_pct": "45",
                "damage_grade": "中",
            }
            return [{"do": "invasive_plot", **plot, **place}]
        if drawn < WALKS:
            return [
                {"do": "start_patrol", "location_name": "天台山", **place},
                {"do": "finding", "finding_type": "snare", "action_taken": "拆除", **self._place()},
                {"do": "end_patrol"},
            ]
        return []

    def _place(self) -> dict[str, float]:
        chance = self.chance
        return {"lon": round(chance.uniform(112.9, 112.94), 6), "lat": round(chance.uniform(24.94, 24.98), 6)}

    def _record_and_sync(self, twin: Tablet) -> None:
        """Both go on by themselves, from one past."""
        for number in range(self.chance.randint(1, 4)):
            twin.tell(self.sighting(with_photo=number == 0, tablet=twin))
        twin.tell({"do": "sync"})

    def _days(self) -> str:
        """How far its clock is off, as libfaketime reads it."""
        return f"{self.chance.randint(-400, 400):+}d"

    def _sync(self, drawn: float, moment: float) -> None:
        limits = (
            (WORKER_DIES, "worker", lambda: self.ground.server.kill_worker(self.chance.random())),
            (SERVER_DIES, "server", self.ground.server_dies),
            (DATABASE_DIES, "database", self.ground.database_dies),
        )
        for share, name, strike in limits:
            if drawn < share:
                self._struck(name, strike, moment)
                return
            drawn -= share
        if drawn < TABLET_DIES / 2:
            self._note("tablet")
            self.tablet.tell({"do": "sync"}, moment)
        else:
            self.tablet.tell({"do": "sync"})

    def _struck(self, name: str, strike: Callable[[], None], moment: float) -> None:
        """While this tablet, and others, sync."""
        self._note(name)
        with self._one_at_a_time(name):
            death = threading.Timer(moment, strike)
            death.start()
            self.tablet.tell({"do": "sync"})
            death.join()

    @contextlib.contextmanager
    def _one_at_a_time(self, name: str) -> Iterator[None]:
        if name == "worker":
            yield
            return
        with self.ground.standing:
            yield

    def _note(self, name: str) -> None:
        self.tally.deaths[name] += 1

    def sighting(self, with_photo: bool, tablet: Tablet | None = None) -> dict[str, Any]:
        chance = self.chance
        step: dict[str, Any] = {"do": "record_sighting", "species": chance.choice(SPECIES), "count": 1}
        step |= self._place()
        if with_photo:
            step["photo"] = f"{chance.randrange(10**9)}.jpg"
            ((tablet or self.tablet).photos / step["photo"]).write_bytes(photograph(chance))
        return step
