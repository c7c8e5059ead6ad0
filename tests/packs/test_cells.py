"""Coarse cells: every place of the province has a county near enough to guess by."""

import random

import shapely
from sqlalchemy.orm import Session

from server.packs.cells import cells_of_counties
from server.places.queries import province_counties
from shared.taxon_pack import cell_of


def test_each_cell_is_the_county_that_most_of_it_lies_in(reference: Session) -> None:
    counties = province_counties(reference)
    cells = {(row, column): code for row, column, code in cells_of_counties(counties)}
    shapes = {county.county.code: county.shape for county in counties}
    assert set(cells.values()) == set(shapes), "even the smallest district has a cell"
    chosen = random.Random(7).sample(sorted(cells), 150)
    for row, column in chosen:
        box = shapely.box(column * 0.05, row * 0.05, (column + 1) * 0.05, (row + 1) * 0.05)
        areas = {code: shape.intersection(box).area for code, shape in shapes.items() if shape.intersects(box)}
        assert areas[cells[row, column]] >= max(areas.values()) - 1e-9


def test_a_point_in_a_county_lies_in_a_cell_of_it_or_of_a_neighbour(reference: Session) -> None:
    counties = province_counties(reference)
    cells = {(row, column): code for row, column, code in cells_of_counties(counties)}
    shapes = {county.county.code: county.shape for county in counties}
    same = 0
    for code, shape in shapes.items():
        point = shape.representative_point()
        found = cells[cell_of(round(point.y * 1e7), round(point.x * 1e7))]
        same += found == code
        assert shapes[found].distance(point) < 0.075
    assert same >= 110, "of 122"
