from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base

ALLOWED, NEEDS_REVIEW, FORBIDDEN = "allowed", "needs_review", "forbidden"
CROSS_BORDER: Mapping[str, str] = {
    ALLOWED: "可以出境",
    NEEDS_REVIEW: "出境前须经数据出境审查",
    FORBIDDEN: "不得出境",
}
"""Whether a data set may leave the country; what is forbidden to is in no public edition."""


class Dataset(Base):
    __tablename__ = "dataset"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str]
    owner: Mapped[str]
    licence: Mapped[str]
    citation: Mapped[str | None]
    funding: Mapped[str | None]
    embargo_until: Mapped[date | None]
    demonstration: Mapped[bool]
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.organisation.id"))
    cross_border: Mapped[str] = mapped_column(server_default=NEEDS_REVIEW)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Survey(Base):
    __tablename__ = "survey"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.dataset.id"))
    title: Mapped[str]
    kind: Mapped[str]
    profile: Mapped[str]
    county_codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    withdrawn: Mapped[bool] = mapped_column(server_default="false")
