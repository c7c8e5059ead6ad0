"""What follows from a place and what does not, whatever flags a record has."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.places.rules import Stamp
from server.sensitivity.rules import COARSEST_ZH, coarsest_of, with_new_place, with_place_flags, words
from shared.checks import FLAGS

OWN = ["date_missing", "date_future", "clock_off", "place_uncertain", "place_mock"]
PLACE = ["out_of_scope", "near_border"]
OTHERS = sorted(set(FLAGS) - set(OWN) - set(PLACE) - {"place_missing", "place_zero"})
NOWHERE = Stamp(None, None, None, None, False, False, None, (), None, "v1")
stamps = st.builds(lambda scope, near: replace(NOWHERE, in_scope=scope, uncertain=near), st.booleans(), st.booleans())


def some(names: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), unique=True).map(lambda chosen: [name for name in names if name in chosen])


@given(own=some(OWN), brought=some(OTHERS + PLACE), named=some(["name_unknown"]), old=stamps, new=stamps)
def test_flags_after_a_new_layer_are_those_of_a_record_that_comes_now(
    own: list[str], brought: list[str], named: list[str], old: Stamp, new: Stamp
) -> None:
    stored = with_place_flags(own, brought, old)
    stored += [flag for flag in named if flag not in stored]
    fresh = with_place_flags(own, brought, new)
    fresh += [flag for flag in named if flag not in fresh]
    told = with_new_place(stored, brought, new)
    assert sorted(told) == sorted(fresh)
    if not set(brought) & set(PLACE):
        assert told == fresh


@pytest.mark.parametrize("coarsest", sorted(COARSEST_ZH))
def test_how_coarsely_a_place_is_named_is_read_back_out_of_its_words(coarsest: str) -> None:
    assert coarsest_of(words(1, coarsest)[0]) == coarsest


@pytest.mark.parametrize("level", [0, 2, 3, 4])
def test_other_levels_name_nothing(level: int) -> None:
    assert coarsest_of(words(level, None)[0]) is None
