"""Which counts of guarded records are too small to be told, and which years may stand beside them; pure.

A count under five is never told: not as a number, not as a number of rows, not as what is left when one number is taken from another.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

SMALLEST = 5
Kind = tuple[str, str, str]
"""(taxon, occurrenceStatus, area by whose name the records may be told)."""


def small(count: int) -> bool:
    """Something, but too little to say how much."""
    return 0 < count < SMALLEST


def any_small(parts: Iterable[int]) -> bool:
    """Whether one part of a whole is too small: then no part of it is told, since the others and the whole would tell it."""
    return any(small(part) for part in parts)


@dataclass
class Tally:
    """How many guarded records there are of each kind, and of each kind in each year. Of all there are, not of those asked for."""

    records: Counter[Kind] = field(default_factory=Counter)
    years: dict[Kind, Counter[int]] = field(default_factory=dict)

    def add(self, kind: Kind, year: int, count: int = 1) -> None:
        self.records[kind] += count
        self.years.setdefault(kind, Counter())[year] += count

    def few(self, kind: Kind) -> bool:
        return self.records[kind] < SMALLEST

    def told_years(self, kind: Kind) -> frozenset[int]:
        """Years with enough records each, and so many that what remains is nothing or enough as well."""
        own = self.years.get(kind, Counter())
        told = sorted((year for year, count in own.items() if year and count >= SMALLEST), key=lambda y: (own[y], y))
        rest = sum(own.values()) - sum(own[year] for year in told)
        return frozenset(told[1:] if small(rest) else told)
