"""Times our way beside another in the same run: rounds interleaved, ratios of each round, the median and its spread."""

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

Run = Callable[[], object]


@dataclass(frozen=True)
class Goal:
    """What the figure must reach: `at_least` for a ratio to a peer, `at_most` for a size or a time of our own."""

    at_least: float | None = None
    at_most: float | None = None

    def met(self, figure: float) -> bool:
        low = self.at_least is None or figure >= self.at_least
        return low and (self.at_most is None or figure <= self.at_most)

    def words(self) -> str:
        return f"≥ {self.at_least:g}" if self.at_least is not None else f"≤ {self.at_most:g}"


@dataclass(frozen=True)
class Result:
    """`lowest`, `highest`: of the rounds, so that a reader sees how far to trust the median."""

    name: str
    figure: float
    unit: str
    lowest: float
    highest: float
    goal: Goal | None = None
    note: str = ""

    @property
    def met(self) -> bool:
        return self.goal is None or self.goal.met(self.figure)


def compare(
    name: str, ours: Run, peers: Mapping[str, Run], goals: Mapping[str, Goal] | None = None, rounds: int = 5
) -> list[Result]:
    """How many times faster than each peer; the first call of each is not counted. The caller has checked beforehand
    that all of them find the same."""
    runs = {"": ours, **peers}
    for run in runs.values():
        run()
    seconds: dict[str, list[float]] = {label: [] for label in runs}
    for _ in range(rounds):
        for label, run in runs.items():
            seconds[label].append(_timed(run))
    own = median(seconds[""])
    return [
        _summary(
            f"{name} / {label}",
            [theirs / mine for theirs, mine in zip(seconds[label], seconds[""], strict=True)],
            "×",
            (goals or {}).get(label),
            f"{own:.4g} s against {median(seconds[label]):.4g} s",
        )
        for label in peers
    ]


def figure(name: str, values: list[float], unit: str, goal: Goal | None = None, note: str = "") -> Result:
    """A figure of our own, one value a round: a size, a share, a percentile of latencies."""
    return _summary(name, values, unit, goal, note)


def percentile(values: list[float], share: float) -> float:
    """The smallest value that `share` (0–1) of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _summary(name: str, values: list[float], unit: str, goal: Goal | None, note: str) -> Result:
    return Result(name, median(values), unit, min(values), max(values), goal, note)


def _timed(run: Run) -> float:
    gc.collect()
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun
