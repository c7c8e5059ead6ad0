"""What people were told and agreed to, how they are reached, and how long what is kept."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, ForeignKey, ForeignKeyConstraint, Integer
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base

_TIME = DateTime(timezone=True)


class NoticeVersion(Base):
    __tablename__ = "notice_version"
    kind: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    text: Mapped[str]
    published_at: Mapped[datetime] = mapped_column(_TIME)
    published_by: Mapped[str]


class RecordNotice(Base):
    """Which notice was shown before a patrol, a track, a walk or an interview was recorded, and on what basis it was."""

    __tablename__ = "record_notice"
    id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"), primary_key=True)
    version: Mapped[str]
    basis: Mapped[str]
    accepted_at: Mapped[datetime | None] = mapped_column(_TIME)
    guardian: Mapped[bool | None]


class Contact(Base):
    """How an interviewee, a reporter or one of our own people is reached: `sealed` under a key that no database holds."""

    __tablename__ = "contact"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.person.id"), index=True)
    record_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.ledger.id"))
    county_code: Mapped[str]
    scopes: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    key_id: Mapped[str]
    nonce: Mapped[bytes]
    sealed: Mapped[bytes]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(_TIME)


class Consent(Base):
    """Of a person or of who is behind a contact. No date of birth: only whether under 14, and whether a guardian agreed."""

    __tablename__ = "consent"
    __table_args__ = (
        ForeignKeyConstraint(["kind", "version"], ["xiangye.notice_version.kind", "xiangye.notice_version.version"]),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.person.id"), index=True)
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.contact.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    version: Mapped[str]
    basis: Mapped[str]
    under_14: Mapped[bool]
    guardian: Mapped[bool]
    given_at: Mapped[datetime] = mapped_column(_TIME)
    withdrawn_at: Mapped[datetime | None] = mapped_column(_TIME)
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(_TIME)


class RetentionSetting(Base):
    __tablename__ = "retention_setting"
    kind: Mapped[str] = mapped_column(primary_key=True)
    days: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(_TIME)
    changed_by: Mapped[str]
