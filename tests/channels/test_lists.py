"""L1, L2, L3, L6: what can be got out of lists by asking them many times."""

import itertools
import random

import pytest

from server.sensitivity.generalising import SMALLEST_COUNT
from tests.channels.planted import EAST, NORTH, SOUTH, WEST, World
from tests.scopes.ground import Caller

CELL_DEG = {2: 0.1, 3: 0.01, 4: 0.001}
AROUND = (WEST - 0.2, SOUTH - 0.2, EAST + 0.2, NORTH + 0.2)


def guarded(who: Caller) -> list[dict[str, object]]:
    """All guarded records that the lists tell of, page after page."""
    found = []
    for level in (1, 2, 3):
        after = None
        while True:
            answer = who.get("occurrences", level=level, limit=100, **({"after": after} if after else {})).json()
            found += answer["items"]
            after = answer["next"]
            if after is None:
                break
    return found


def counted(who: Caller, box: tuple[float, ...], **query: object) -> object:
    answer = who.get("occurrences", bbox=",".join(map(str, box)), count="true", limit=1, **query)
    return answer.json()["count"]["guarded"]


@pytest.mark.parametrize("role", ["county", "province"])
def test_bisecting_with_boxes_ends_at_the_centre_of_the_cell(
    callers: dict[str, Caller], world: World, role: str
) -> None:
    """L1: 21 boxes find the point that is published, which is the centre of the cell, and never the true one."""
    who = callers[role]
    told = [one for one in guarded(who) if one["place"]["latitude"] is not None]  # type: ignore[index]
    assert told, "no cell is told at all: nothing is tried"
    true = {(one.latitude_e7, one.longitude_e7) for one in world.finds}
    for one in random.Random(1).sample(told, min(6, len(told))):
        west, south, east, north = AROUND
        month = str(one["observed_from"])[:7]
        for step in range(42):
            half = ((west + east) / 2, north) if step % 2 else (east, (south + north) / 2)
            inside = who.items("occurrences", bbox=f"{west},{south},{half[0]},{half[1]}", level=one["level"], limit=100)
            if any(other["id"] == one["id"] for other in inside):
                east, north = half
            elif step % 2:
                west = half[0]
            else:
                south = half[1]
        found = (south + north) / 2, (west + east) / 2
        place = one["place"]
        assert abs(found[0] - place["latitude"]) < 1e-5 and abs(found[1] - place["longitude"]) < 1e-5, month  # type: ignore[index]
        assert (round(found[0] * 1e7), round(found[1] * 1e7)) not in true


def test_no_box_however_wide_holds_what_has_no_place(callers: dict[str, Caller]) -> None:
    """L1: level 1, and cells that a border would cut."""
    who = callers["province"]
    hidden = {one["id"] for one in guarded(who) if one["place"]["latitude"] is None}  # type: ignore[index]
    assert hidden
    for level in (1, 2, 3):
        inside = who.items("occurrences", bbox="-180,-90,180,90", level=level, limit=100)
        assert hidden.isdisjoint(one["id"] for one in inside)


def test_neither_order_follows_place_time_or_arrival(callers: dict[str, Caller], world: World) -> None:
    """L2, L3: neighbours with known places on both sides of a find say nothing about it."""
    who = callers["province"]
    open_ones = [
        one for sort in ("listed_on", "-listed_on") for one in who.items("occurrences", level=0, limit=100, sort=sort)
    ]
    for name in ("latitude", "longitude"):
        values = [one["place"][name] for one in open_ones[:100]]
        assert values not in (sorted(values), sorted(values, reverse=True))
        rising = sum(one < other for one, other in itertools.pairwise(values))
        assert 25 < rising < 75, "ordered by chance alone"
    times = [one["observed_from"] for one in open_ones[:100]]
    assert times not in (sorted(times), sorted(times, reverse=True))


def test_counts_of_nested_boxes_tell_no_more_than_the_cells(callers: dict[str, Caller]) -> None:
    """L6: each count is what the published centres add up to, fewer than five told as such; no difference tells a part of a cell."""
    who, dice = callers["province"], random.Random(2)
    centres = [
        (one["place"]["longitude"], one["place"]["latitude"]) for one in guarded(who) if one["place"]["latitude"]
    ]  # type: ignore[index]
    for _ in range(60):
        west, east = sorted(dice.uniform(AROUND[0], AROUND[2]) for _ in range(2))
        south, north = sorted(dice.uniform(AROUND[1], AROUND[3]) for _ in range(2))
        inside = sum(west <= lon <= east and south <= lat <= north for lon, lat in centres)
        assert counted(who, (west, south, east, north)) == (
            inside if inside == 0 or inside >= SMALLEST_COUNT else f"<{SMALLEST_COUNT}"
        )
