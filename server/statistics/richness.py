"""Richness and sample coverage by the rare: Chao1 in its three published variants, Chao2, coverage of incidence and abundance.

Sources: Chao 1984, 1987; Chao & Jost 2012; the iNEXT and vegan implementations. Chao1 and Chao2 are lower bounds.
`frequencies`: in how many of the `units` sampling units each species was found.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from server.statistics.diversity import positive_counts
from server.statistics.estimate import Estimate

Chao1Variant = Literal["bias_corrected", "classic", "inext"]
CHAO1_NAMES: dict[Chao1Variant, str] = {
    "bias_corrected": "Chao1（偏差校正式）",
    "classic": "Chao1（经典式）",
    "inext": "Chao1（iNEXT式）",
}
CHAO2_NAME = "Chao2（iNEXT式）"
COVERAGE_NAME = "样本覆盖度（iNEXT式，按出现频次）"
MINIMUM_UNITS = 3
"""Below three units every unit's find is a singleton or shared by all: the formula gives a number that says nothing."""


def chao1(counts: Sequence[int], variant: Chao1Variant) -> Estimate:
    name = CHAO1_NAMES[variant]
    present = positive_counts(counts)
    if not len(present):
        return Estimate.impossible(name, "没有个体记录")
    once, twice = int((present == 1).sum()), int((present == 2).sum())
    return Estimate(len(present) + _unseen_individuals(once, twice, int(present.sum()), variant), name)


def abundance_coverage(counts: Sequence[int]) -> float:
    """Share of the community's individuals that belong to species seen (Chao & Jost 2012)."""
    present = positive_counts(counts)
    individuals = int(present.sum())
    if not individuals:
        return 0.0
    once, twice = int((present == 1).sum()), int((present == 2).sum())
    unseen = _unseen_individuals(once, twice, individuals, "inext")
    return 1 - once / individuals * _weight(individuals, unseen, once)


def chao2(frequencies: Sequence[int], units: int) -> Estimate:
    present = checked_frequencies(frequencies, units)
    reason = _no_incidence(present, units)
    if reason:
        return Estimate.impossible(CHAO2_NAME, reason)
    return Estimate(len(present) + unseen_species(present, units), CHAO2_NAME)


def incidence_coverage(frequencies: Sequence[int], units: int) -> Estimate:
    present = checked_frequencies(frequencies, units)
    reason = _no_incidence(present, units)
    if reason:
        return Estimate.impossible(COVERAGE_NAME, reason)
    once = int((present == 1).sum())
    weight = _weight(units, unseen_species(present, units), once)
    return Estimate(1 - once / int(present.sum()) * weight, COVERAGE_NAME)


def unseen_species(present: Sequence[int] | np.ndarray, units: int) -> float:
    """Q0 of Chao2, by the uniques Q1 and the duplicates Q2."""
    frequencies = np.asarray(present)
    once, twice = int((frequencies == 1).sum()), int((frequencies == 2).sum())
    factor = (units - 1) / units
    return factor * once**2 / (2 * twice) if twice else factor * once * (once - 1) / 2


def checked_frequencies(frequencies: Sequence[int], units: int) -> np.ndarray:
    present = positive_counts(frequencies)
    if units < 0 or (len(present) and int(np.max(present)) > units):
        raise ValueError(f"a species cannot be found in more than the {units} units sampled")
    return present


def _no_incidence(present: np.ndarray, units: int) -> str | None:
    if units < MINIMUM_UNITS:
        return f"调查单元仅 {units} 个，少于 {MINIMUM_UNITS} 个"
    if not len(present):
        return "各调查单元均未记录到物种"
    if int(present.max()) == 1:
        return "所有物种均只在一个调查单元出现，无重复出现信息"
    return None


def _unseen_individuals(once: int, twice: int, individuals: int, variant: Chao1Variant) -> float:
    if variant == "bias_corrected":
        return once * (once - 1) / (2 * (twice + 1))
    unseen = once**2 / (2 * twice) if twice else once * (once - 1) / 2
    return unseen if variant == "classic" else (individuals - 1) / individuals * unseen


def _weight(size: int, unseen: float, once: int) -> float:
    return size * unseen / (size * unseen + once) if once else 1.0
