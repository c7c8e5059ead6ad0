"""Occurrences out of the tables that a viewer may read: what the gate left of them, and no body and no exact place."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, String, all_, and_, cast, func, literal, not_, or_, select
from sqlalchemy.orm import Session

from server.accounts.model import Person
from server.accounts.viewer import Viewer
from server.events.model import Measurement
from server.identifications.model import Identification
from server.identifications.queries import last_of
from server.ledger.model import Ledger, VersionRow
from server.occurrences.model import Occurrence
from server.reporting.small_counts import Tally
from server.sensitivity.model import DisclosedPlaceRow, ShownRecord
from server.sensitivity.records import NOT_REVIEWED, DisclosedPlace, FrozenRecord, Review
from server.sensitivity.rules import CELL_E7, E7
from server.sensitivity.shown import place_columns
from server.taxa.model import Taxon
from server.verification.model import Review as ReviewRow
from shared.clock import CHINA

MOST = 200_000
_CHUNK = 5_000
_WIDTHS = {"year": 4, "month": 7, "day": 10, "hour": 16, "minute": 16}
_SETTLED = ("confirmed", "reidentified")
_TOLD_AS_IT_IS = (
    "occurrence_status",
    "individual_count",
    "organism_quantity_type",
    "sex",
    "life_stage",
    "behavior",
    "basis_of_record",
    "establishment_means",
    "degree_of_establishment",
    "pathway",
    "occurrence_remarks",
    "verbatim_event_date",
)


@dataclass(frozen=True)
class Chosen:
    """What an export is of; None: not chosen by that. Years are those that may be told."""

    survey_id: str | None = None
    county: str | None = None
    taxon_id: str | None = None
    group: str | None = None
    year_from: int | None = None
    year_to: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Readable:
    """`id`: the record's own, which does not leave; `shown_id` does."""

    id: UUID
    shown_id: str
    record: FrozenRecord


def readable(
    session: Session, viewer: Viewer, chosen: Chosen, public: bool, ids: Iterable[UUID] = ()
) -> list[Readable]:
    """At most MOST and one more, by the id that is shown. In public none that does not count as observed."""
    places = place_columns(viewer)
    query = (
        select(Occurrence, ShownRecord.shown_id, ShownRecord.level.label("kept_at"), ReviewRow.state, Person.pseudonym)
        .add_columns(*(column.label(f"place_{name}") for name, column in places.items()))
        .add_columns(DisclosedPlaceRow.id.label("place_id"), DisclosedPlaceRow.cell_within_county)
        .join(ShownRecord, ShownRecord.id == Occurrence.id)
        .join(Ledger, Ledger.id == Occurrence.id)
        .outerjoin(DisclosedPlaceRow, DisclosedPlaceRow.id == Occurrence.id)
        .outerjoin(ReviewRow, ReviewRow.record_id == Occurrence.id)
        .outerjoin(VersionRow, and_(VersionRow.id == Ledger.id, VersionRow.digest == Ledger.head_digest))
        .outerjoin(Person, Person.id == VersionRow.author)
        .where(*_conditions(chosen, places))
        .order_by(ShownRecord.shown_id)
        .limit(MOST + 1)
    )
    wanted = list(ids)
    if wanted:
        query = query.where(Occurrence.id.in_(wanted))
    if public:
        query = query.where(_observed())
    rows = session.execute(query).all()
    found: list[Readable] = []
    for start in range(0, len(rows), _CHUNK):
        found += _put_together(session, rows[start : start + _CHUNK])
    return found


def _observed() -> ColumnElement[bool]:
    """Single pictures of an event, what a reviewer rejected and what no reviewer has yet looked at though a rule found it odd are no
    observations."""
    odd = or_(ReviewRow.state == "rejected", and_(ReviewRow.flagged, ReviewRow.state.not_in(_SETTLED)))
    return and_(literal("evidence_only") != all_(Occurrence.flags), not_(func.coalesce(odd, False)))


def _conditions(chosen: Chosen, places: dict[str, Any]) -> list[ColumnElement[bool]]:
    asked: list[ColumnElement[bool]] = []
    if chosen.survey_id:
        asked.append(Occurrence.survey_id == UUID(chosen.survey_id))
    if chosen.county:
        asked.append(places["county_code"] == chosen.county)
    if chosen.year_from is not None:
        asked.append(Occurrence.observed_year >= chosen.year_from)
    if chosen.year_to is not None:
        asked.append(Occurrence.observed_year <= chosen.year_to)
    if chosen.taxon_id or chosen.group:
        named = _last_named().with_only_columns(Identification.taxon_id).scalar_subquery()
        if chosen.taxon_id:
            asked.append(named == UUID(chosen.taxon_id))
        if chosen.group:
            asked.append(named.in_(select(Taxon.taxon_id).where(Taxon.group_zh == chosen.group)))
    return asked


def _last_named() -> Any:
    """The taxon that a record goes by, as identifications/queries.last_of has it."""
    return (
        select(
            Identification.taxon_id,
            func.concat_ws(
                "|",
                func.coalesce(Identification.scientific_name, ""),
                func.coalesce(Identification.name_zh, ""),
                func.coalesce(Identification.verbatim_name, ""),
            ).label("names"),
        )
        .where(Identification.occurrence_id == Occurrence.id)
        .order_by(Identification.received_at.desc(), Identification.id.desc())
        .limit(1)
        .correlate(Occurrence)
    )


def tally_of_all(session: Session) -> Tally:
    """Of every guarded record that counts, whoever asks; the session has to see everything."""
    named = _last_named().lateral()
    taxon = func.coalesce(cast(named.c.taxon_id, String), named.c.names, "")
    area = func.coalesce(DisclosedPlaceRow.county_code, "")
    columns = (taxon, Occurrence.occurrence_status, area, Occurrence.observed_year)
    query = (
        select(*columns, func.count())
        .join(ShownRecord, ShownRecord.id == Occurrence.id)
        .outerjoin(named, and_(True))
        .outerjoin(DisclosedPlaceRow, DisclosedPlaceRow.id == Occurrence.id)
        .outerjoin(ReviewRow, ReviewRow.record_id == Occurrence.id)
        .where(ShownRecord.level > 0, _observed())
        .group_by(*columns)
    )
    found = Tally()
    for name, status, county, year, count in session.execute(query):
        found.add((name, status, county), year, count)
    return found


def _put_together(session: Session, rows: Sequence[Row[Any]]) -> list[Readable]:
    ids = [row[0].id for row in rows]
    names, measured = last_of(session, ids), _measurements(session, ids)
    return [
        Readable(row[0].id, str(row.shown_id), _record(row, names.get(row[0].id), measured.get(row[0].id, [])))
        for row in rows
    ]


def _measurements(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    rows = session.scalars(
        select(Measurement)
        .where(Measurement.subject_id.in_(ids))
        .order_by(Measurement.subject_id, Measurement.position)
    )
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row.subject_id, []).append({"code": row.code, "value": row.value, "unit": row.unit})
    return found


def _record(row: Row[Any], name: Identification | None, measurements: list[dict[str, Any]]) -> FrozenRecord:
    one: Occurrence = row[0]
    guarded = row.kept_at > 0
    body = {
        **{field: getattr(one, field) for field in _TOLD_AS_IT_IS},
        "organism_quantity": str(one.organism_quantity) if one.organism_quantity is not None else None,
        "survey_id": str(one.survey_id),
        "dataset_id": str(one.dataset_id),
        "event_id": str(one.event_id) if one.event_id and not guarded else None,
        "taxon": _taxon(name),
        "recorded_by": [str(row.pseudonym)] if row.pseudonym and not guarded else [],
        "verbatim": {},
        "place": None,
        "measurements": [] if guarded else measurements,
        **_dates(one),
    }
    return FrozenRecord(
        id=str(row.shown_id),
        kind="occurrence",
        observed_year=one.observed_year,
        received_at=one.received_at,
        head_digest="",
        state="current",
        author="",
        device="",
        body=body,
        disclosed=_place(row),
        taxon_id=str(name.taxon_id) if name and name.taxon_id else None,
        asked_level=row.kept_at,
        review=Review(row.state or NOT_REVIEWED.state),
    )


def _dates(one: Occurrence) -> dict[str, str | None]:
    first = _written(one.observed_from, one.date_precision)
    last = _written(one.observed_to, one.date_precision)
    return {
        "observed_from": first,
        "observed_to": None if last == first else last,
        "date_precision": one.date_precision,
    }


def _written(at: datetime | None, precision: str | None) -> str | None:
    if at is None:
        return None
    told = at.astimezone(CHINA).isoformat(timespec="seconds")
    width = _WIDTHS.get(precision or "second")
    return told if width is None else told[:width] + (told[19:] if width > 10 else "")


def _taxon(name: Identification | None) -> dict[str, str | None]:
    columns = ("scientific_name", "name_zh", "verbatim_name", "qualifier", "method", "confidence")
    return {column: getattr(name, column, None) for column in columns}


def _place(row: Row[Any]) -> DisclosedPlace | None:
    if row.place_id is None:
        return None
    size = CELL_E7.get(row.place_level)
    return DisclosedPlace(
        row.place_level,
        row.place_latitude,
        row.place_longitude,
        size / E7 if size else None,
        row.place_uncertainty_m,
        row.place_county_code,
        row.place_county_name,
        row.place_in_scope,
        row.place_uncertain,
        row.place_grid_cell,
        row.place_data_generalizations,
        row.place_information_withheld,
        row.cell_within_county,
        row.place_altitude_m,
    )
