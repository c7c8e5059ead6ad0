"""An export from the command line: the records of a survey or a county, as they came or as the public may have them."""

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.model import Person
from server.accounts.viewer import LOCAL_OPERATOR, Viewer
from server.exchange.leaving import describe, refuse_forbidden
from server.exchange.writing import FORMATS, Leaving
from server.places.queries import county as find_county
from server.reporting.darwin import measurement_terms, public_rows, restricted_terms
from server.reporting.presences import tally
from server.sensitivity.queries import frozen_records
from server.sensitivity.records import FrozenRecord
from server.surveys.service import survey as find_survey
from shared.clock import Clock


def export_file(
    session: Session,
    clock: Clock,
    out: Path,
    file_format: str,
    survey_id: UUID | None = None,
    county: str | None = None,
    public: bool = False,
    viewer: Viewer = LOCAL_OPERATOR,
) -> dict[str, Any]:
    """Writes `out` whole or not at all. The reading is logged; what goes out publicly has passed the gate. Problem `not_allowed`
    for a public export of a data set that may not leave the country."""
    code = find_county(session, county).code if county else None
    survey = find_survey(session, survey_id) if survey_id else None
    now = clock.now() + timedelta(microseconds=1)
    counted = _counted(frozen_records(session, viewer, clock, f"export {file_format}", now), public)
    records = _chosen(counted, survey_id, code, public)
    about = describe(session, clock, survey, _surveys(records), public)
    if public:
        refuse_forbidden(session, _surveys(records), _datasets(records))
        records, rows = public_rows(_under_pseudonyms(session, records), tally(counted))
    else:
        rows = [restricted_terms(record) for record in records]
    pairs = list(zip(records, rows, strict=False))
    measurements = [one for record, terms in pairs for one in measurement_terms(record, terms)]
    more = {} if public else {terms["occurrenceID"]: record.body["verbatim"] for record, terms in pairs}
    data = FORMATS[file_format].write(Leaving(rows, measurements, about, clock.now(), more))
    part = out.with_name(out.name + ".part")
    part.write_bytes(data)
    os.replace(part, out)
    return {
        "file": str(out),
        "format": file_format,
        "edition": "public" if public else "restricted",
        "occurrences": len(rows),
        "events": len({terms["eventID"] for terms in rows}),
    }


def _counted(records: Sequence[FrozenRecord], public: bool) -> list[FrozenRecord]:
    return [
        record
        for record in records
        if record.kind == "occurrence"
        and record.state in ("current", "conflict")
        and not (public and (record.body.get("evidence_only") or not record.review.counts))
    ]


def _chosen(
    records: Sequence[FrozenRecord], survey_id: UUID | None, county: str | None, public: bool
) -> list[FrozenRecord]:
    return [
        record
        for record in records
        if (survey_id is None or record.body["survey_id"] == str(survey_id))
        and (county is None or _county(record, public) == county)
    ]


def _county(record: FrozenRecord, public: bool) -> str | None:
    """Whoever sees only disclosed places also chooses by them."""
    if public:
        return record.disclosed.county_code if record.disclosed else None
    return record.exact.stamp.county_code if record.exact else None


def _surveys(records: Sequence[FrozenRecord]) -> set[UUID]:
    return {UUID(record.body["survey_id"]) for record in records}


def _datasets(records: Sequence[FrozenRecord]) -> set[UUID]:
    return {UUID(record.body["dataset_id"]) for record in records if record.body["dataset_id"]}


def _under_pseudonyms(session: Session, records: Sequence[FrozenRecord]) -> list[FrozenRecord]:
    named = {UUID(person) for record in records for person in record.body["recorded_by"]}
    rows = session.execute(select(Person.id, Person.pseudonym).where(Person.id.in_(named)))
    known = {str(row[0]): str(row[1]) for row in rows}
    return [
        replace(
            record, body={**record.body, "recorded_by": [known[p] for p in record.body["recorded_by"] if p in known]}
        )
        for record in records
    ]
