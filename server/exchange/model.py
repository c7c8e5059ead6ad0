"""Exports that were asked for, and what was in them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base

_TIME = DateTime(timezone=True)


class Export(Base):
    """`person_id` asked for it. A file of exact places is made when it is taken and never kept, so it has no digest."""

    __tablename__ = "export"
    __table_args__ = (
        Index("ix_export_person_id", "person_id", "asked_at"),
        Index("ix_export_waiting", "asked_at", postgresql_where=text("state = 'waiting'")),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.person.id"))
    format: Mapped[str]
    edition: Mapped[str]
    chosen: Mapped[dict[str, Any]] = mapped_column(JSONB)
    grant_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.precise_grant.id"))
    state: Mapped[str]
    row_count: Mapped[int]
    record_count: Mapped[int]
    exact_count: Mapped[int]
    asked_at: Mapped[datetime] = mapped_column(_TIME)
    expires_at: Mapped[datetime] = mapped_column(_TIME)
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(_TIME)
    decision_reason: Mapped[str | None]
    sha256: Mapped[str | None]
    byte_count: Mapped[int | None] = mapped_column(BigInteger)


class ExportRecord(Base):
    """A record of an export, how closely it was kept then, and whether its exact place was asked for."""

    __tablename__ = "export_record"
    export_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.export.id"), primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"), primary_key=True, index=True)
    level: Mapped[int] = mapped_column(SmallInteger)
    exact: Mapped[bool]
