"""The attack: every strategy in turn, one request each, until the budget is spent; and how near it came."""

import gzip
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from flask import Flask
from sqlalchemy import text

from server import db
from tests.attack import asking_about, places
from tests.attack.knowing import Answer, Ask, Known
from tests.attack.places import Plan
from tests.attack.planting import Ground, Target
from tests.attack.reading import Sweep

READERS = ("scientist", "prefecture_admin", "reviewer", "ranger", "surveyor")
OTHERS = ("auditor", "public_reporter")
HALF = 0.5


@dataclass
class Outcome:
    """`cells`: by target, how far off the surest guess is, in cells. `swept`: exact places found in answers, by what was asked.
    `in_company`: how many a guess by open records of the same cell and time would have placed: said, and not held against the answers."""

    requests: int = 0
    by_role: Counter[str] = field(default_factory=Counter)
    by_status: Counter[int] = field(default_factory=Counter)
    cells: dict[Target, tuple[float, str]] = field(default_factory=dict)
    swept: dict[Target, str] = field(default_factory=dict)
    in_company: int = 0

    @property
    def placed(self) -> dict[Target, str]:
        """Those that were placed nearer than half a cell, and by what."""
        return {target: by for target, (off, by) in self.cells.items() if off < HALF} | self.swept

    @property
    def found_by(self) -> set[str]:
        return {by for off, by in self.cells.values() if off < HALF}

    @property
    def unseen(self) -> int:
        return sum(by == "never seen" for _, by in self.cells.values())

    def words(self) -> str:
        offs = [off for off, by in self.cells.values() if by != "never seen"]
        return (
            f"{self.requests} requests {dict(self.by_role)}, statuses {dict(self.by_status)}: nearest {min(offs):.3f}, median "
            f"{median(offs):.3f} cells, surest by {dict(Counter(by for _, by in self.cells.values()))}, placed "
            f"{Counter(self.placed.values())}; {self.in_company} right by the company they keep"
        )


class Attack:
    def __init__(self, app: Flask, ground: Ground, budget: int, seed: int = 1) -> None:
        self._client = app.test_client(use_cookies=False)
        self._ground, self._budget = ground, budget
        self._some = random.Random(seed)
        self._sweep = Sweep(ground.targets)
        self.known = Known(ground.shapes, ground.survey, ground.author, ground.device)
        self.outcome = Outcome()
        self._asks: dict[Plan, Ask] = {}
        with db.open_session(ground.settings) as session:
            rows = session.execute(text("SELECT id, shown_id::text FROM xiangye.shown_record"))
            self._shown = {row[0]: row[1] for row in rows}

    def run(self, stop_when_placed: bool = False) -> Outcome:
        """`stop_when_placed`: what is asserted of the whole attack is false from then on."""
        plans = [asking_about.list_all(self.known, "scientist", "-listed_on")]
        first = True
        while self.outcome.requests < self._budget:
            if not plans:
                plans = list(self._plans() if first else self._endless())
                first = False
            plans = [plan for plan in plans if self._step(plan)]
            if stop_when_placed and self._look().placed:
                break
        return self._look()

    def _look(self) -> Outcome:
        asking_about.times_of(self.known)
        for target in self._ground.targets:
            guess = self.known.surest(self._shown[target.id])
            if guess is None:
                self.outcome.cells[target] = (float("inf"), "never seen")
            else:
                self.outcome.cells[target] = (target.cells_off(guess.longitude, guess.latitude), guess.by)
        near = asking_about.company(self.known)
        told = ((target, near.get(self._shown[target.id])) for target in self._ground.targets)
        self.outcome.in_company = sum(at is not None and target.cells_off(*at) < HALF for target, at in told)
        return self.outcome

    def _plans(self) -> Iterator[Plan]:
        """Those that cost little and tell much come first; a plan goes on by one request each round."""
        known, about = self.known, asking_about
        guarded = known.guarded()
        self._some.shuffle(guarded)
        yield from (about.list_all(known, role, sort) for role in READERS for sort in ("-listed_on", "listed_on"))
        yield from (about.beside(known, role, kind) for kind in ("events", "patrols", "findings") for role in READERS)
        yield from (
            about.export(known, role, form, edition)
            for edition in about.EDITIONS
            for form in about.FORMATS
            for role in ("scientist", "reviewer", "prefecture_admin", "auditor")
        )
        yield from (about.queues(known, role) for role in (*READERS, *OTHERS))
        yield from (about.provoke(known, role) for role in (*READERS, *OTHERS))
        yield from (about.trial(known, "scientist"), about.tablet(known))
        yield from (self._all_of(group) for group in self._about(guarded))

    def _about(self, guarded: list[dict[str, Any]]) -> Iterator[Iterator[Plan]]:
        known = self.known
        yield (places.bisect(known, self._reader(one), one, counting=False) for one in guarded)
        yield (asking_about.of_one(known, self._reader(one), one) for one in guarded)
        yield (places.bisect(known, self._reader(one), one, counting=True) for one in guarded)
        yield (places.counties(known, self._reader(one), one) for one in guarded)
        yield (places.cells(known, self._reader(one), one) for one in guarded)
        yield (places.tiles(known, self._reader(one), one, range(14, -1, -1)) for one in guarded)

    def _endless(self) -> Iterator[Plan]:
        """With what is left of the budget: boxes in boxes, and everything about each record as another role is told it."""
        shapes, known = list(self.known.shapes.values()), self.known
        one = self._some.choice(known.guarded())
        for role in READERS:
            yield places.nested(known, role, self._some.choice(shapes), self._some.random)
            yield asking_about.of_one(known, role, one)
            yield places.tiles(known, role, one, range(9, 15))

    def _reader(self, item: dict[str, Any]) -> str:
        """Somebody who is told of it, and not always who is told of everything."""
        county = (item["place"] or {}).get("county_code") or ""
        may = ["scientist"]
        may += ["prefecture_admin"] if county.startswith("4310") else []
        may += ["reviewer", "ranger", "surveyor"] if county == "431022" else []
        return self._some.choice(may)

    def _all_of(self, plans: Iterator[Plan]) -> Plan:
        return (yield from _one_after_another(plans))

    def _step(self, plan: Plan) -> bool:
        """One request of it. False where it is over."""
        if self.outcome.requests >= self._budget:
            return False
        try:
            ask = self._asks.pop(plan, None) or next(plan)
            self._asks[plan] = plan.send(self._ask(ask))
        except StopIteration:
            return False
        return True

    def _ask(self, ask: Ask) -> Answer:
        headers = {**self._ground.headers[ask.role], **ask.headers}
        told: dict[str, Any] = {"json": ask.body} if ask.body is not None else {}
        if ask.role == "device" and ask.body is not None:
            packed = gzip.compress(json.dumps(ask.body).encode())
            told = {"data": packed, "content_type": "application/json"}
            headers["Content-Encoding"] = "gzip"
        response = self._client.open(ask.path, method=ask.method, headers=headers, buffered=True, **told)
        answer = Answer(response.status_code, response.data, dict(response.headers))
        self.outcome.requests += 1
        self.outcome.by_role[ask.role] += 1
        self.outcome.by_status[answer.status] += 1
        for number in self._sweep.places_in(answer.data) | self._sweep.places_in(json.dumps(answer.headers).encode()):
            self.outcome.swept.setdefault(self._ground.targets[number], f"in an answer to {ask.role} {ask.path[:60]}")
        return answer


def _one_after_another(plans: Iterator[Plan]) -> Plan:
    for plan in plans:
        yield from plan
