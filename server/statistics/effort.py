"""Rates by effort. Lines without a find belong to the effort."""

from collections.abc import Iterable
from decimal import Decimal

from server.statistics.estimate import Estimate

ENCOUNTER_RATE_NAME = "遇见率（个体数/样线公里数，含零记录样线）"


def encounter_rate(lines: Iterable[tuple[int, Decimal]]) -> Estimate:
    """Sum of individuals over sum of kilometres. `lines`: (individuals, length in metres) of each line walked, zero counts included."""
    individuals, metres = 0, Decimal(0)
    for count, length in lines:
        if count < 0 or length < 0:
            raise ValueError("a count or a length below zero")
        individuals += count
        metres += length
    if not metres:
        return Estimate.impossible(ENCOUNTER_RATE_NAME, "样线长度缺失")
    return Estimate(float(individuals / (metres / 1000)), ENCOUNTER_RATE_NAME)
