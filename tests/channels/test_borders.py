"""L4: what is told beside a cell near a border; intersected with every other thing that is told, a cell stays a cell."""

import random
from collections.abc import Mapping
from typing import Any

import shapely
from sqlalchemy.orm import Session

from server.places.queries import county_shape
from server.sensitivity.rules import CELL_E7
from server.sensitivity.service import PlaceToWrite, make_pairs
from shared.ids import uuid7

COUNTIES = ("431022", "431025", "430104")
_UNTOLD = ("id", "rule")
E7 = 10_000_000


def near_the_border(session: Session, code: str, count: int, chance: random.Random) -> list[tuple[int, int]]:
    """Latitude and longitude in 1e-7 degree, within some kilometres of the border of a county, on either side of it."""
    ring = county_shape(session, code).boundary
    found = []
    for _ in range(count):
        on = ring.interpolate(chance.random(), normalized=True)
        found.append((round((on.y + chance.gauss(0, 0.02)) * E7), round((on.x + chance.gauss(0, 0.02)) * E7)))
    return found


def told(
    session: Session, points: list[tuple[int, int]], level: int
) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """The exact and the disclosed home of a place at each of these points."""
    places = [PlaceToWrite(uuid7(), _place(*at), level, "test:L4", "county") for at in points]
    pairs = make_pairs(session, places)
    return [(pairs[one.id].exact, pairs[one.id].disclosed) for one in places]


def _place(latitude_e7: int, longitude_e7: int) -> dict[str, Any]:
    told = {"latitude_e7": latitude_e7, "longitude_e7": longitude_e7, "coordinate_uncertainty_in_meters": "5"}
    return {**told, "source": "gnss", "altitude_m": "700", "vertical_datum": None, "mock": False}


def cell_box(shown: Mapping[str, Any], level: int) -> Any:
    side = CELL_E7[level] / E7
    west, south = shown["longitude"] - side / 2, shown["latitude"] - side / 2
    return shapely.box(west + 1e-9, south + 1e-9, west + side - 1e-9, south + side - 1e-9)


def test_l4_a_cell_beside_its_county_is_a_whole_cell(reference: Session) -> None:
    """L4: where a cell is told it lies wholly in the county that is named; where it does not, nothing finer than the county is told."""
    chance, cells, names = random.Random(4), 0, 0
    for code in COUNTIES:
        points = near_the_border(reference, code, 60, chance)
        for level in (2, 3, 4):
            for exact, shown in told(reference, points, level):
                if shown["latitude"] is not None:
                    cells += 1
                    assert shown["county_code"] == exact["county_code"] is not None
                    assert county_shape(reference, shown["county_code"]).covers(cell_box(shown, level))
                else:
                    names += 1
                    finer = ("longitude", "cell_x", "cell_y", "uncertainty_m", "grid_cell", "altitude_m")
                    assert [shown[name] for name in finer] == [None] * len(finer)
                    assert shown["uncertain"] is False
    assert cells > 50 < names, "both happen near a border"


def test_l4_everything_told_follows_from_the_cell_or_from_the_county(reference: Session) -> None:
    """L4: two finds in one cell are told alike to the last column, and so are two finds without a cell in one county: county, 10 km
    cell, altitude and flags of a border add nothing."""
    chance = random.Random(44)
    for level in (2, 3, 4):
        by_told: dict[Any, Mapping[str, Any]] = {}
        points = [at for code in COUNTIES for at in near_the_border(reference, code, 40, chance)]
        side = CELL_E7[level]
        twins = [
            (y // side * side + chance.randrange(side), x // side * side + chance.randrange(side)) for y, x in points
        ]
        for _, shown in told(reference, points + twins, level):
            key = (shown["cell_x"], shown["cell_y"]) if shown["cell_x"] is not None else shown["county_code"]
            rest = {name: value for name, value in shown.items() if name not in _UNTOLD}
            assert by_told.setdefault(key, rest) == rest


def test_l4_two_editions_of_one_place_do_not_cut_each_other(reference: Session) -> None:
    """L4: the level of a place is one for every output, and a nested level is told by nobody: a stricter cell holds the milder one
    whole, so that a place told at 0.01° before its species was raised to 0.1° was told no finer than that."""
    chance = random.Random(444)
    points = near_the_border(reference, COUNTIES[0], 60, chance)
    coarse, fine = told(reference, points, 2), told(reference, points, 3)
    for (_, wide), (_, narrow) in zip(coarse, fine, strict=True):
        if wide["latitude"] is not None and narrow["latitude"] is not None:
            assert cell_box(wide, 2).covers(cell_box(narrow, 3))


def test_l4_the_search_finds_a_county_of_the_exact_place_beside_a_cell(reference: Session) -> None:
    """The control: named by the exact place beside a cell that a border cuts, a county would cut the cell."""
    chance = random.Random(4)
    points = near_the_border(reference, COUNTIES[0], 60, chance)
    shape = county_shape(reference, COUNTIES[0])
    cut = 0
    for latitude_e7, longitude_e7 in points:
        side = CELL_E7[2] / E7
        west, south = longitude_e7 / E7 // side * side, latitude_e7 / E7 // side * side
        cell = shapely.box(west, south, west + side, south + side)
        cut += not shape.covers(cell) and shape.intersects(cell)
    assert cut > 20
