"""Species accumulation over sampling units: expected richness at t units, interpolated and extrapolated.

Source: Colwell et al. 2012 (hypergeometric interpolation, Chao2-based extrapolation), as iNEXT has it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from server.statistics.richness import checked_frequencies, unseen_species


@dataclass(frozen=True)
class CurvePoint:
    units: int
    species: float
    extrapolated: bool


def expected_species(frequencies: Sequence[int], units: int, at: int) -> float:
    """Expected number of species in `at` units drawn from (or added to) the `units` sampled. Beyond 2 x `units` do not believe it."""
    present = checked_frequencies(frequencies, units)
    if at < 0 or units < 1:
        raise ValueError("units are whole numbers from one")
    if at <= units:
        return sum(1 - _chance_missed(int(frequency), units, at) for frequency in present)
    once, unseen = int((present == 1).sum()), unseen_species(present, units)
    if not once or not unseen:
        return float(len(present))
    weight = units * unseen / (units * unseen + once)
    return len(present) + unseen * (1 - weight ** (at - units))


def accumulation_curve(frequencies: Sequence[int], units: int, points: int = 40) -> list[CurvePoint]:
    """From one unit to twice the units sampled, at most about `points` steps on either side; the observed point is among them."""
    step = max(1, math.ceil(units / points))
    sampled = sorted({*range(1, units + 1, step), units})
    beyond = sorted({*range(units + step, 2 * units + 1, step), 2 * units})
    return [CurvePoint(at, expected_species(frequencies, units, at), at > units) for at in (*sampled, *beyond)]


def _chance_missed(frequency: int, units: int, at: int) -> float:
    if units - frequency < at:
        return 0.0
    return math.exp(_log_choose(units - frequency, at) - _log_choose(units, at))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
