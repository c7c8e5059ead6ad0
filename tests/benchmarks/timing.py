"""L20: whether the time or the size of an answer tells a record that lies elsewhere from one that is not there at all.

2,000 pairs of requests over HTTP, interleaved in a drawn order; a rank-sum test of each must not tell them apart (p > 0.01). The control
tells a record that may be seen from a missing one, and must.
"""

import random
import time
from collections.abc import Iterator
from uuid import UUID, uuid4

import numpy as np
import requests

from server.db import open_session
from server.sensitivity.scoping import shown_ids
from tests.admitting import outcomes
from tests.benchmarks.measure import Goal, Result, figure
from tests.own_database import reference_database
from tests.people import person, token_for
from tests.records import PANGOLIN, occurrence
from tests.scopes.ground import IN_YIZHANG, IN_YUELU
from tests.serving import serving

PAIRS = 2_000
_RECORDS = 50


def cases() -> Iterator[Result]:
    with reference_database() as settings, serving(settings) as live:
        with open_session(settings) as session:
            elsewhere = [occurrence(taxon=PANGOLIN, place=IN_YUELU) for _ in range(_RECORDS)]
            here = [occurrence(taxon=PANGOLIN, place=IN_YIZHANG) for _ in range(_RECORDS)]
            assert set(outcomes(session, *elsewhere, *here)) == {"accepted"}
            token = token_for(session, person(session, "reviewer"))
            foreign, own = (
                list(shown_ids(session, [UUID(one["id"]) for one in some]).values()) for some in (elsewhere, here)
            )
        door = requests.Session()
        door.headers["Authorization"] = f"Bearer {token}"
        for name, ids, told in (("another county's record", foreign, False), ("control: one's own", own, True)):
            seconds, sizes = _pairs(door, f"{live.url}/v1/occurrences", ids)
            p_value = min(rank_sum_p(*seconds), rank_sum_p(*sizes))
            goal = Goal(at_most=0.01) if told else Goal(at_least=0.01)
            yield figure(f"{name} against a missing one", [p_value], "p", goal, f"{PAIRS} pairs")


def _pairs(
    door: requests.Session, url: str, ids: list[UUID]
) -> tuple[tuple[list[float], list[float]], tuple[list[float], list[float]]]:
    """(seconds, bytes), each of (known, missing)."""
    some = random.Random(20)
    seconds: tuple[list[float], list[float]] = ([], [])
    sizes: tuple[list[float], list[float]] = ([], [])
    for number in range(-50, PAIRS):
        asked = [(0, some.choice(ids)), (1, uuid4())]
        some.shuffle(asked)
        for which, id_ in asked:
            begun = time.perf_counter()
            answer = door.get(f"{url}/{id_}", timeout=30)
            took = time.perf_counter() - begun
            if number >= 0:
                seconds[which].append(took)
                sizes[which].append(float(len(answer.content) + 1000 * answer.status_code))
    return seconds, sizes


def rank_sum_p(one: list[float], other: list[float]) -> float:
    """Two-sided p of the Mann-Whitney test, by its normal approximation with ties (exact enough from some dozens on)."""
    together = np.concatenate([one, other])
    _, inverse, counts = np.unique(together, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    n, m = len(one), len(other)
    spread = n * m / 12 * ((n + m + 1) - (counts**3 - counts).sum() / ((n + m) * (n + m - 1)))
    if spread <= 0:
        return 1.0
    score = abs(ranks[:n].sum() - n * (n + m + 1) / 2) / np.sqrt(spread)
    return float(_two_sided(score))


def _two_sided(score: float) -> float:
    from math import erfc, sqrt

    return erfc(score / sqrt(2))
