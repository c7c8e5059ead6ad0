"""Chao2 and coverage of incidence against published tables (vegan's manual) and against enumeration."""

import csv
import itertools
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.statistics.accumulation import accumulation_curve, expected_species
from server.statistics.richness import CHAO2_NAME, chao2, incidence_coverage

SITES = [{"a", "b", "c"}, {"a", "b"}, {"a", "d"}, {"a", "b", "e"}, {"b", "f"}]


def frequencies(sites: list[set[str]]) -> list[int]:
    return [sum(name in site for site in sites) for name in sorted(set().union(*sites))]


@pytest.mark.parametrize(
    ("management", "species", "chao"),
    [("BF", 16, 17.19048), ("HF", 21, 21.51429), ("NM", 21, 22.87500), ("SF", 21, 29.88889)],
)
def test_chao2_of_dune_meadows(shared_data: Path, management: str, species: int, chao: float) -> None:
    """specpool(dune) by management, as the manual of vegan prints it."""
    with (shared_data / "samples/ecology/dune.env.csv").open() as env:
        plots = {row["rownames"] for row in csv.DictReader(env) if row["Management"] == management}
    found: dict[str, int] = defaultdict(int)
    with (shared_data / "samples/ecology/dune.csv").open() as dune:
        for row in csv.DictReader(dune):
            for name, cover in row.items():
                found[name] += name != "rownames" and row["rownames"] in plots and float(cover) > 0
    present = [count for count in found.values() if count]
    assert len(present) == species
    estimate = chao2(present, len(plots))
    assert estimate.variant == CHAO2_NAME
    assert estimate.value == pytest.approx(chao, abs=5e-6)


def test_chao2_and_coverage_by_hand() -> None:
    """T 5, Q1 4 (c d e f), Q2 0: 6 + 4/5 x 4x3/2 = 10.8; A = 5x4.8/(5x4.8+4); coverage 1 - 4/12 x A."""
    assert chao2(frequencies(SITES), 5).value == pytest.approx(10.8)
    assert incidence_coverage(frequencies(SITES), 5).value == pytest.approx(1 - 4 / 12 * (24 / 28))


def test_accumulation_equals_the_mean_over_all_orders() -> None:
    for at in range(1, 6):
        draws = [len(set().union(*drawn)) for drawn in itertools.combinations(SITES, at)]
        assert expected_species(frequencies(SITES), 5, at) == pytest.approx(sum(draws) / len(draws))


def test_curve_passes_through_the_observed_point_and_tends_to_chao2() -> None:
    curve = accumulation_curve(frequencies(SITES), 5)
    observed = [point for point in curve if not point.extrapolated][-1]
    assert (observed.units, observed.species) == (5, pytest.approx(6))
    assert curve[-1].units == 10 and curve[-1].extrapolated
    assert expected_species(frequencies(SITES), 5, 5000) == pytest.approx(10.8)


@pytest.mark.parametrize(
    ("found", "units", "reason"),
    [([1, 2], 2, "少于 3 个"), ([], 8, "均未记录到物种"), ([1, 1, 1], 6, "无重复出现信息")],
)
def test_what_the_data_do_not_carry_is_said_in_words(found: list[int], units: int, reason: str) -> None:
    for estimate in (chao2(found, units), incidence_coverage(found, units)):
        assert estimate.value is None
        assert reason in (estimate.reason or "")


def test_more_finds_than_units_are_refused() -> None:
    with pytest.raises(ValueError, match="more than the 3 units"):
        chao2([4], 3)


SAMPLES = st.integers(3, 30).flatmap(
    lambda t: st.tuples(st.just(t), st.lists(st.integers(1, t), min_size=1, max_size=30))
)


@given(SAMPLES)
def test_bounds_hold_for_any_incidence(case: tuple[int, list[int]]) -> None:
    units, found = case
    estimate, coverage = chao2(found, units), incidence_coverage(found, units)
    if estimate.value is None or coverage.value is None:
        assert max(found) == 1
        return
    assert estimate.value >= len(found)
    assert 0 <= coverage.value <= 1
    curve = [point.species for point in accumulation_curve(found, units)]
    assert all(a <= b + 1e-9 for a, b in itertools.pairwise(curve))
