from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base
from server.taxa.model import Taxon


class Identification(Base):
    """Who named it what; never edited, only followed by another."""

    __tablename__ = "identification"
    __table_args__ = (
        UniqueConstraint("occurrence_id", "version_digest", name="identification_occurrence_id_version_digest_key"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    occurrence_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"))
    version_digest: Mapped[str]
    taxon_id: Mapped[UUID | None] = mapped_column(ForeignKey(Taxon.taxon_id))
    scientific_name: Mapped[str | None]
    name_zh: Mapped[str | None]
    verbatim_name: Mapped[str | None]
    qualifier: Mapped[str | None]
    method: Mapped[str]
    confidence: Mapped[str | None]
    identified_by: Mapped[UUID]
    identified_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
