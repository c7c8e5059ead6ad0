from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, ForeignKey, ForeignKeyConstraint, Numeric, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base
from server.events.model import Observed


class Occurrence(Observed, Base):
    """Partitioned by observed year. `event_id` is empty where the place is guarded: the link itself would tell it."""

    __tablename__ = "occurrence"
    __table_args__ = (
        ForeignKeyConstraint(
            ["id", "observed_year"], ["xiangye.ledger.id", "xiangye.ledger.observed_year"], onupdate="CASCADE"
        ),
    )
    observed_year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, index=True)
    event_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.ledger.id"))
    occurrence_status: Mapped[str]
    individual_count: Mapped[int | None]
    count_min: Mapped[int | None]
    count_max: Mapped[int | None]
    count_method: Mapped[str | None]
    organism_quantity: Mapped[Decimal | None] = mapped_column(Numeric)
    organism_quantity_type: Mapped[str | None]
    sex: Mapped[str | None]
    life_stage: Mapped[str | None]
    behavior: Mapped[str | None]
    evidence_class: Mapped[str]
    basis_of_record: Mapped[str]
    establishment_means: Mapped[str | None]
    degree_of_establishment: Mapped[str | None]
    pathway: Mapped[str | None]
    occurrence_remarks: Mapped[str | None]
    access_class: Mapped[str]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
