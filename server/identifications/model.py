from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base
from server.taxa.model import Taxon


class Decision(Base):
    """Append-only: who did what to a record, and how it stood afterwards."""

    __tablename__ = "decision"
    __table_args__ = (UniqueConstraint("answer_record_id", name="decision_answer_record_id_key"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"), index=True)
    change_no: Mapped[int | None] = mapped_column(BigInteger, index=True)
    action: Mapped[str]
    state: Mapped[str]
    queue: Mapped[str]
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.person.id"))
    actor_name: Mapped[str]
    actor_role: Mapped[str]
    message: Mapped[str | None]
    reason_code: Mapped[str | None]
    answers_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.decision.id"))
    answer_record_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.ledger.id"))
    decided_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Identification(Base):
    """Who named it what; never edited, only followed by another. The observer's come with a version of the record, all others
    with a decision (server/verification)."""

    __tablename__ = "identification"
    __table_args__ = (
        UniqueConstraint("occurrence_id", "version_digest", name="identification_occurrence_id_version_digest_key"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    occurrence_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"))
    version_digest: Mapped[str | None]
    decision_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.decision.id"), index=True)
    taxon_id: Mapped[UUID | None] = mapped_column(ForeignKey(Taxon.taxon_id), index=True)
    scientific_name: Mapped[str | None]
    name_zh: Mapped[str | None]
    verbatim_name: Mapped[str | None]
    qualifier: Mapped[str | None]
    method: Mapped[str]
    confidence: Mapped[str | None]
    identified_by: Mapped[UUID | None]
    identified_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
