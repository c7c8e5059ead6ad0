"""Diversity of one sample of individuals. `counts`: individuals of each species, whole, not negative; zeros are ignored.

Sources: Shannon 1948; Simpson 1949; Pielou 1966; Margalef 1958. ValueError where the counts are no counts.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def positive_counts(counts: Sequence[int]) -> NDArray[np.int64]:
    array = np.asarray(counts, dtype=np.int64)
    if array.ndim != 1 or (array < 0).any():
        raise ValueError("counts are one row of whole numbers, none negative")
    return array[array > 0]


def shannon(counts: Sequence[int]) -> float:
    """H' in natural logarithms; 0 for an empty sample."""
    shares = _shares(counts)
    return float(-(shares * np.log(shares)).sum()) + 0.0


def simpson(counts: Sequence[int]) -> float:
    """1 - sum of squared shares (Gini-Simpson)."""
    shares = _shares(counts)
    return float(1 - (shares**2).sum()) if len(shares) else 0.0


def inverse_simpson(counts: Sequence[int]) -> float:
    shares = _shares(counts)
    return float(1 / (shares**2).sum()) if len(shares) else 0.0


def pielou(counts: Sequence[int]) -> float | None:
    """H' / ln S; None where fewer than two species leave it undefined."""
    species = len(positive_counts(counts))
    return shannon(counts) / math.log(species) if species > 1 else None


def margalef(counts: Sequence[int]) -> float | None:
    """(S - 1) / ln N; None where fewer than two individuals leave it undefined."""
    present = positive_counts(counts)
    individuals = int(present.sum())
    return (len(present) - 1) / math.log(individuals) if individuals > 1 else None


def _shares(counts: Sequence[int]) -> NDArray[np.float64]:
    present = positive_counts(counts)
    return present / present.sum() if len(present) else present.astype(np.float64)
