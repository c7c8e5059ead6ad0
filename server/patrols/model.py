from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base


class Patrol(Base):
    __tablename__ = "patrol"
    event_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.event.id", ondelete="CASCADE"), primary_key=True)
    leader: Mapped[UUID | None]
    nil_report: Mapped[bool]
    pauses: Mapped[list[Any]] = mapped_column(JSONB)
    gaps: Mapped[list[Any]] = mapped_column(JSONB)


class Finding(Base):
    __tablename__ = "finding"
    id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"))
    survey_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.survey.id"))
    finding_type: Mapped[str]
    case_state: Mapped[str]
    evidence_number: Mapped[str | None]
    observed_from: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
