"""What arrived, and what was answered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base


class Batch(Base):
    """`key_id` and `signature`: as checked when it came; both are empty for a tablet that has told no key."""

    __tablename__ = "batch"
    __table_args__ = (
        ForeignKeyConstraint(
            ["device_id", "key_id"],
            ["xiangye.device_key.device_id", "xiangye.device_key.key_id"],
            name="batch_key",
        ),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID]
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    record_count: Mapped[int]
    sha256: Mapped[str]
    key_id: Mapped[str | None]
    signature: Mapped[str | None]
    relay_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.relay.id"))


class Receipt(Base):
    __tablename__ = "receipt"
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.batch.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[str | None] = mapped_column(index=True)
    digest: Mapped[str]
    outcome: Mapped[str]
    reason: Mapped[str | None]
    holder: Mapped[str]
    server_epoch: Mapped[UUID]
