"""Rules, what they found, where each record stands in the queue, and what was decided of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base

_TIME = DateTime(timezone=True)
_RULE_KEY = ["xiangye.verification_rule.rule_id", "xiangye.verification_rule.version"]


class VerificationRule(Base):
    """One version of a rule; what it says never changes, only its state does."""

    __tablename__ = "verification_rule"
    __table_args__ = (
        Index("uq_verification_rule_active", "rule_id", unique=True, postgresql_where=text("state = 'active'")),
    )
    rule_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    severity: Mapped[str]
    title_zh: Mapped[str]
    reason_zh: Mapped[str]
    scientific_name: Mapped[str | None]
    group_zh: Mapped[str | None]
    county_codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    source: Mapped[str]
    source_status: Mapped[str]
    state: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(_TIME)
    activated_by: Mapped[str | None]
    activated_at: Mapped[datetime | None] = mapped_column(_TIME)
    retired_at: Mapped[datetime | None] = mapped_column(_TIME)


class RuleTrial(Base):
    __tablename__ = "rule_trial"
    __table_args__ = (
        ForeignKeyConstraint(["rule_id", "version"], _RULE_KEY),
        Index("ix_rule_trial_rule_id_version", "rule_id", "version"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    rule_id: Mapped[str]
    version: Mapped[int]
    tried_by: Mapped[str]
    tried_at: Mapped[datetime] = mapped_column(_TIME)
    checked_count: Mapped[int]
    found_count: Mapped[int]


class RuleFinding(Base):
    """`words_zh` tell no place. `gone_at`: when the rule, run again, no longer found it."""

    __tablename__ = "rule_finding"
    __table_args__ = (
        ForeignKeyConstraint(["rule_id", "rule_version"], _RULE_KEY),
        Index(
            "uq_rule_finding_standing", "record_id", "rule_id", unique=True, postgresql_where=text("gone_at IS NULL")
        ),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"), index=True)
    rule_id: Mapped[str]
    rule_version: Mapped[int]
    severity: Mapped[str]
    words_zh: Mapped[str]
    found_at: Mapped[datetime] = mapped_column(_TIME)
    gone_at: Mapped[datetime | None] = mapped_column(_TIME)


class CountyTaxon(Base):
    """Which occurrence was the first of its taxon in a county, by the place that may be shown of it."""

    __tablename__ = "county_taxon"
    county_code: Mapped[str] = mapped_column(primary_key=True)
    taxon_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.taxon.taxon_id"), primary_key=True)
    occurrence_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"), index=True)


class Review(Base):
    """`judged_digest` is over what of the record a decision was about; `decided_in` the queue it was decided in."""

    __tablename__ = "review"
    __table_args__ = (
        Index("ix_review_waiting", "queue", "record_id", postgresql_where=text("state IN ('pending', 'escalated')")),
    )
    record_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"), primary_key=True)
    state: Mapped[str]
    queue: Mapped[str]
    decided_in: Mapped[str | None]
    judged_digest: Mapped[str | None]
    flagged: Mapped[bool]


class QualityCheck(Base):
    """A second look at an original: a transect walked again, a name given blind, a voucher looked at."""

    __tablename__ = "quality_check"
    __table_args__ = (UniqueConstraint("kind", "original_id", name="quality_check_kind_original_id_key"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    survey_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.survey.id"), index=True)
    original_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.ledger.id"))
    repeat_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.ledger.id"))
    identification_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.identification.id"))
    state: Mapped[str]
    agrees: Mapped[bool | None]
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    drawn_by: Mapped[str]
    drawn_at: Mapped[datetime] = mapped_column(_TIME)
    share: Mapped[str]
    done_by: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.person.id"))
    done_at: Mapped[datetime | None] = mapped_column(_TIME)
