from dataclasses import replace
from itertools import permutations

import pytest

from shared.merge import Version, merge

FIRST = Version("a", None, "occurrence", {"count": 1, "sex": None})
COUNT = Version("b", "a", "occurrence", {"count": 2, "sex": None})
SEX = Version("c", "a", "occurrence", {"count": 1, "sex": "male"})
OTHER_COUNT = Version("d", "a", "occurrence", {"count": 3, "sex": None})
GONE = Version("e", "a", "tombstone", {"target_id": "x"})
LATER = Version("f", "b", "occurrence", {"count": 4, "sex": None})
ORPHAN = Version("g", "unknown", "occurrence", {"count": 9, "sex": None})


def states(*versions: Version) -> set[str]:
    return {repr(merge(order)) for order in permutations(versions)}


def test_any_order_of_arrival_ends_in_one_state() -> None:
    for versions in (
        (FIRST, COUNT, SEX, LATER),
        (FIRST, COUNT, OTHER_COUNT),
        (FIRST, COUNT, GONE),
        (FIRST, ORPHAN, SEX),
    ):
        assert len(states(*versions)) == 1


def test_one_version_alone_stands_as_beside_one_that_waits() -> None:
    assert replace(merge([FIRST, ORPHAN]), waiting=()) == merge([FIRST])
    assert list(merge([FIRST]).body) == list(merge([FIRST, ORPHAN]).body)
    assert merge([ORPHAN]).state == "waiting"


def test_different_fields_merge() -> None:
    view = merge([FIRST, COUNT, SEX])
    assert (view.state, dict(view.body)) == ("current", {"count": 2, "sex": "male"})


def test_the_same_field_twice_is_a_conflict_with_both_values() -> None:
    view = merge([FIRST, COUNT, OTHER_COUNT])
    assert view.state == "conflict"
    assert set(view.conflicts["count"]) == {2, 3}


def test_a_tombstone_against_an_edit_is_a_conflict_and_the_edit_stays() -> None:
    view = merge([FIRST, COUNT, GONE])
    assert (view.state, dict(view.body)) == ("conflict", {"count": 2, "sex": None})


def test_a_tombstone_alone_deletes() -> None:
    assert merge([FIRST, GONE]).state == "deleted"


def test_an_unknown_base_waits_until_it_comes() -> None:
    assert merge([LATER]).state == "waiting"
    assert merge([LATER, FIRST, COUNT]).body["count"] == 4


def test_a_chain_follows_bases_not_numbers() -> None:
    assert merge([LATER, COUNT, FIRST]).heads == ("f",)


@pytest.mark.parametrize("removed", ["sex", "count"])
def test_a_field_that_one_side_dropped_is_dropped(removed: str) -> None:
    without = Version("h", "a", "occurrence", {k: v for k, v in FIRST.body.items() if k != removed})
    assert removed not in merge([FIRST, without, Version("i", "a", "occurrence", {**FIRST.body, "remarks": "x"})]).body


def test_a_value_taken_back_stays_taken_back_whatever_else_arrives() -> None:
    changed = Version("b", "a", "occurrence", {"count": 2, "sex": None})
    taken_back = Version("c", "b", "occurrence", {"count": 1, "sex": None})
    beside = Version("d", "b", "occurrence", {"count": 2, "sex": "male"})
    elsewhere = Version("e", "a", "occurrence", {"count": 1, "sex": None, "remarks": "x"})
    view = merge([FIRST, changed, taken_back, beside, elsewhere])
    assert (view.state, dict(view.body)) == ("current", {"count": 1, "sex": "male", "remarks": "x"})


def test_the_giver_of_a_value_is_known() -> None:
    named = Version("n", "a", "occurrence", {**FIRST.body, "taxon": "egret"})
    counted = Version("o", "n", "occurrence", {**named.body, "count": 5})
    view = merge([FIRST, named, counted, SEX])
    assert {name: view.sources[name] for name in ("taxon", "count", "sex")} == {"taxon": "n", "count": "o", "sex": "c"}


def test_an_edit_speaks_for_a_record_that_another_would_delete() -> None:
    assert merge([FIRST, COUNT, Version("A", "a", "tombstone", {})]).lead == "b"


def test_a_record_written_again_after_its_tombstone_stands() -> None:
    again = Version("f", "e", "occurrence", {"count": 8, "sex": None})
    view = merge([FIRST, GONE, again])
    assert (view.state, dict(view.body)) == ("current", {"count": 8, "sex": None})


def test_a_version_without_its_base_is_named_beside_what_stands() -> None:
    assert merge([FIRST, ORPHAN]).waiting == ("g",)


def settled(base: str, *others: str, body: dict[str, object] | None = None, kind: str = "occurrence") -> Version:
    return Version("z", base, kind, body or {"count": 3, "sex": None}, others)


def test_a_settlement_stands_for_all_that_it_names_whatever_it_chose() -> None:
    for base, other in (("b", "d"), ("d", "b")):
        for count in (2, 3, 7):
            view = merge([FIRST, COUNT, OTHER_COUNT, settled(base, other, body={"count": count, "sex": None})])
            assert (view.state, view.heads, view.body["count"]) == ("current", ("z",), count)


def test_a_settlement_keeps_or_deletes_what_one_side_deleted() -> None:
    kept = settled("b", "e", body={"count": 2, "sex": None})
    assert (merge([FIRST, COUNT, GONE, kept]).state, merge([FIRST, COUNT, GONE, kept]).body["count"]) == ("current", 2)
    deleted = settled("e", "b", kind="tombstone", body={"target_id": "x"})
    assert merge([FIRST, COUNT, GONE, deleted]).state == "deleted"


def test_what_is_said_beside_a_settlement_is_a_new_question() -> None:
    """Somebody who had not heard of it goes on from one of the values that it settled."""
    late = Version("y", "b", "occurrence", {"count": 5, "sex": None})
    view = merge([FIRST, COUNT, OTHER_COUNT, settled("b", "d"), late])
    assert view.state == "conflict" and set(view.conflicts["count"]) == {3, 5}
    other_field = Version("x", "b", "occurrence", {"count": 2, "sex": "male"})
    beside = merge([FIRST, COUNT, OTHER_COUNT, settled("b", "d"), other_field])
    assert (beside.state, dict(beside.body)) == ("current", {"count": 3, "sex": "male"})


def test_a_settlement_waits_for_everything_that_it_names() -> None:
    view = merge([FIRST, COUNT, settled("b", "d")])
    assert (view.state, view.waiting) == ("current", ("z",))
    assert merge([FIRST, COUNT, settled("b", "d"), OTHER_COUNT]).waiting == ()


def test_two_who_settle_it_alike_agree_and_differently_do_not() -> None:
    one = settled("b", "d")
    for count, state in ((3, "current"), (2, "conflict")):
        other = Version("w", "d", "occurrence", {"count": count, "sex": None}, ("b",))
        assert merge([FIRST, COUNT, OTHER_COUNT, one, other]).state == state


def test_settlements_too_end_in_one_state_in_any_order() -> None:
    late = Version("y", "b", "occurrence", {"count": 5, "sex": None})
    for versions in (
        (FIRST, COUNT, OTHER_COUNT, settled("b", "d"), late),
        (FIRST, COUNT, GONE, settled("b", "e"), SEX),
        (FIRST, COUNT, OTHER_COUNT, settled("b", "d", "c"), SEX),
    ):
        assert len(states(*versions)) == 1
