from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, ForeignKey, Numeric, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base


class Observed:
    """The columns of everything that was observed in some survey at some time."""

    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.dataset.id"))
    survey_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.survey.id"), index=True)
    observed_from: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    observed_to: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    date_precision: Mapped[str | None]
    verbatim_event_date: Mapped[str | None]


class Event(Observed, Base):
    __tablename__ = "event"
    id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"), primary_key=True)
    parent_event_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.ledger.id"), index=True)
    event_type: Mapped[str]
    sampling_protocol: Mapped[str]
    target_group: Mapped[str | None]
    location_name: Mapped[str | None]
    effort_length_m: Mapped[Decimal | None] = mapped_column(Numeric)
    effort_duration_min: Mapped[Decimal | None] = mapped_column(Numeric)
    effort_area_m2: Mapped[Decimal | None] = mapped_column(Numeric)
    effort_observers: Mapped[int | None]
    weather: Mapped[str | None]
    habitat_code: Mapped[str | None]
    disturbance_code: Mapped[str | None]
    target_taxa: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    event_remarks: Mapped[str | None]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text))


class EventParticipant(Base):
    __tablename__ = "event_participant"
    event_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.event.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    order: Mapped[int]


class Measurement(Base):
    __tablename__ = "measurement"
    subject_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    code: Mapped[str]
    vocabulary: Mapped[str]
    value: Mapped[str]
    unit: Mapped[str | None]
    canonical_value: Mapped[Decimal | None] = mapped_column(Numeric)
    canonical_unit: Mapped[str | None]
    method: Mapped[str | None]
