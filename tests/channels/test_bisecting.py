"""L1: whoever halves a box again and again comes to the cell that is told, and never to the place."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from shared.geodesy import distance_m
from tests.channels.planted import EAST, NORTH, SOUTH, WEST, World
from tests.scopes.ground import Caller

Holds = Callable[[float, float, float, float], bool]
_STEPS = 21


def bisected(holds: Holds) -> tuple[float, float]:
    """(longitude, latitude) to which 21 questions about either side lead."""
    west, south, east, north = WEST - 0.2, SOUTH - 0.2, EAST + 0.2, NORTH + 0.2
    for _ in range(_STEPS):
        middle = (west + east) / 2
        west, east = (west, middle) if holds(west, south, middle, north) else (middle, east)
        middle = (south + north) / 2
        south, north = (south, middle) if holds(west, south, east, middle) else (middle, north)
    return (west + east) / 2, (south + north) / 2


def guarded(caller: Caller, with_cell: bool) -> list[dict[str, Any]]:
    """By level: among all records the guarded ones may come after the first hundred."""
    found = [one for level in (1, 2, 3) for one in caller.items("occurrences", level=level, limit=100)]
    return [one for one in found if (one["place"]["latitude"] is not None) == with_cell]


def test_a_bisecting_attacker_comes_to_the_cell_s_centre(callers: Mapping[str, Caller], world: World) -> None:
    """L1: a box is held against what is told alone."""
    caller = callers["province"]
    for one in guarded(caller, with_cell=True)[:3]:

        def holds(*box: float, wanted: str = one["id"], level: int = one["level"]) -> bool:
            answer = caller.get("occurrences", bbox=",".join(map(str, box)), level=level, limit=100).json()
            return any(item["id"] == wanted for item in answer["items"])

        longitude, latitude = bisected(holds)
        told = one["place"]["longitude"], one["place"]["latitude"]
        assert distance_m(longitude, latitude, *told) < 10, "the box is answered by the told centre"
        near = [
            find
            for find in world.finds
            if distance_m(longitude, latitude, find.longitude_e7 / 1e7, find.latitude_e7 / 1e7) < 10
        ]
        assert near == []


def test_a_record_without_a_cell_lies_in_no_box(callers: Mapping[str, Caller]) -> None:
    """L1: what is told to its county alone is found by the county, and by no box however large."""
    caller = callers["province"]
    hidden = {one["id"] for one in guarded(caller, with_cell=False)}
    assert hidden
    box = f"{WEST - 1},{SOUTH - 1},{EAST + 1},{NORTH + 1}"
    boxed = [one for level in (1, 2, 3) for one in caller.items("occurrences", bbox=box, level=level, limit=100)]
    assert not hidden & {one["id"] for one in boxed}


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_control_comes_to_the_place_itself(world: World, number: int) -> None:
    """L1: held against the true place on purpose, the same 21 questions lead to it within 10 m."""
    find = world.finds[number]
    lon, lat = find.longitude_e7 / 1e7, find.latitude_e7 / 1e7
    reached = bisected(lambda west, south, east, north: west <= lon <= east and south <= lat <= north)
    assert distance_m(*reached, lon, lat) < 10
