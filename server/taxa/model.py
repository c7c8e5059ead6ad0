"""Taxa and lists. Names are rows; an entry keeps its name as the announcement has it beside the taxon it means."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base


class Taxon(Base):
    """`status`: accepted; superseded by the taxon of which its name is now a synonym; provisional, no list has it."""

    __tablename__ = "taxon"
    __table_args__ = (UniqueConstraint("scientific_name", name="taxon_scientific_name_key"),)
    taxon_id: Mapped[UUID] = mapped_column(primary_key=True)
    scientific_name: Mapped[str]
    authorship: Mapped[str | None]
    rank: Mapped[str]
    kingdom: Mapped[str | None]
    phylum: Mapped[str | None]
    class_name: Mapped[str | None]
    order_name: Mapped[str | None]
    family: Mapped[str | None]
    genus: Mapped[str | None] = mapped_column(index=True)
    section: Mapped[str | None]
    group_zh: Mapped[str]
    endemic: Mapped[bool | None]
    endemic_source: Mapped[str | None]
    status: Mapped[str]


class TaxonName(Base):
    __tablename__ = "taxon_name"
    __table_args__ = (
        Index(
            "uq_taxon_name_accepted", "taxon_id", "language", unique=True, postgresql_where=text("kind = 'accepted'")
        ),
        Index("ix_taxon_name_search_name", "search_name", postgresql_ops={"search_name": "text_pattern_ops"}),
        Index("ix_taxon_name_initials", "initials", postgresql_ops={"initials": "text_pattern_ops"}),
    )
    taxon_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.taxon.taxon_id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    region: Mapped[str | None]
    source: Mapped[str]
    status: Mapped[str]
    search_name: Mapped[str]
    pinyin: Mapped[str | None]
    initials: Mapped[str | None]
    reason: Mapped[str | None]


class PinyinReading(Base):
    __tablename__ = "pinyin_reading"
    text: Mapped[str] = mapped_column(primary_key=True)
    pinyin: Mapped[str]


class SpeciesList(Base):
    __tablename__ = "species_list"
    list_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    title_zh: Mapped[str]
    title_en: Mapped[str]
    short_title_zh: Mapped[str]
    region: Mapped[str]
    issuing_body: Mapped[str]
    legal_basis: Mapped[str]
    populations_excluded: Mapped[list[str]] = mapped_column(ARRAY(Text))
    populations_excluded_basis: Mapped[str]


class ListVersionRow(Base):
    """Never changed once written; `replaces` is the version it was compared with, `loaded_no` the order of loading."""

    __tablename__ = "list_version"
    __table_args__ = (
        ForeignKeyConstraint(["list_id", "replaces"], ["xiangye.list_version.list_id", "xiangye.list_version.version"]),
    )
    list_id: Mapped[str] = mapped_column(ForeignKey("xiangye.species_list.list_id"), primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    announcement: Mapped[str]
    issued_on: Mapped[date | None]
    in_force_on: Mapped[date | None]
    digest: Mapped[str]
    taxon_count: Mapped[int]
    group_count: Mapped[int]
    unverified_count: Mapped[int]
    unverified_rows: Mapped[str]
    loaded_no: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    loaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    loaded_by: Mapped[str] = mapped_column(server_default=text("'system'"))
    replaces: Mapped[str | None]
    descriptor: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))


_VERSION_KEY = (["list_id", "version"], ["xiangye.list_version.list_id", "xiangye.list_version.version"])
_ROW_KEY = (
    ["list_id", "version", "entry_no"],
    ["xiangye.list_row.list_id", "xiangye.list_row.version", "xiangye.list_row.entry_no"],
)


class ListRow(Base):
    """A row as its file has it, whatever the kind of list; `digest` is over its cells but the number and the status."""

    __tablename__ = "list_row"
    __table_args__ = (ForeignKeyConstraint(*_VERSION_KEY), Index("ix_list_row_digest", "list_id", "digest"))
    list_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    entry_no: Mapped[int] = mapped_column(primary_key=True)
    cells: Mapped[dict[str, str]] = mapped_column(JSONB)
    digest: Mapped[str]
    status: Mapped[str]


class ListConfirmation(Base):
    """Append-only: a person stands for a row; it holds for the same row of every version."""

    __tablename__ = "list_confirmation"
    list_id: Mapped[str] = mapped_column(ForeignKey("xiangye.species_list.list_id"), primary_key=True)
    row_digest: Mapped[str] = mapped_column(primary_key=True)
    basis: Mapped[str]
    confirmed_by: Mapped[str]
    confirmed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class TaxonBridge(Base):
    """What became of a taxon between two versions of a list; `from_value`, `to_value`: its category, family or name."""

    __tablename__ = "taxon_bridge"
    __table_args__ = (
        ForeignKeyConstraint(
            ["list_id", "from_version"], ["xiangye.list_version.list_id", "xiangye.list_version.version"]
        ),
        ForeignKeyConstraint(
            ["list_id", "to_version"], ["xiangye.list_version.list_id", "xiangye.list_version.version"]
        ),
    )
    list_id: Mapped[str] = mapped_column(primary_key=True)
    from_version: Mapped[str] = mapped_column(primary_key=True)
    to_version: Mapped[str] = mapped_column(primary_key=True)
    bridge_no: Mapped[int] = mapped_column(primary_key=True)
    change: Mapped[str]
    from_taxon_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.taxon.taxon_id"))
    to_taxon_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.taxon.taxon_id"))
    from_value: Mapped[str | None]
    to_value: Mapped[str | None]


class ListEntry(Base):
    __tablename__ = "list_entry"
    __table_args__ = (
        ForeignKeyConstraint(["list_id", "version"], ["xiangye.list_version.list_id", "xiangye.list_version.version"]),
    )
    list_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    entry_no: Mapped[int] = mapped_column(primary_key=True)
    taxon_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.taxon.taxon_id"), index=True)
    scientific_name: Mapped[str]
    name_zh: Mapped[str]
    list_group: Mapped[str | None]
    category: Mapped[str | None]
    population: Mapped[str | None]
    managed_by: Mapped[str | None]
    note: Mapped[str | None]
    status: Mapped[str]
    region_code: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))


class ListRule(Base):
    __tablename__ = "list_rule"
    __table_args__ = (
        ForeignKeyConstraint(["list_id", "version"], ["xiangye.list_version.list_id", "xiangye.list_version.version"]),
    )
    list_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    entry_no: Mapped[int] = mapped_column(primary_key=True)
    rank: Mapped[str]
    name: Mapped[str]
    name_zh: Mapped[str]
    kingdom: Mapped[str | None]
    list_group: Mapped[str | None]
    category: Mapped[str]
    population: Mapped[str | None]
    managed_by: Mapped[str | None]
    note: Mapped[str | None]
    status: Mapped[str]
    region_code: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))


class ListRuleExclusion(Base):
    __tablename__ = "list_rule_exclusion"
    __table_args__ = (
        ForeignKeyConstraint(
            ["list_id", "version", "entry_no"],
            ["xiangye.list_rule.list_id", "xiangye.list_rule.version", "xiangye.list_rule.entry_no"],
        ),
    )
    list_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    entry_no: Mapped[int] = mapped_column(primary_key=True)
    name_zh: Mapped[str] = mapped_column(primary_key=True)


class SensitivityRuleRow(Base):
    __tablename__ = "sensitivity_rule"
    __table_args__ = (
        ForeignKeyConstraint(["list_id", "version"], ["xiangye.list_version.list_id", "xiangye.list_version.version"]),
    )
    list_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    entry_no: Mapped[int] = mapped_column(primary_key=True)
    rank: Mapped[str]
    name: Mapped[str]
    name_zh: Mapped[str]
    taxon_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.taxon.taxon_id"))
    kingdom: Mapped[str | None]
    level: Mapped[int] = mapped_column(SmallInteger)
    population: Mapped[str | None]
    condition: Mapped[str | None]
    reason: Mapped[str]
    coarsest_name: Mapped[str | None]
    review_on: Mapped[date]
    status: Mapped[str]
    months: Mapped[list[int] | None] = mapped_column(ARRAY(SmallInteger))
    county_codes: Mapped[list[str] | None] = mapped_column(ARRAY(Text))


class RedListAssessment(Base):
    """A taxon may hold several: another scope, another year, another population of it (`population_zh`)."""

    __tablename__ = "red_list_assessment"
    __table_args__ = (ForeignKeyConstraint(*_VERSION_KEY),)
    list_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    entry_no: Mapped[int] = mapped_column(primary_key=True)
    taxon_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.taxon.taxon_id"), index=True)
    scope: Mapped[str]
    edition: Mapped[str | None]
    category: Mapped[str]
    source: Mapped[str]
    assessed_year: Mapped[int | None] = mapped_column(SmallInteger)
    criteria: Mapped[str | None]
    population_zh: Mapped[str | None]


class TaxonTrait(Base):
    __tablename__ = "taxon_trait"
    __table_args__ = (ForeignKeyConstraint(*_ROW_KEY),)
    list_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    entry_no: Mapped[int] = mapped_column(primary_key=True)
    taxon_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.taxon.taxon_id"), index=True)
    trait: Mapped[str]
    value: Mapped[str]


class TaxonLookalike(Base):
    """`difference_zh`: by what the eye tells the taxon from the other."""

    __tablename__ = "taxon_lookalike"
    __table_args__ = (ForeignKeyConstraint(*_ROW_KEY),)
    list_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    entry_no: Mapped[int] = mapped_column(primary_key=True)
    taxon_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.taxon.taxon_id"))
    other_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.taxon.taxon_id"))
    difference_zh: Mapped[str]


class TaxonIdentifier(Base):
    """What others call a taxon; never our key."""

    __tablename__ = "taxon_identifier"
    __table_args__ = (ForeignKeyConstraint(*_ROW_KEY),)
    list_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    entry_no: Mapped[int] = mapped_column(primary_key=True)
    taxon_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.taxon.taxon_id"), index=True)
    authority: Mapped[str]
    identifier: Mapped[str]


class ListWriting(Base):
    """The transactions that wrote to lists or taxa, kept by triggers; the set of them tells one state of the lists."""

    __tablename__ = "list_writing"
    transaction_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    began_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
