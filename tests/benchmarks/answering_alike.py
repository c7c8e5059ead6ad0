"""L20: whether the time of an answer tells a foreign record from a missing one. 2,000 pairs, asked in either order."""

import math
import random
import time
from collections.abc import Iterator
from uuid import UUID

from flask.testing import FlaskClient

from server import db
from server.app import create_app
from server.sensitivity.scoping import shown_ids
from server.web.database import database
from shared.ids import uuid7
from tests import people, records
from tests.admitting import CLOCK, outcomes, set_up
from tests.benchmarks.measure import Goal, Result, figure
from tests.own_database import reference_database

PAIRS, WARMING = 2_000, 100
P_AT_LEAST = 0.01
ELSEWHERE = {**records.MANGSHAN, "latitude_e7": 281900000, "longitude_e7": 1129300000}


def cases() -> Iterator[Result]:
    with reference_database() as settings:
        foreign = records.occurrence(taxon=records.PANGOLIN, place=ELSEWHERE)
        with db.open_session(settings) as session:
            set_up(session)
            assert outcomes(session, foreign) == ["accepted"]
            shown = shown_ids(session, [UUID(foreign["id"])])[UUID(foreign["id"])]
            token = people.token_for(session, people.person(session, "reviewer"))
        app = create_app(settings, CLOCK)
        app.config["RATELIMIT_ENABLED"] = False
        here, missing = _times(app.test_client(), people.headers(token), shown)
        with app.app_context():
            database.engine.dispose()
    slower = sum(one > other for one, other in zip(here, missing, strict=True))
    yield figure(f"a foreign record took longer than a missing one, of {PAIRS:,} pairs", [slower / PAIRS], "share")
    yield figure("p of the two samples being one", [_p(here, missing)], "", Goal(at_least=P_AT_LEAST))


def _times(client: FlaskClient, headers: dict[str, str], foreign: UUID) -> tuple[list[float], list[float]]:
    dice, here, missing = random.Random(20), [], []
    for number in range(PAIRS + WARMING):
        pair = [(here, foreign), (missing, uuid7())]
        dice.shuffle(pair)
        for kept, id_ in pair:
            begun = time.perf_counter()
            answer = client.get(f"/v1/occurrences/{id_}", headers=headers)
            taken = time.perf_counter() - begun
            assert answer.status_code == 404
            if number >= WARMING:
                kept.append(taken)
    return here, missing


def _p(one: list[float], other: list[float]) -> float:
    """Mann and Whitney's, two-sided, by the normal approximation; ties do not happen among clocks of nanoseconds."""
    ordered = sorted([*((value, 0) for value in one), *((value, 1) for value in other)])
    total = sum(rank for rank, (_, which) in enumerate(ordered, start=1) if which == 0)
    n, m = len(one), len(other)
    z = (total - n * (n + m + 1) / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(abs(z) / math.sqrt(2))
