"""Occurrences as they may be read: named by the id that is shown, placed where they may be shown, timed as coarsely as their rows."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Row, Select, case, func, select, true
from sqlalchemy.orm import Session, aliased

from server.accounts.model import Person
from server.accounts.viewer import Viewer
from server.events.queries import OBSERVED, measurements_of
from server.ledger.model import Ledger, VersionRow
from server.occurrences.filters import KIND, REVIEW, last_naming
from server.occurrences.model import Occurrence
from server.occurrences.service import PLAIN
from server.sensitivity import generalising, listing
from server.sensitivity.listing import Asked, Scan
from server.sensitivity.model import DisclosedPlaceRow, ShownRecord
from server.sensitivity.shown import place_columns
from server.taxa.model import Taxon, TaxonName
from shared.clock import CHINA
from shared.problems import Problem

_UNSAID = frozenset({"count_method", "pathway"})
_OWN = (*OBSERVED, *(name for name in PLAIN if name not in _UNSAID), "access_class", "flags")
_EVENT = aliased(ShownRecord, name="of_event")


def page(session: Session, viewer: Viewer, of: Scan, wanted: Asked) -> Sequence[Row[Any]]:
    """One row more than the limit where there is another page."""
    rows = listing.page(viewer, of, wanted)
    of_page = told(viewer, rows, rows.c.id, rows.c.observed_year).add_columns(rows.c.listing_key)
    return session.execute(of_page.order_by(*listing.in_order(rows, wanted.sort))).all()


def one(session: Session, viewer: Viewer, shown_id: UUID) -> dict[str, Any]:
    """With its measurements. Problem `not_found` alike for what is not there and for what is elsewhere."""
    columns = select(ShownRecord.id, ShownRecord.observed_year)
    known = columns.where(ShownRecord.shown_id == shown_id, ShownRecord.kind == KIND).subquery("known")
    row = session.execute(told(viewer, known, known.c.id, known.c.observed_year)).one_or_none()
    if row is None:
        raise Problem("not_found")
    return shown(row) | {"measurements": measurements_of(session, row.record_id)}


def shown(row: Row[Any]) -> dict[str, Any]:
    return listing.gathered(dict(row._mapping), "taxon")


def history(session: Session, shown_id: UUID) -> list[dict[str, Any]]:
    """Its versions, oldest first: no bodies, no digests (one can be guessed from a digest), no finer a time than its place allows."""
    record = session.execute(
        select(ShownRecord.id, ShownRecord.level, Ledger.head_digest, Ledger.state)
        .join(Ledger, Ledger.id == ShownRecord.id)
        .where(ShownRecord.shown_id == shown_id, ShownRecord.kind == KIND)
    ).one_or_none()
    if record is None:
        raise Problem("not_found")
    rows = session.execute(
        select(VersionRow.digest, VersionRow.kind, VersionRow.received_at, Person.pseudonym)
        .outerjoin(Person, Person.id == VersionRow.author)
        .where(VersionRow.id == record.id)
        .order_by(VersionRow.received_at, VersionRow.digest)
    ).all()
    return [
        {
            "version": number,
            "received_on": generalising.moment(record.level, row.received_at).astimezone(CHINA).date(),
            "author": row.pseudonym if generalising.tells_recorder(record.level) else None,
            "deleted": row.kind == "tombstone",
            "is_head": row.digest == record.head_digest,
        }
        for number, row in enumerate(rows, start=1)
    ]


def told(viewer: Viewer, of: FromClause, id_: ColumnElement[UUID], year: ColumnElement[int]) -> Select[Any]:
    # Apart and unopened, so that of the partitions the one of its year alone is asked for each.
    only = (
        select(Occurrence).where(Occurrence.observed_year == year, Occurrence.id == id_).offset(0).lateral("occurrence")
    )
    row, naming = aliased(Occurrence, only), last_naming(id_)
    place = {name: column.label(f"place_{name}") for name, column in place_columns(viewer).items()}
    columns = [
        ShownRecord.id.label("record_id"),
        ShownRecord.shown_id.label("id"),
        ShownRecord.level,
        ShownRecord.listed_on,
        _EVENT.shown_id.label("event_id"),
        func.coalesce(REVIEW.c.state, "pending").label("state"),
        *(getattr(row, name) for name in _OWN),
        *place.values(),
        *_taxon(naming.c),
    ]
    return (
        select(*columns)
        .select_from(of)
        .join(ShownRecord, ShownRecord.id == id_)
        .join(row, true())
        .outerjoin(_EVENT, _EVENT.id == row.event_id)
        .outerjoin(DisclosedPlaceRow, DisclosedPlaceRow.id == id_)
        .outerjoin(REVIEW, REVIEW.c.record_id == id_)
        .outerjoin(naming, true())
        .outerjoin(Taxon, Taxon.taxon_id == naming.c.taxon_id)
        .outerjoin(
            TaxonName,
            (TaxonName.taxon_id == Taxon.taxon_id) & (TaxonName.language == "zh") & (TaxonName.kind == "accepted"),
        )
    )


def _taxon(naming: Any) -> list[ColumnElement[Any]]:
    """A name that no list has may hold words about the place: of a guarded record it is not told."""
    told = (ShownRecord.level == 0) | (Taxon.status != "provisional")
    names: Mapping[str, ColumnElement[Any]] = {
        "scientific_name": func.coalesce(Taxon.scientific_name, naming.scientific_name),
        "name_zh": func.coalesce(TaxonName.name, naming.name_zh),
        "id": naming.taxon_id,
    }
    return [
        *(case((told, value)).label(f"taxon_{name}") for name, value in names.items()),
        Taxon.group_zh.label("taxon_group"),
        Taxon.rank.label("taxon_rank"),
        naming.qualifier.label("taxon_qualifier"),
        naming.confidence.label("taxon_confidence"),
    ]
