"""Where 300,000 points of the province lie: ours beside PostGIS and geopandas, over the real counties and over dense ones."""

import time
from collections.abc import Iterator, Mapping

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from server import db
from server.places import queries, stamping
from tests.benchmarks.measure import Goal, Result, compare, figure
from tests.own_database import reference_database
from tests.places import postgis
from tests.places.versions import put_in_force

COUNT = 300_000
ON_SIDES = 30_000
WITH_DISTANCE = 3_000
HOME = "43"
GOALS = {"PostGIS, ST_Subdivide(64) + GiST, into a table": Goal(at_least=20), "geopandas.sjoin": Goal(at_least=5)}
Floats = NDArray[np.float64]


def cases() -> Iterator[Result]:
    with reference_database() as settings, db.session_factory(settings)() as session:
        real = {one.county.code: one.shape for one in queries.province_counties(session, HOME)}
        yield from _cases(session, "real counties", real)
        dense = {code: densified(shape) for code, shape in real.items()}
        _put_in_force(session, dense)
        yield from _cases(session, "dense counties", dense)


def _cases(session: Session, name: str, shapes: Mapping[str, shapely.MultiPolygon]) -> Iterator[Result]:
    version = queries.layers_in_force(session)["county"]
    x, y = _inside(shapes)
    begun = time.perf_counter()
    layer = stamping.layer(session, version)
    layer.first(session, x, y, HOME)
    yield figure(f"{name}: first call, which fetches and draws the layer", [time.perf_counter() - begun], "s")
    _check(session, layer, *_with_sides(shapes, x, y))
    codes = np.array([*layer.codes, ""], dtype=object)
    _fill(session, shapes, x, y)
    points = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(x, y), crs=4326)
    areas = geopandas.GeoDataFrame({"code": list(shapes)}, geometry=list(shapes.values()), crs=4326)
    vertices = int(np.median([shapely.get_num_coordinates(shape) for shape in shapes.values()]))
    yield from compare(
        f"{name} (median {vertices} vertices), {COUNT:,} points",
        lambda: codes[layer.first(session, x, y, HOME)],
        dict(
            zip(
                GOALS,
                (lambda: _join(session), lambda: geopandas.sjoin(points, areas, predicate="intersects")),
                strict=True,
            )
        ),
        GOALS,
    )
    few = list(zip(x[:WITH_DISTANCE].tolist(), y[:WITH_DISTANCE].tolist(), strict=True))
    keyed = [(str(n), *point) for n, point in enumerate(few)]
    yield from compare(
        f"{name}, whole stamps with the distance to the border, {WITH_DISTANCE:,} points",
        lambda: queries.stamp_many(session, keyed, HOME),
        {"PostGIS, ST_Intersects and ST_Distance": lambda: postgis.counties(session, version.id, few)},
        rounds=3,
    )


def densified(shape: shapely.MultiPolygon) -> shapely.MultiPolygon:
    """Each side cut into sixteen and bent a little; a side bends the same way in both counties that share it."""
    rings = [[_bent(np.asarray(ring.coords)) for ring in (part.exterior, *part.interiors)] for part in shape.geoms]
    valid = shapely.make_valid(shapely.MultiPolygon([(outer, holes) for outer, *holes in rings]))
    return shapely.MultiPolygon([part for part in shapely.get_parts(valid) if part.geom_type == "Polygon"])


def _bent(ring: Floats, pieces: int = 16) -> Floats:
    start, end = ring[:-1], ring[1:]
    turned = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    low, high = np.where(turned[:, None], end, start), np.where(turned[:, None], start, end)
    along, number = high - low, np.arange(pieces)
    share = np.where(turned[:, None], (pieces - number) % pieces, number) / pieces
    phase = np.modf(np.abs(low[:, 0] * 7919 + high[:, 1] * 104729))[0]
    bend = 0.02 * np.sin(np.pi * share) * np.cos(2 * np.pi * (3 * share + phase[:, None])) * (share > 0)
    across = np.column_stack([-along[:, 1], along[:, 0]])
    points = low[:, None, :] + along[:, None, :] * share[:, :, None] + across[:, None, :] * bend[:, :, None]
    points[:, 0] = start
    return np.vstack([points.reshape(-1, 2), ring[:1]])


def _inside(shapes: Mapping[str, shapely.MultiPolygon]) -> tuple[Floats, Floats]:
    dice = np.random.default_rng(20250601)
    west, south, east, north = shapely.total_bounds(list(shapes.values()))
    tree = shapely.STRtree(list(shapes.values()))
    drawn = dice.uniform((west, south), (east, north), (COUNT * 2, 2))
    inside = np.unique(tree.query(shapely.points(drawn), predicate="within")[0])[:COUNT]
    assert len(inside) == COUNT
    return np.ascontiguousarray(drawn[inside, 0]), np.ascontiguousarray(drawn[inside, 1])


def _with_sides(shapes: Mapping[str, shapely.MultiPolygon], x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """For the check also points on the corners and on the sides themselves."""
    dice = np.random.default_rng(3)
    ends, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(list(shapes.values()))), return_index=True)
    chosen = dice.choice(np.flatnonzero(ring[1:] == ring[:-1]), ON_SIDES)
    share = np.where(np.arange(ON_SIDES) % 3 == 0, 0.0, dice.uniform(size=ON_SIDES))[:, None]
    on = ends[chosen] + (ends[chosen + 1] - ends[chosen]) * share
    return np.r_[x, on[:, 0]], np.r_[y, on[:, 1]]


def _check(session: Session, layer: stamping.Layer, x: Floats, y: Floats) -> None:
    """Not one point in another county; of every hundredth, not one flag or decimetre other than PostGIS tells."""
    points = list(zip(x.tolist(), y.tolist(), strict=True))
    codes = np.array([*layer.codes, None], dtype=object)
    ours = codes[layer.first(session, x, y, HOME)].tolist()
    theirs = postgis.codes(session, layer.version.id, points)
    differing = sum(one != other for one, other in zip(ours, theirs, strict=True))
    assert differing == 0, f"{differing} of {len(x)} points differ from PostGIS"
    some = slice(None, None, 100)
    found = stamping.find_counties(session, layer, x[some], y[some], HOME)
    distances = [None if metres != metres else metres for metres in found.distance_m.tolist()]
    told = list(zip(codes[found.county].tolist(), found.uncertain.tolist(), distances, strict=True))
    assert told == postgis.counties(session, layer.version.id, points[some])


def _fill(session: Session, shapes: Mapping[str, shapely.MultiPolygon], x: Floats, y: Floats) -> None:
    session.execute(text("DROP TABLE IF EXISTS pg_temp.whole, pg_temp.parts, pg_temp.points"))
    session.execute(text("CREATE TEMP TABLE whole (code text, geom geometry)"))
    session.execute(
        text("INSERT INTO whole VALUES (:code, ST_GeomFromWKB(:wkb, 4326))"),
        [{"code": code, "wkb": shape.wkb} for code, shape in shapes.items()],
    )
    session.execute(text("CREATE TEMP TABLE parts AS SELECT code, ST_Subdivide(geom, 64) AS geom FROM whole"))
    session.execute(text("CREATE INDEX ON parts USING gist (geom)"))
    session.execute(
        text("""
        CREATE TEMP TABLE points AS SELECT n, ST_SetSRID(ST_MakePoint(lon, lat), 4326) AS at
        FROM unnest(CAST(:x AS float8[]), CAST(:y AS float8[])) WITH ORDINALITY AS given (lon, lat, n)
        """),
        {"x": x.tolist(), "y": y.tolist()},
    )
    session.execute(text("ANALYZE parts"))
    session.execute(text("ANALYZE points"))


def _join(session: Session) -> None:
    session.execute(text("DROP TABLE IF EXISTS pg_temp.stamped"))
    session.execute(
        text("CREATE TEMP TABLE stamped AS SELECT n, code FROM points JOIN parts ON ST_Intersects(geom, at)")
    )


def _put_in_force(session: Session, shapes: Mapping[str, shapely.MultiPolygon]) -> None:
    version = put_in_force(session, "county", "dense")
    session.execute(
        text("""
        INSERT INTO xiangye.county (code, boundary_version, name_zh, prefecture_code, prefecture_name, province_code, province_name, geom)
        VALUES (:code, :version, :code, '430000', '湖南省', '430000', '湖南省', ST_GeomFromWKB(:wkb, 4326))
        """),
        [{"code": code, "version": version, "wkb": shape.wkb} for code, shape in shapes.items()],
    )
