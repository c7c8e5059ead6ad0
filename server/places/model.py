"""Versions of layers, counties and the other codes that name them, named places, rasters."""

from datetime import date, datetime
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base


class BoundaryVersion(Base):
    """`valid_to` is None for the one version of its kind that is in force."""

    __tablename__ = "boundary_version"
    __table_args__ = (
        UniqueConstraint("kind", "digest", name="boundary_version_kind_digest_key"),
        Index("uq_boundary_version_in_force", "kind", unique=True, postgresql_where=text("valid_to IS NULL")),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    source: Mapped[str]
    digest: Mapped[str]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    loaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    label: Mapped[str | None]
    file_name: Mapped[str | None]
    crs: Mapped[str | None]
    loaded_by: Mapped[str] = mapped_column(server_default=text("'system'"))


class CountyRow(Base):
    """`valid_from` and `valid_to` are the life of the code; None is open or not known."""

    __tablename__ = "county"
    __table_args__ = (
        Index("ix_county_geom", "geom", postgresql_using="gist"),
        Index("ix_county_province_code", "boundary_version", "province_code"),
    )
    code: Mapped[str] = mapped_column(primary_key=True)
    boundary_version: Mapped[str] = mapped_column(ForeignKey("xiangye.boundary_version.id"), primary_key=True)
    name_zh: Mapped[str]
    prefecture_code: Mapped[str] = mapped_column(index=True)
    prefecture_name: Mapped[str]
    province_code: Mapped[str]
    province_name: Mapped[str]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    geom: Mapped[Any] = mapped_column(Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), deferred=True)


class CountyAlias(Base):
    """`current_code` is None where no single county took the code's place."""

    __tablename__ = "county_alias"
    code: Mapped[str] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    kind: Mapped[str]
    current_code: Mapped[str | None]
    retired_on: Mapped[date | None]
    basis: Mapped[str]
    note: Mapped[str | None]


class NamedPlace(Base):
    """An area, river section, grid cell or location of a layer. `geom` is None where only the register knows the place;
    `extent` is a published range of coordinates, never a boundary. `scheme`: the zoning that a zone belongs to."""

    __tablename__ = "named_place"
    __table_args__ = (Index("ix_named_place_geom", "geom", postgresql_using="gist"),)
    kind: Mapped[str] = mapped_column(primary_key=True)
    boundary_version: Mapped[str] = mapped_column(ForeignKey("xiangye.boundary_version.id"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    parent_code: Mapped[str | None]
    level: Mapped[str | None]
    category: Mapped[str | None]
    scheme: Mapped[str | None]
    county_codes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    area_ha: Mapped[float | None] = mapped_column(Numeric)
    status: Mapped[str]
    source: Mapped[str]
    note: Mapped[str | None]
    properties: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    geom: Mapped[Any] = mapped_column(
        Geometry("GEOMETRY", srid=4326, spatial_index=False), nullable=True, deferred=True
    )
    extent: Mapped[Any] = mapped_column(
        Geometry("POLYGON", srid=4326, spatial_index=False), nullable=True, deferred=True
    )


class RasterLayer(Base):
    """A GeoTIFF in the store, by its digest; the bounds are in its own coordinates, the legend names its values."""

    __tablename__ = "raster_layer"
    boundary_version: Mapped[str] = mapped_column(ForeignKey("xiangye.boundary_version.id"), primary_key=True)
    sha256: Mapped[str]
    byte_count: Mapped[int] = mapped_column(BigInteger)
    crs: Mapped[str]
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    west: Mapped[float] = mapped_column(Double)
    south: Mapped[float] = mapped_column(Double)
    east: Mapped[float] = mapped_column(Double)
    north: Mapped[float] = mapped_column(Double)
    legend: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'"))


class Restamping(Base):
    """A new layer was held against every place: how many were looked at, how many stand elsewhere now."""

    __tablename__ = "restamping"
    restamping_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    from_version: Mapped[str | None] = mapped_column(ForeignKey("xiangye.boundary_version.id"))
    to_version: Mapped[str] = mapped_column(ForeignKey("xiangye.boundary_version.id"))
    checked_count: Mapped[int]
    moved_count: Mapped[int]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    by_account: Mapped[str]
