"""Patrols and findings as they may be read: their cell and their day or month, never a track and never who walked."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Row, Select, exists, select
from sqlalchemy.orm import Session, aliased

from server.accounts.viewer import Viewer
from server.events import queries as events
from server.patrols.model import Finding, Patrol
from server.sensitivity import generalising, listing
from server.sensitivity.listing import Asked, Scan, scan
from server.sensitivity.model import DisclosedPlaceRow, RecordScope, ShownRecord
from server.sensitivity.shown import place_columns
from shared.problems import Problem

PATROL, FINDING = "patrol", "finding"
_OF_PATROL = aliased(ShownRecord, name="of_patrol")


def patrols(session: Session, viewer: Viewer, of: Scan, wanted: Asked) -> Sequence[Row[Any]]:
    """One row more than the limit where there is another page."""
    rows = listing.page(viewer, of, wanted)
    told = _patrols(viewer, rows, rows.c.id).add_columns(rows.c.listing_key)
    return session.execute(told.order_by(*listing.in_order(rows, wanted.sort))).all()


def findings(session: Session, viewer: Viewer, of: Scan, wanted: Asked) -> Sequence[Row[Any]]:
    """One row more than the limit where there is another page."""
    rows = listing.page(viewer, of, wanted)
    told = _findings(viewer, rows, rows.c.id).add_columns(rows.c.listing_key)
    return session.execute(told.order_by(*listing.in_order(rows, wanted.sort))).all()


def wanted_findings(viewer: Viewer, asked: Mapping[str, Any]) -> Scan:
    """`asked`: survey_id, county, year, finding_type, case_state, each None where it is not asked for."""
    conditions: list[ColumnElement[bool]] = [
        exists().where(Finding.id == RecordScope.id, getattr(Finding, name) == asked[name])
        for name in ("survey_id", "finding_type", "case_state")
        if asked.get(name) is not None
    ]
    if asked.get("county"):
        in_county = place_columns(viewer)["county_code"] == asked["county"]
        conditions.append(exists().where(DisclosedPlaceRow.id == RecordScope.id, in_county))
    if asked.get("year") is not None:
        conditions.append(RecordScope.observed_year == asked["year"])
    return scan(FINDING, *conditions)


def one_patrol(session: Session, viewer: Viewer, shown_id: UUID) -> dict[str, Any]:
    known = _known(shown_id, PATROL)
    return _only(session, _patrols(viewer, known, known.c.id))


def one_finding(session: Session, viewer: Viewer, shown_id: UUID) -> dict[str, Any]:
    known = _known(shown_id, FINDING)
    return _only(session, _findings(viewer, known, known.c.id))


def shown(row: Row[Any]) -> dict[str, Any]:
    return events.shown(row)


def shown_finding(row: Row[Any]) -> dict[str, Any]:
    told = dict(row._mapping)
    level = told["level"]
    first, _, precision = generalising.time(level, told["observed_from"], None, "second")
    return listing.gathered(
        told | {"observed_from": first, "observed_to": None, "date_precision": precision if first else None}
    )


def _patrols(viewer: Viewer, of: FromClause, id_: ColumnElement[UUID]) -> Select[Any]:
    return events.told_of(viewer, of, id_).join(Patrol, Patrol.event_id == id_).add_columns(Patrol.nil_report)


def _findings(viewer: Viewer, of: FromClause, id_: ColumnElement[UUID]) -> Select[Any]:
    place = place_columns(viewer)
    own = ("survey_id", "finding_type", "case_state", "evidence_number", "observed_from")
    return (
        select(
            ShownRecord.shown_id.label("id"),
            ShownRecord.level,
            ShownRecord.listed_on,
            _OF_PATROL.shown_id.label("patrol_id"),
            *(getattr(Finding, name) for name in own),
            *(column.label(f"place_{name}") for name, column in place.items()),
        )
        .select_from(of)
        .join(ShownRecord, ShownRecord.id == id_)
        .join(Finding, Finding.id == id_)
        .outerjoin(_OF_PATROL, _OF_PATROL.id == Finding.event_id)
        .outerjoin(DisclosedPlaceRow, DisclosedPlaceRow.id == id_)
    )


def _known(shown_id: UUID, kind: str) -> Any:
    return select(ShownRecord.id).where(ShownRecord.shown_id == shown_id, ShownRecord.kind == kind).subquery("known")


def _only(session: Session, told: Select[Any]) -> dict[str, Any]:
    """Problem `not_found` alike for what is not there and for what is elsewhere."""
    row = session.execute(told).one_or_none()
    if row is None:
        raise Problem("not_found")
    return shown_finding(row) if "finding_type" in row._mapping else shown(row)
