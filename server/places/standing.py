"""What of a kind is in force: its version, its codes and names, and the shapes that a new file is held against."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from server.places.features import Place

_COUNTY = """
    SELECT code, name_zh, prefecture_code, prefecture_name, province_code, province_name, valid_from, valid_to, ST_AsBinary(geom) AS shape
    FROM xiangye.county WHERE boundary_version = :version AND (CAST(:codes AS text[]) IS NULL OR code = ANY(:codes)) ORDER BY code
    """
_NAMED = """
    SELECT code, name_zh, parent_code, level, category, scheme, county_codes, area_ha, status, source, note, properties,
        ST_AsBinary(geom) AS shape, ST_AsBinary(extent) AS extent
    FROM xiangye.named_place WHERE kind = :kind AND boundary_version = :version
        AND (CAST(:codes AS text[]) IS NULL OR code = ANY(:codes)) ORDER BY code
    """


@dataclass(frozen=True)
class Standing:
    """`version` is None where the kind was never loaded."""

    kind: str
    version: str | None
    valid_from: date | None
    names: Mapping[str, str]


def standing(session: Session, kind: str) -> Standing:
    found = session.execute(
        text("SELECT id, valid_from FROM xiangye.boundary_version WHERE kind = :kind AND valid_to IS NULL"),
        {"kind": kind},
    ).one_or_none()
    if found is None:
        return Standing(kind, None, None, {})
    named = "xiangye.county WHERE" if kind == "county" else "xiangye.named_place WHERE kind = :kind AND"
    rows = session.execute(
        text(f"SELECT code, name_zh FROM {named} boundary_version = :version ORDER BY code"),
        {"kind": kind, "version": found.id},
    )
    return Standing(kind, found.id, found.valid_from, {row.code: row.name_zh for row in rows})


def places(session: Session, at: Standing, codes: Collection[str] | None = None) -> dict[str, Place]:
    """Of a version, all or those of some codes."""
    if at.version is None:
        return {}
    rows = session.execute(
        text(_COUNTY if at.kind == "county" else _NAMED),
        {"version": at.version, "kind": at.kind, "codes": None if codes is None else sorted(codes)},
    )
    make = _county if at.kind == "county" else _named
    return {row["code"]: make(row) for row in rows.mappings()}


def counties_near(session: Session, bounds: tuple[float, float, float, float]) -> dict[str, BaseGeometry]:
    rows = session.execute(
        text("""
        SELECT code, ST_AsBinary(geom) AS shape FROM xiangye.county JOIN xiangye.boundary_version ON boundary_version.id = county.boundary_version
        WHERE boundary_version.valid_to IS NULL AND geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326) ORDER BY code
        """),
        dict(zip(("west", "south", "east", "north"), map(float, bounds), strict=True)),
    )
    return {row.code: shapely.from_wkb(bytes(row.shape)) for row in rows}


def outlines_near(session: Session, kind: str, bounds: tuple[float, float, float, float]) -> list[BaseGeometry]:
    """Of the named places of a kind in force that have a boundary."""
    rows = session.execute(
        text("""
        SELECT ST_AsBinary(geom) AS shape FROM xiangye.named_place JOIN xiangye.boundary_version ON boundary_version.id = named_place.boundary_version
        WHERE named_place.kind = :kind AND boundary_version.valid_to IS NULL
            AND geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326) ORDER BY code
        """),
        dict(zip(("west", "south", "east", "north"), map(float, bounds), strict=True)) | {"kind": kind},
    )
    return [shapely.from_wkb(bytes(row.shape)) for row in rows]


def _county(row: RowMapping) -> Place:
    own = ("prefecture_code", "prefecture_name", "province_code", "province_name", "valid_from", "valid_to")
    kept: dict[str, Any] = {name: str(row[name]) for name in own if row[name] is not None}
    return Place(row["code"], row["name_zh"], shapely.from_wkb(bytes(row["shape"])), status="verified", properties=kept)


def _named(row: RowMapping) -> Place:
    plain = ("parent_code", "level", "category", "scheme", "status", "source", "note", "properties")
    return Place(
        row["code"],
        row["name_zh"],
        _shape(row["shape"]),
        county_codes=tuple(row["county_codes"]),
        area_ha=None if row["area_ha"] is None else float(row["area_ha"]),
        extent=_shape(row["extent"]),
        **{name: row[name] for name in plain},
    )


def _shape(wkb: Any) -> BaseGeometry | None:
    return None if wkb is None else shapely.from_wkb(bytes(wkb))
