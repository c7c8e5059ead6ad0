"""What may be shown of a place, and why."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base


class DisclosedPlaceRow(Base):
    __tablename__ = "disclosed_place"
    __table_args__ = (
        Index("ix_disclosed_place_cell", "level", "cell_x", "cell_y"),
        Index("ix_disclosed_place_latitude_longitude", "latitude", "longitude"),
    )
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
    altitude_m: Mapped[float | None] = mapped_column(Double)
    cell_within_county: Mapped[bool | None]
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


class ShownRecord(Base):
    """What a record is called and when it came, as coarsely as its level asks. Only policies read `scopes`: they tell the
    exact county."""

    __tablename__ = "shown_record"
    __table_args__ = (UniqueConstraint("shown_id", name="shown_record_shown_id_key"),)
    id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"), primary_key=True)
    shown_id: Mapped[UUID]
    kind: Mapped[str]
    observed_year: Mapped[int] = mapped_column(SmallInteger)
    level: Mapped[int] = mapped_column(SmallInteger)
    listed_on: Mapped[date]
    listing_key: Mapped[UUID]
    scopes: Mapped[list[int]] = mapped_column(ARRAY(Integer), deferred=True, deferred_raiseload=True)


class RecordScope(Base):
    """One row for each scope that a record lies in; `groups`: a bit for each taxon group it was ever named into."""

    __tablename__ = "record_scope"
    __table_args__ = (Index("ix_record_scope_listing", "scope_no", "kind", "listed_on", "listing_key"),)
    id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.shown_record.id"), primary_key=True)
    scope_no: Mapped[int] = mapped_column(ForeignKey("xiangye.scope.scope_no"), primary_key=True)
    kind: Mapped[str]
    observed_year: Mapped[int] = mapped_column(SmallInteger)
    listed_on: Mapped[date]
    listing_key: Mapped[UUID]
    groups: Mapped[int]


class Relevelling(Base):
    """Lists or namings changed, and every record was held against them: how many are kept more closely now."""

    __tablename__ = "relevelling"
    relevelling_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    reason: Mapped[str]
    checked_count: Mapped[int]
    moved_count: Mapped[int]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    by_account: Mapped[str]


class Relevelled(Base):
    __tablename__ = "relevelled"
    relevelling_id: Mapped[int] = mapped_column(ForeignKey("xiangye.relevelling.relevelling_id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"), primary_key=True, index=True)
    level_before: Mapped[int] = mapped_column(SmallInteger)
    level_after: Mapped[int] = mapped_column(SmallInteger)


class PreciseGrant(Base):
    """Leave to read exact places: for a purpose, for some days, for these records or for a taxon in a county, once another
    person has approved it."""

    __tablename__ = "precise_grant"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.person.id"), index=True)
    purpose: Mapped[str]
    county_code: Mapped[str | None]
    taxon_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.taxon.taxon_id"))
    record_count: Mapped[int]
    state: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decision_reason: Mapped[str | None]


class PreciseGrantRecord(Base):
    __tablename__ = "precise_grant_record"
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.precise_grant.id"), primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"), primary_key=True)


class PreciseReading(Base):
    """One answer that held exact places; without a grant it was a patrol's track."""

    __tablename__ = "precise_reading"
    __table_args__ = (Index("ix_precise_reading_person_id_at", "person_id", "at"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.person.id"))
    grant_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.precise_grant.id"))
    place_count: Mapped[int]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class PreciseStop(Base):
    """Who read too much reads no more until an administrator has looked into it."""

    __tablename__ = "precise_stop"
    __table_args__ = (
        Index("uq_precise_stop_standing", "person_id", unique=True, postgresql_where=text("cleared_at IS NULL")),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.person.id"))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    cleared_by: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.person.id"))
    cleared_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
