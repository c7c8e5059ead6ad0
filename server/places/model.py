"""Boundary versions, counties, and the other codes that name them."""

from datetime import date, datetime
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import DateTime, ForeignKey, Index, UniqueConstraint, func, text
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
    prefecture_code: Mapped[str]
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
