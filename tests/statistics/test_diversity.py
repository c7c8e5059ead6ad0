"""Spider data as iNEXT publishes them; expected values from R (vegan, iNEXT) and scikit-bio, all printed digits."""

import math
from decimal import Decimal

import pytest

from server.statistics.diversity import inverse_simpson, margalef, pielou, shannon, simpson
from server.statistics.effort import encounter_rate
from server.statistics.richness import abundance_coverage, chao1

GIRDLED = [46, 22, 17, 15, 15, 9, 8, 6, 6, 4, 2, 2, 2, 2] + [1] * 12
LOGGED = [88, 22, 16, 15, 13, 10, 8, 8, 7, 7, 7, 5, 4, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2] + [1] * 14


def test_the_vectors_are_the_published_samples() -> None:
    assert (len(GIRDLED), sum(GIRDLED), len(LOGGED), sum(LOGGED)) == (26, 168, 37, 252)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (GIRDLED, (2.489865211, 0.8724489796, 7.84, 0.7642085437, 4.879035079)),
        (LOGGED, (2.668685582, 0.8521038045, 6.761499148, 0.7390601632, 6.510617901)),
    ],
)
def test_diversity_of_spiders(counts: list[int], expected: tuple[float, ...]) -> None:
    found = (shannon(counts), simpson(counts), inverse_simpson(counts), pielou(counts), margalef(counts))
    assert found == pytest.approx(expected, abs=6e-10, rel=6e-10)


@pytest.mark.parametrize(
    ("counts", "bias_corrected", "classic", "inext"), [(GIRDLED, 39.2, 44.0, 43.893), (LOGGED, 55.2, 61.5, 61.403)]
)
def test_three_variants_of_chao1(counts: list[int], bias_corrected: float, classic: float, inext: float) -> None:
    estimates = [chao1(counts, variant) for variant in ("bias_corrected", "classic", "inext")]
    assert [e.value for e in estimates] == pytest.approx([bias_corrected, classic, inext], abs=5e-4)
    assert len({e.variant for e in estimates}) == 3


@pytest.mark.parametrize(("counts", "coverage"), [(GIRDLED, 0.9288554388), (LOGGED, 0.9445706354)])
def test_coverage_of_individuals(counts: list[int], coverage: float) -> None:
    assert abundance_coverage(counts) == pytest.approx(coverage, abs=6e-11)


def test_zeros_and_order_change_nothing() -> None:
    shuffled = [0, *reversed(GIRDLED), 0]
    assert shannon(shuffled) == pytest.approx(shannon(GIRDLED))
    assert chao1(shuffled, "inext") == chao1(GIRDLED, "inext")


def test_what_small_samples_leave_undefined() -> None:
    assert (shannon([]), simpson([]), pielou([5]), margalef([1])) == (0.0, 0.0, None, None)
    assert shannon([4, 4]) == pytest.approx(math.log(2))
    nothing = chao1([0, 0], "inext")
    assert nothing.value is None and nothing.reason == "没有个体记录"


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="none negative"):
        shannon([3, -1])


def test_encounter_rate_counts_lines_without_a_find() -> None:
    lines = [(6, Decimal(1500)), (0, Decimal(2500))]
    assert encounter_rate(lines).value == pytest.approx(1.5)
    assert encounter_rate(lines[:1]).value == pytest.approx(4.0)


def test_encounter_rate_without_length_says_why() -> None:
    rate = encounter_rate([(3, Decimal(0))])
    assert rate.value is None and rate.reason == "样线长度缺失"
