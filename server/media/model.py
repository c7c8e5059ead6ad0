from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base


class MediaFile(Base):
    """One file of bytes, by its digest; `problem` says why there is no rendition."""

    __tablename__ = "media_file"
    sha256: Mapped[str] = mapped_column(primary_key=True)
    byte_count: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    rendition_sha256: Mapped[str | None]
    preview_sha256: Mapped[str | None]
    width_px: Mapped[int | None]
    height_px: Mapped[int | None]
    problem: Mapped[str | None]


class MediaReview(Base):
    """What a small copy showed of a photo whose original has not come yet: the tablet sends it ahead."""

    __tablename__ = "media_review"
    original_sha256: Mapped[str] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    rendition_sha256: Mapped[str]
    preview_sha256: Mapped[str]
    width_px: Mapped[int]
    height_px: Mapped[int]


class MediaItem(Base):
    __tablename__ = "media_item"
    id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"), primary_key=True)
    survey_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.survey.id"))
    sha256: Mapped[str] = mapped_column(index=True)
    byte_count: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str]
    captured_at: Mapped[str | None]
    sequence: Mapped[int | None]


class MediaSubject(Base):
    __tablename__ = "media_subject"
    media_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.media_item.id", ondelete="CASCADE"), primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"), primary_key=True, index=True)


class Upload(Base):
    """`review_of`: the original whose small copy this is; nobody has custody of a copy. The row of a completed upload stays:
    it tells whose tablet brought the photo."""

    __tablename__ = "upload"
    __table_args__ = (Index("ix_upload_expires_at", "expires_at", postgresql_where=text("completed_at IS NULL")),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.device.id"))
    sha256: Mapped[str] = mapped_column(index=True)
    byte_count: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    terminated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    review_of: Mapped[str | None]
