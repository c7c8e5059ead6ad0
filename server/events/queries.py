"""Events as they may be read: their place as it is shown, their effort, and what was measured."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Row, Select, case, exists, select
from sqlalchemy.orm import Session, aliased

from server.accounts.viewer import Viewer
from server.events.model import Event, Measurement
from server.sensitivity import generalising, listing
from server.sensitivity.listing import Asked, Scan, scan
from server.sensitivity.model import DisclosedPlaceRow, RecordScope, ShownRecord
from server.sensitivity.shown import place_columns
from shared.problems import Problem

KIND = "event"
OBSERVED = ("survey_id", "dataset_id", "observed_from", "observed_to", "date_precision")
_OWN = (
    *OBSERVED,
    "event_type",
    "sampling_protocol",
    "target_group",
    "location_name",
    "effort_length_m",
    "effort_duration_min",
    "effort_area_m2",
    "effort_observers",
    "weather",
    "habitat_code",
    "disturbance_code",
    "event_remarks",
    "flags",
)
_WORDS = ("location_name", "event_remarks")
_PARENT = aliased(ShownRecord, name="parent")


def wanted(viewer: Viewer, asked: Mapping[str, Any], kind: str = KIND) -> Scan:
    """`asked`: survey_id, county, year, each None where it is not asked for."""
    conditions: list[ColumnElement[bool]] = []
    if asked.get("survey_id"):
        conditions.append(exists().where(Event.id == RecordScope.id, Event.survey_id == asked["survey_id"]))
    if asked.get("county"):
        in_county = place_columns(viewer)["county_code"] == asked["county"]
        conditions.append(exists().where(DisclosedPlaceRow.id == RecordScope.id, in_county))
    if asked.get("year") is not None:
        conditions.append(RecordScope.observed_year == asked["year"])
    return scan(kind, *conditions)


def page(session: Session, viewer: Viewer, of: Scan, wanted: Asked) -> Sequence[Row[Any]]:
    """One row more than the limit where there is another page."""
    rows = listing.page(viewer, of, wanted)
    told = told_of(viewer, rows, rows.c.id).add_columns(rows.c.listing_key)
    return session.execute(told.order_by(*listing.in_order(rows, wanted.sort))).all()


def one(session: Session, viewer: Viewer, shown_id: UUID) -> dict[str, Any]:
    """With its measurements. Problem `not_found` alike for what is not there and for what is elsewhere."""
    known = select(ShownRecord.id).where(ShownRecord.shown_id == shown_id, ShownRecord.kind == KIND).subquery("known")
    row = session.execute(told_of(viewer, known, known.c.id)).one_or_none()
    if row is None:
        raise Problem("not_found")
    return shown(row) | {"measurements": measurements_of(session, row.record_id)}


def told_of(viewer: Viewer, of: FromClause, id_: ColumnElement[UUID]) -> Select[Any]:
    place = place_columns(viewer)
    return (
        select(
            ShownRecord.id.label("record_id"),
            ShownRecord.shown_id.label("id"),
            ShownRecord.level,
            ShownRecord.listed_on,
            # The event that a guarded one is a part of may have a place of its own.
            case((ShownRecord.level == 0, _PARENT.shown_id)).label("parent_event_id"),
            *(getattr(Event, name) for name in _OWN),
            *(column.label(f"place_{name}") for name, column in place.items()),
        )
        .select_from(of)
        .join(ShownRecord, ShownRecord.id == id_)
        .join(Event, Event.id == id_)
        .outerjoin(_PARENT, _PARENT.id == Event.parent_event_id)
        .outerjoin(DisclosedPlaceRow, DisclosedPlaceRow.id == id_)
    )


def shown(row: Row[Any]) -> dict[str, Any]:
    return listing.gathered(at_its_level(dict(row._mapping)))


def at_its_level(told: dict[str, Any]) -> dict[str, Any]:
    """No finer a time, and no words, than the level of the record's place allows."""
    level = told["level"]
    times = generalising.time(level, told["observed_from"], told["observed_to"], told["date_precision"])
    told |= dict(zip(("observed_from", "observed_to", "date_precision"), times, strict=True))
    return told if generalising.tells_words(level) else told | dict.fromkeys(name for name in _WORDS if name in told)


def measurements_of(session: Session, subject_id: UUID) -> Sequence[Measurement]:
    query = select(Measurement).where(Measurement.subject_id == subject_id)
    return session.scalars(query.order_by(Measurement.position)).all()
