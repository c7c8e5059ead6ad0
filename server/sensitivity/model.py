"""What may be shown of a place, and why."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Double, ForeignKey, Index, Integer, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base


class DisclosedPlaceRow(Base):
    __tablename__ = "disclosed_place"
    __table_args__ = (Index("ix_disclosed_place_cell", "level", "cell_x", "cell_y"),)
    id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"), primary_key=True)
    level: Mapped[int] = mapped_column(SmallInteger)
    cell_x: Mapped[int | None] = mapped_column(Integer)
    cell_y: Mapped[int | None] = mapped_column(Integer)
    latitude: Mapped[float | None] = mapped_column(Double)
    longitude: Mapped[float | None] = mapped_column(Double)
    uncertainty_m: Mapped[float | None] = mapped_column(Double)
    county_code: Mapped[str | None]
    county_name: Mapped[str | None]
    prefecture_name: Mapped[str | None]
    in_scope: Mapped[bool]
    uncertain: Mapped[bool]
    grid_cell: Mapped[str | None]
    boundary_version: Mapped[str]
    rule: Mapped[str | None]
    data_generalizations: Mapped[str | None]
    information_withheld: Mapped[str | None]


class LevelEvidence(Base):
    """Append-only: every level that any identification ever asked for, so that a level is never read upward."""

    __tablename__ = "level_evidence"
    id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"), primary_key=True)
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    rule: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
