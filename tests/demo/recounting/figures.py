"""How a figure is written, and the formulas that the reports name; imports nothing of the project."""

import math
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal

DASH, HIDDEN = "—", "有记录"
SMALLEST = 5


def text(value: object, decimals: int = 0) -> str:
    """As Chinese statistical practice rounds: half up."""
    if value is None or value == "":
        return DASH
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float | Decimal):
        exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        return f"{exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):f}"
    return str(value)


def chao2(frequencies: Sequence[int], units: int) -> tuple[float, float] | None:
    """Chao2 and the sample coverage in their iNEXT forms; None below three units, or where no species came twice."""
    found = [one for one in frequencies if one]
    if units < 3 or not found or max(found) == 1:
        return None
    once, twice = found.count(1), found.count(2)
    unseen = (units - 1) / units * (once**2 / (2 * twice) if twice else once * (once - 1) / 2)
    share = units * unseen / (units * unseen + once) if once else 1.0
    return len(found) + unseen, 1 - once / sum(found) * share


def shannon(counts: Iterable[int]) -> float:
    values = [one for one in counts if one]
    return -sum(one / sum(values) * math.log(one / sum(values)) for one in values)


def simpson(counts: Iterable[int]) -> float:
    values = [one for one in counts if one]
    return 1 - sum((one / sum(values)) ** 2 for one in values)


def total(values: Iterable[Decimal | None], divisor: int) -> Decimal | None:
    """Of what is stated; None where nothing is."""
    known = [one for one in values if one is not None]
    return sum(known, Decimal(0)) / divisor if known else None
