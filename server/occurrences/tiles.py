"""Vector tiles of what may be shown: points where coordinates are disclosed, and counts by 0.1° cell where a tile would hold too many."""

import math
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Integer, bindparam, text
from sqlalchemy.orm import Session

from server.accounts.viewer import Viewer
from server.sensitivity.generalising import SMALLEST_COUNT
from server.sensitivity.listing import scope_pairs
from server.sensitivity.shown import place_columns
from shared.problems import Problem

OCCURRENCES, COUNTIES = "occurrences", "counties"
LAYERS = (OCCURRENCES, COUNTIES)
DEEPEST, COUNTED_UP_TO, MOST = 18, 8, 5_000

_SHOWN = """
    shown AS (
        SELECT DISTINCT r.id, r.listing_key, {latitude} AS latitude, {longitude} AS longitude, xiangye.disclosed_place.level
        FROM unnest(:scope_numbers, :bits) AS viewer (scope_no, bit)
        JOIN xiangye.record_scope r ON r.scope_no = viewer.scope_no AND r.kind = 'occurrence' AND (bit = 0 OR r.groups & bit <> 0)
        JOIN xiangye.disclosed_place USING (id)
        WHERE {latitude} BETWEEN :south AND :north AND {longitude} BETWEEN :west AND :east)
"""
_AT = "ST_AsMVTGeom(ST_Transform(ST_SetSRID(ST_MakePoint({}, {}), 4326), 3857), ST_TileEnvelope(:z, :x, :y))"
_POINTS = f"""
    WITH {_SHOWN}, kept AS (SELECT * FROM shown ORDER BY listing_key LIMIT {MOST})
    SELECT ST_AsMVT(told, 'occurrences', 4096, 'geom') FROM (
        SELECT s.shown_id::text AS id, kept.level, {_AT.format("longitude", "latitude")} AS geom
        FROM kept JOIN xiangye.shown_record s ON s.id = kept.id ORDER BY kept.listing_key) told WHERE geom IS NOT NULL
"""
_COUNTS = f"""
    WITH {_SHOWN}, cell AS (
        SELECT floor(longitude * 10) AS cell_x, floor(latitude * 10) AS cell_y, count(*) FILTER (WHERE level = 0) AS unguarded,
            count(*) FILTER (WHERE level > 0) AS guarded FROM shown GROUP BY 1, 2)
    SELECT ST_AsMVT(told, 'occurrences', 4096, 'geom') FROM (
        SELECT unguarded::integer AS open, CASE WHEN guarded = 0 OR guarded >= {SMALLEST_COUNT} THEN guarded::text
            ELSE '<{SMALLEST_COUNT}' END AS guarded, {_AT.format("(cell_x + 0.5) / 10", "(cell_y + 0.5) / 10")} AS geom
        FROM cell ORDER BY cell_x, cell_y) told WHERE geom IS NOT NULL
"""
_BORDERS = text("""
    SELECT ST_AsMVT(told, 'counties', 4096, 'geom') FROM (
        SELECT c.code, c.name_zh, ST_AsMVTGeom(ST_Transform(c.geom, 3857), ST_TileEnvelope(:z, :x, :y)) AS geom
        FROM xiangye.county c JOIN xiangye.boundary_version v ON v.id = c.boundary_version AND v.valid_to IS NULL
        WHERE c.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326) ORDER BY c.code) told WHERE geom IS NOT NULL
    """)


def tile(session: Session, viewer: Viewer, layer: str, z: int, x: int, y: int) -> bytes:
    """Problem `not_found` for a layer or a tile that there is not."""
    if layer not in LAYERS or z > DEEPEST or x >= 2**z or y >= 2**z:
        raise Problem("not_found")
    at = {"z": z, "x": x, "y": y, **_bounds(z, x, y)}
    if layer == COUNTIES:
        return bytes(session.execute(_BORDERS, at).scalar_one())
    place = place_columns(viewer)
    named = {name: _written(session, place[name]) for name in ("latitude", "longitude")}
    pairs = scope_pairs(viewer.scopes)
    told = text((_COUNTS if z <= COUNTED_UP_TO else _POINTS).format(**named)).bindparams(
        bindparam("scope_numbers", [pair[0] for pair in pairs], ARRAY(Integer)),
        bindparam("bits", [pair[1] for pair in pairs], ARRAY(Integer)),
    )
    return bytes(session.execute(told, at).scalar_one())


def _written(session: Session, told: ColumnElement[Any]) -> str:
    return str(told.compile(session.connection(), compile_kwargs={"literal_binds": True}))


def _bounds(z: int, x: int, y: int) -> dict[str, Any]:
    def latitude(row: int) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / 2**z))))

    width = 360 / 2**z
    return {
        "west": x * width - 180,
        "east": (x + 1) * width - 180,
        "south": latitude(y + 1),
        "north": latitude(y),
    }
