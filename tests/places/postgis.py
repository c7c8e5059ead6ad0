"""Where points lie by PostGIS alone, point by point: what our own engine is held against."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

Point = tuple[float, float]

_COUNTIES = text("""
    WITH point AS (
        SELECT n, ST_SetSRID(ST_MakePoint(lon, lat), 4326) AS at
        FROM unnest(CAST(:lons AS float8[]), CAST(:lats AS float8[])) WITH ORDINALITY AS given (lon, lat, n)
    ), inside AS (
        SELECT DISTINCT ON (n) n, code, geom
        FROM point JOIN xiangye.county ON boundary_version = :version AND ST_Intersects(geom, at)
        ORDER BY n, code
    )
    SELECT code,
        CASE WHEN code IS NOT NULL THEN ST_Distance(ST_Boundary(geom)::geography, at::geography)
        ELSE (
            SELECT min(ST_Distance(near.geom::geography, at::geography)) FROM xiangye.county near
            WHERE near.boundary_version = :version AND near.geom && ST_Expand(at, 0.01)
        ) END AS distance
    FROM point LEFT JOIN inside USING (n) ORDER BY n
    """)
_CODES = text("""
    SELECT n, min(code)
    FROM unnest(CAST(:lons AS float8[]), CAST(:lats AS float8[])) WITH ORDINALITY AS given (lon, lat, n)
    JOIN xiangye.county ON boundary_version = :version
        AND ST_Intersects(geom, ST_SetSRID(ST_MakePoint(lon, lat), 4326))
    GROUP BY n
    """)
_SETS = text("""
    SELECT n, array_agg(code ORDER BY code COLLATE "C")
    FROM unnest(CAST(:lons AS float8[]), CAST(:lats AS float8[])) WITH ORDINALITY AS given (lon, lat, n)
    JOIN xiangye.named_place ON kind = ANY(:kinds) AND boundary_version = ANY(:versions)
        AND ST_Intersects(geom, ST_SetSRID(ST_MakePoint(lon, lat), 4326))
    GROUP BY n
    """)


def codes(session: Session, version: str, points: Sequence[Point]) -> list[str | None]:
    """The lowest code of the counties that hold each point."""
    found = dict(map(tuple, session.execute(_CODES, {**_columns(points), "version": version})))
    return [found.get(n) for n in range(1, len(points) + 1)]


def counties(session: Session, version: str, points: Sequence[Point]) -> list[tuple[str | None, bool, float | None]]:
    """(code, uncertain, distance to 0.1 m) of each point; outside all counties only a distance below 500 m is told."""
    rows = session.execute(_COUNTIES, {**_columns(points), "version": version})
    return [_told(code, distance) for code, distance in rows]


def _told(code: str | None, distance: float | None) -> tuple[str | None, bool, float | None]:
    metres = None if distance is None else round(distance, 1)
    uncertain = metres is not None and metres < 500
    return code, uncertain, metres if code or uncertain else None


def sets(
    session: Session, kinds: Sequence[str], versions: Sequence[str], points: Sequence[Point]
) -> list[tuple[str, ...]]:
    """Codes of the named places of these kinds that hold each point."""
    rows = session.execute(_SETS, {**_columns(points), "kinds": list(kinds), "versions": list(versions)})
    found = {n: tuple(codes) for n, codes in rows}
    return [found.get(n, ()) for n in range(1, len(points) + 1)]


def _columns(points: Sequence[Point]) -> dict[str, list[float]]:
    return {"lons": [lon for lon, _ in points], "lats": [lat for _, lat in points]}
