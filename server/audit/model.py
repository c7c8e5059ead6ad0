from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Identity, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base


class AuditEntry(Base):
    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_action", "action", "entry_no"),
        Index("ix_audit_entry_actor", "actor", "entry_no"),
    )
    entry_no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
    previous_hash: Mapped[str]
    entry_hash: Mapped[str]


class Redaction(Base):
    """Texts that named a person were taken out of this; it keeps its digest, and its bytes now are these."""

    __tablename__ = "redaction"
    __table_args__ = (Index("ix_redaction_subject", "kind", "subject"),)
    redaction_no: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str]
    digest: Mapped[str]
    redacted_sha256: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
