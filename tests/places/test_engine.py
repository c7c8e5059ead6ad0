"""Our own engine beside PostGIS: the same answer for every point, on corners and sides, in holes, exclaves and overlaps."""

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from server import db
from server.places import queries, stamping
from server.places.label_raster import LabelRaster
from server.places.polygons import Polygons
from server.settings import Settings
from tests.places import postgis
from tests.places.versions import named_layer

EXCLAVES = {"522627": (109.567, 26.748), "421088": (113.110, 29.428)}
Points = list[tuple[float, float]]


@pytest.fixture(scope="module")
def outlines(shared_clone: Settings) -> dict[str, shapely.MultiPolygon]:
    """All counties of the country, by code."""
    with db.session_factory(shared_clone)() as session:
        codes = sorted({f"{code:02d}" for code in range(11, 83)})
        return {
            one.county.code: one.shape for province in codes for one in queries.province_counties(session, province)
        }


def told(session: Session, points: Points) -> list[tuple[str | None, bool, float | None]]:
    stamps = queries.stamp_many(session, [(str(n), *point) for n, point in enumerate(points)])
    return [(one.county_code, one.uncertain, one.distance_to_border_m) for one in stamps.values()]


def on_rings(shapes: list[shapely.MultiPolygon], number: int, seed: int) -> Points:
    """Half on corners, half on the sides between them, as nearly as a double can tell."""
    dice = np.random.default_rng(seed)
    ends, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(shapes)), return_index=True)
    chosen = dice.choice(np.flatnonzero(ring[1:] == ring[:-1]), number)
    share = np.where(np.arange(number) % 2, dice.uniform(size=number), 0.0)[:, None]
    return list(map(tuple, (ends[chosen] + (ends[chosen + 1] - ends[chosen]) * share).tolist()))


def differing(ours: list[object], theirs: list[object], points: Points) -> list[object]:
    return [row for row in zip(points, ours, theirs, strict=True) if row[1] != row[2]]


def test_points_all_over_the_country_lie_where_postgis_has_them(reference: Session) -> None:
    dice = np.random.default_rng(11)
    points = list(map(tuple, dice.uniform((73, 17), (135, 54), (6000, 2)).tolist()))
    points += list(map(tuple, dice.uniform((108.7, 24.6), (114.3, 30.2), (6000, 2)).tolist()))
    version = queries.boundary_version(reference)
    assert differing(told(reference, points), postgis.counties(reference, version, points), points) == []


def test_points_on_borders_lie_where_postgis_has_them(
    reference: Session, outlines: dict[str, shapely.MultiPolygon]
) -> None:
    points = on_rings(list(outlines.values()), 6000, seed=5)
    points += on_rings([shape for code, shape in outlines.items() if code.startswith("43")], 6000, seed=6)
    version = queries.boundary_version(reference)
    ours = told(reference, points)
    assert differing(ours, postgis.counties(reference, version, points), points) == []
    codes = postgis.codes(reference, version, points)
    assert sum(code is not None for code in codes) > 10_000, "most of them are on a side, not beside it"


def test_geos_would_differ_from_postgis_where_we_do_not(outlines: dict[str, shapely.MultiPolygon]) -> None:
    """Why the engine counts windings itself: on sides, the exact predicate of GEOS and the plain one of PostGIS part."""
    shapes = list(outlines.values())
    points = np.array(on_rings(shapes, 200_000, seed=7))
    geos = set(map(tuple, shapely.STRtree(shapes).query(shapely.points(points), predicate="intersects").T.tolist()))
    ours = set(zip(*(column.tolist() for column in Polygons(shapes).holding(*points.T)), strict=True))
    assert 0 < len(geos ^ ours) < 50


def test_holes_and_exclaves(reference: Session, outlines: dict[str, shapely.MultiPolygon]) -> None:
    """Around each hole of a county, and in both exclaves that lie in Hunan."""
    holes = [shapely.Polygon(ring) for shape in outlines.values() for part in shape.geoms for ring in part.interiors]
    assert len(holes) > 50
    inside = [hole.representative_point() for hole in holes]
    points = [(point.x, point.y) for point in inside] + on_rings([shapely.MultiPolygon([h]) for h in holes], 500, 8)
    dice = np.random.default_rng(9)
    for code, (lon, lat) in EXCLAVES.items():
        around = dice.normal((lon, lat), 0.02, (300, 2))
        points += list(map(tuple, around.tolist()))
        assert queries.locate(reference, lon, lat).county_code == code
    version = queries.boundary_version(reference)
    ours = told(reference, points)
    assert differing(ours, postgis.counties(reference, version, points), points) == []
    assert {code for code, _, _ in ours} >= set(EXCLAVES)


def test_points_off_the_coast_lie_where_postgis_has_them(
    reference: Session, outlines: dict[str, shapely.MultiPolygon]
) -> None:
    island = outlines["469007"]
    dice = np.random.default_rng(4)
    corners = shapely.get_coordinates(island)
    points = list(
        map(tuple, (corners[dice.integers(len(corners), size=1500)] + dice.normal(0, 0.006, (1500, 2))).tolist())
    )
    ours = told(reference, points)
    theirs = postgis.counties(reference, queries.boundary_version(reference), points)
    assert differing(ours, theirs, points) == []
    assert {(code is None, uncertain) for code, uncertain, _ in ours} == {
        (True, True),
        (True, False),
        (False, True),
        (False, False),
    }


@pytest.mark.parametrize(
    ("lon", "lat"),
    [(180, 0), (-180, 0), (180, 90), (-180, -90), (0, 90), (179.9999999, 16.5), (-179.9999999, -16.5), (113, 90)],
)
def test_the_ends_of_the_earth_are_in_no_county(reference: Session, lon: float, lat: float) -> None:
    version = queries.boundary_version(reference)
    assert told(reference, [(lon, lat)]) == postgis.counties(reference, version, [(lon, lat)]) == [(None, False, None)]


def test_what_is_no_place_on_earth_spoils_no_other(reference: Session) -> None:
    bad = [(math.nan, 27.0), (112.0, math.nan), (math.inf, 27.0), (112.0, -math.inf), (180.1, 27.0), (112.0, 90.1)]
    mixed = [point for one in bad for point in (one, (112.95, 24.95))]
    ours = told(reference, mixed)
    assert ours[::2] == [(None, False, None)] * len(bad)
    assert {code for code, _, _ in ours[1::2]} == {"431022"}


def test_the_label_point_of_each_county_lies_in_it(
    reference: Session, outlines: dict[str, shapely.MultiPolygon]
) -> None:
    own = {code: shape.representative_point() for code, shape in outlines.items() if code.startswith("43")}
    stamps = queries.stamp_many(reference, [(code, point.x, point.y) for code, point in own.items()])
    assert len(stamps) == 122
    assert {code: stamp.county_code for code, stamp in stamps.items()} == {code: code for code in own}
    assert all(stamp.in_scope for stamp in stamps.values())


@pytest.mark.parametrize(("metres", "uncertain"), [(300, True), (800, False)])
def test_within_500_metres_of_any_border_of_the_province_a_county_is_a_presumption(
    reference: Session, outlines: dict[str, shapely.MultiPolygon], metres: float, uncertain: bool
) -> None:
    """Points at that distance from the border of their own county, in every county that has one."""
    points = []
    for code, shape in outlines.items():
        line = shape.buffer(-metres / 105_000).boundary if code.startswith("43") else None
        if line is not None and not line.is_empty:
            points += [
                (p.x, p.y) for p in (line.interpolate(share, normalized=True) for share in (0.1, 0.35, 0.6, 0.85))
            ]
    ours = told(reference, points)
    exact = postgis.counties(reference, queries.boundary_version(reference), points)
    assert differing(ours, exact, points) == []
    assert {flag for _, flag, _ in ours} == {uncertain}
    assert len(points) > 400


LATTICE = st.integers(0, 8)
CORNER = st.tuples(LATTICE, LATTICE).map(lambda corner: (112 + corner[0] * 0.1, 27 + corner[1] * 0.1))
RING = st.lists(CORNER, min_size=3, max_size=6, unique=True)


@st.composite
def area(draw: st.DrawFn) -> shapely.Geometry:
    """One or two pieces with a hole or none, on a lattice, so that corners and sides of several fall together."""
    whole = shapely.Polygon(draw(RING)).buffer(0)
    for ring in draw(st.lists(RING, max_size=2)):
        other = shapely.Polygon(ring).buffer(0)
        whole = whole.difference(other) if draw(st.booleans()) else whole.union(other)
    parts = [part for part in shapely.get_parts(whole) if part.geom_type == "Polygon" and part.area > 1e-4]
    return shapely.MultiPolygon(parts)


def usable(shape: shapely.Geometry) -> bool:
    """Without sides of less than 1e-9 degree: of those PostGIS itself says one thing the first time it is asked and another
    when it has indexed the polygon."""
    ends, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(shape)), return_index=True)
    lengths = np.abs(np.diff(ends, axis=0)).max(axis=1)[ring[1:] == ring[:-1]]
    return bool(len(lengths)) and bool(shape.is_valid) and float(lengths.min()) > 1e-9


@given(
    shapes=st.lists(area().filter(usable), min_size=1, max_size=6),
    points=st.lists(
        st.one_of(CORNER, st.tuples(st.floats(111.9, 112.9), st.floats(26.9, 27.9))), min_size=1, max_size=30
    ),
    shares=st.lists(st.floats(0, 1), min_size=4, max_size=4),
)
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_overlapping_areas_hold_what_postgis_says(
    reference: Session, shapes: list[shapely.Geometry], points: Points, shares: list[float]
) -> None:
    ends, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(shapes)), return_index=True)
    start = np.flatnonzero(ring[1:] == ring[:-1])
    for share in shares:
        points = points + list(map(tuple, (ends[start] + (ends[start + 1] - ends[start]) * share).tolist()))
    with reference.begin_nested() as nested:
        half = len(shapes) // 2
        versions = [
            named_layer(reference, "protected_area", {f"P{n}": shape for n, shape in enumerate(shapes[half:])}),
            named_layer(
                reference, "priority_area", {f"A{n}": shape for n, shape in enumerate(shapes[:half])} or {"A": FAR}
            ),
        ]
        stamps = queries.stamp_many(reference, [(str(n), *point) for n, point in enumerate(points)])
        ours = [one.areas for one in stamps.values()]
        theirs = postgis.sets(reference, ["protected_area", "priority_area"], versions, points)
        nested.rollback()
    assert differing(ours, theirs, points) == []
    polygons, (x, y) = Polygons(shapes), np.array(points).T
    drawn = LabelRaster(polygons, (111.95, 26.95, 112.85, 27.85), size=37)
    for one, other in zip(polygons.holding(x, y), drawn.holding(x, y), strict=True):
        assert one.tolist() == other.tolist()


FAR = shapely.box(90, 40, 91, 41)


def test_the_raster_of_large_batches_tells_what_the_tests_one_by_one_do(
    outlines: dict[str, shapely.MultiPolygon],
) -> None:
    polygons = Polygons(list(outlines.values()))
    raster = LabelRaster(polygons, (108.7, 24.6, 114.3, 30.2), size=512)
    dice = np.random.default_rng(2)
    points = np.array(
        [*dice.uniform((108, 24), (115, 31), (60_000, 2)).tolist(), *on_rings(list(outlines.values()), 20_000, 3)]
    )
    x, y = np.ascontiguousarray(points.T)
    for one, other in zip(polygons.holding(x, y), raster.holding(x, y), strict=True):
        assert np.array_equal(one, other)
    first = np.full(len(x), -1)
    at, polygon = polygons.holding(x, y)
    first[at[::-1]] = polygon[::-1]
    assert np.array_equal(raster.first(x, y), first)


def test_a_layer_fetches_only_the_shapes_it_needs_and_draws_the_raster_for_many(reference: Session) -> None:
    version = queries.layers_in_force(reference)["county"]
    layer = stamping._read(reference, version)
    layer.first(reference, np.array([112.95]), np.array([24.95]))
    assert 0 < layer._known.sum() < 12
    dice = np.random.default_rng(1)
    x, y = dice.uniform((109, 25), (114, 30), (stamping._RASTER_FROM, 2)).T
    many = layer.first(reference, x, y, "43")
    assert layer._raster is not None
    assert np.array_equal(many[:500], stamping._read(reference, version).first(reference, x[:500], y[:500]))


def test_threads_may_ask_one_layer_at_once(shared_settings: Settings) -> None:
    factory = db.session_factory(shared_settings)
    with factory() as session:
        version = queries.layers_in_force(session)["county"]
        layer = stamping._read(session, version)
        alone = stamping._read(session, version)
    dice = np.random.default_rng(8)
    batches = [dice.uniform((100, 22), (120, 40), (400, 2)).T for _ in range(12)]

    def ask(batch: np.ndarray) -> list[int]:
        with factory() as session:
            return layer.first(session, *batch).tolist()

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(ask, batches))
    with factory() as session:
        assert found == [alone.first(session, *batch).tolist() for batch in batches]


def test_zones_and_a_grid_of_its_own_are_told(reference: Session) -> None:
    named_layer(reference, "zone", {"乙": shapely.box(112.9, 24.9, 113, 25), "甲": shapely.box(112.8, 24.8, 113, 25)})
    old = queries.locate(reference, 112.95, 24.95)
    assert (old.zones, old.grid_cell) == (("乙", "甲"), "XY10-E0580N0264")
    assert queries.grid_label(reference) == "非国家网格编码"
    version = named_layer(reference, "grid", {f"N{n}": shapely.box(112 + n, 24, 113 + n, 26) for n in range(2)})
    new = queries.locate(reference, 112.95, 24.95)
    assert (new.grid_cell, new.layer_versions["grid"]) == ("N0", version)
    assert queries.locate(reference, 113.0, 24.95).grid_cell == "N0", "on the side of two cells the lowest code"
    assert queries.locate(reference, 111.0, 28.0).grid_cell is None
    assert queries.grid_label(reference) == "grid of a test"
    assert queries.grid_label(reference, date(2025, 6, 30)) == "非国家网格编码"
    cells = queries.grid_cells(reference, "431022")
    shape = queries.county_shape(reference, "431022")
    assert [cell.code for cell in cells] == [
        f"N{n}" for n in range(2) if shape.intersects(shapely.box(112 + n, 24, 113 + n, 26))
    ]
    assert sum(cell.share for cell in cells) == pytest.approx(shape.area / 2, rel=0.02)


def test_a_layer_of_lines_and_points_is_asked_for_nothing(reference: Session) -> None:
    named_layer(
        reference,
        "protected_area",
        {"L": shapely.LineString([(112, 24), (113, 25)]), "P": shapely.Point(112.95, 24.95)},
    )
    assert queries.locate(reference, 112.95, 24.95).areas == ()
