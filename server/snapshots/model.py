from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base


class SnapshotRow(Base):
    """Append-only. `files`: name → SHA-256. `digest` is over the records chosen and the parameters, whatever software froze them."""

    __tablename__ = "snapshot"
    __table_args__ = (UniqueConstraint("digest", name="snapshot_digest_key"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    as_of: Mapped[date]
    change_no: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str]
    files: Mapped[dict[str, str]] = mapped_column(JSONB)
    record_count: Mapped[int]
    software: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
