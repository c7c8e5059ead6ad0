"""New versions of layers put in force by hand: shapes from a test instead of a file."""

import hashlib
from collections.abc import Mapping
from datetime import date

import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.places import queries


def put_in_force(session: Session, kind: str, content: str, valid_from: date | None = None) -> str:
    """The version row alone; ends the one before."""
    queries.hold_all_layers(session)
    mark = hashlib.sha256(f"{kind} {content}".encode()).hexdigest()
    version = f"{kind}-{mark[:8]}"
    since = valid_from or date(2025, 7, 1)
    session.execute(
        text("UPDATE xiangye.boundary_version SET valid_to = :since WHERE kind = :kind AND valid_to IS NULL"),
        {"kind": kind, "since": since},
    )
    session.execute(
        text("""
        INSERT INTO xiangye.boundary_version (id, kind, source, digest, valid_from, label)
        VALUES (:id, :kind, 'made by a test', :digest, :since, :label)
        """),
        {"id": version, "kind": kind, "digest": mark, "since": since, "label": f"{kind} of a test"},
    )
    return version


def named_layer(
    session: Session, kind: str, shapes: Mapping[str, shapely.Geometry], valid_from: date | None = None
) -> str:
    version = put_in_force(session, kind, repr(sorted((code, shape.wkt) for code, shape in shapes.items())), valid_from)
    session.execute(
        text("""
        INSERT INTO xiangye.named_place (kind, boundary_version, code, name_zh, status, source, geom)
        VALUES (:kind, :version, :code, :code, 'verified', 'made by a test', ST_GeomFromWKB(:wkb, 4326))
        """),
        [{"kind": kind, "version": version, "code": code, "wkb": shape.wkb} for code, shape in shapes.items()],
    )
    return version


def changed_counties(session: Session, shapes: Mapping[str, shapely.Geometry], valid_from: date | None = None) -> str:
    """The counties in force with some of them in another shape."""
    before = queries.boundary_version(session)
    version = put_in_force(
        session, "county", repr([before, *sorted((c, s.wkt) for c, s in shapes.items())]), valid_from
    )
    columns = "code, name_zh, prefecture_code, prefecture_name, province_code, province_name, valid_from, valid_to"
    session.execute(
        text(f"""
        INSERT INTO xiangye.county (boundary_version, {columns}, geom)
        SELECT :version, {columns}, geom FROM xiangye.county WHERE boundary_version = :before
        """),
        {"version": version, "before": before},
    )
    session.execute(
        text("""
        UPDATE xiangye.county SET geom = ST_Multi(ST_GeomFromWKB(:wkb, 4326))
        WHERE code = :code AND boundary_version = :version
        """),
        [{"code": code, "wkb": shape.wkb, "version": version} for code, shape in shapes.items()],
    )
    return version


def border_moved(session: Session, giver: str, taker: str, reach: float = 0.03) -> dict[str, shapely.Geometry]:
    """Two neighbours after the first gave the second the ground within `reach` degrees of the middle of their border."""
    gives, takes = (queries.county_shape(session, code) for code in (giver, taker))
    border = shapely.line_merge(gives.boundary.intersection(takes.boundary))
    middle = max(shapely.get_parts(border), key=shapely.length).interpolate(0.5, normalized=True)
    piece = gives.intersection(middle.buffer(reach))
    return {giver: _areas(gives.difference(piece)), taker: _areas(takes.union(piece))}


def _areas(shape: shapely.Geometry) -> shapely.Geometry:
    parts = [part for part in shapely.get_parts(shapely.make_valid(shape)) if part.geom_type == "Polygon"]
    return shapely.MultiPolygon(parts)
