"""Identities and versions: final shapes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, SmallInteger, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base


class Ledger(Base):
    __tablename__ = "ledger"
    __table_args__ = (UniqueConstraint("id", "observed_year", name="ledger_id_observed_year_key"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    observed_year: Mapped[int] = mapped_column(SmallInteger)
    head_digest: Mapped[str | None]
    state: Mapped[str]


class VersionRow(Base):
    __tablename__ = "version"
    __table_args__ = (
        Index(
            "ix_version_device_saved_at_id", "device", "saved_at", "id", postgresql_where=text("kind = 'occurrence'")
        ),
    )
    id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    base_digest: Mapped[str | None]
    kind: Mapped[str]
    author: Mapped[UUID] = mapped_column(index=True)
    device: Mapped[UUID]
    seq: Mapped[int] = mapped_column(BigInteger)
    protocol: Mapped[int] = mapped_column(SmallInteger)
    app_version: Mapped[str]
    saved_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    clock_off: Mapped[bool] = mapped_column(server_default=false())
    change_no: Mapped[int | None] = mapped_column(BigInteger, index=True)


class ImportKey(Base):
    __tablename__ = "import_key"
    dataset_id: Mapped[UUID] = mapped_column(primary_key=True)
    source_id: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"))


class ServerState(Base):
    __tablename__ = "server_state"
    only_row: Mapped[bool] = mapped_column(primary_key=True)
    epoch: Mapped[UUID]
