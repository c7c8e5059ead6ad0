"""An export: the records of a survey or a county as a Darwin Core Archive or a CSV table."""

import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from server.accounts.viewer import LOCAL_OPERATOR, Viewer
from server.formats.csv_text import csv_bytes
from server.formats.darwin_core import in_order
from server.formats.dwca_writer import write_archive
from server.formats.eml import DatasetDescription
from server.places.queries import county as find_county
from server.reporting.darwin import event_rows, in_order_of_ids, measurement_terms, public_terms, restricted_terms
from server.sensitivity.queries import frozen_records
from server.sensitivity.records import FrozenRecord
from server.surveys.model import Dataset
from server.surveys.service import survey as find_survey
from shared.clock import Clock, today_in_china

Row = tuple[FrozenRecord, dict[str, str]]


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
    """Writes `out` whole or not at all. The reading is logged; what goes out publicly has passed the gate."""
    code = find_county(session, county).code if county else None
    about = _about(session, clock, survey_id, public)
    now = clock.now() + timedelta(microseconds=1)
    records = _chosen(frozen_records(session, viewer, clock, f"export {file_format}", now), survey_id, code, public)
    terms_of: Callable[[FrozenRecord], dict[str, str]] = public_terms if public else restricted_terms
    rows = [(record, terms_of(record)) for record in records]
    data = _archive(rows, about, clock, public) if file_format == "dwca" else _table(rows, public)
    part = out.with_name(out.name + ".part")
    part.write_bytes(data)
    os.replace(part, out)
    events = len({terms["eventID"] for _, terms in rows})
    return {
        "file": str(out),
        "format": file_format,
        "edition": "public" if public else "restricted",
        "occurrences": len(rows),
        "events": events,
    }


def _chosen(
    records: Sequence[FrozenRecord], survey_id: UUID | None, county: str | None, public: bool
) -> list[FrozenRecord]:
    return [
        record
        for record in records
        if record.kind == "occurrence"
        and record.state in ("current", "conflict")
        and (survey_id is None or record.body["survey_id"] == str(survey_id))
        and (county is None or _county(record, public) == county)
        and not (public and record.body.get("evidence_only"))
    ]


def _county(record: FrozenRecord, public: bool) -> str | None:
    """Whoever sees only disclosed places also chooses by them."""
    if public:
        return record.disclosed.county_code if record.disclosed else None
    return record.exact.stamp.county_code if record.exact else None


def _archive(rows: Sequence[Row], about: DatasetDescription, clock: Clock, public: bool) -> bytes:
    out = BytesIO()
    occurrences = [terms for _, terms in rows]
    told = [row for row in rows if not public or (row[0].disclosed is not None and row[0].disclosed.level == 0)]
    measurements = [one for record, terms in told for one in measurement_terms(record, terms)]
    write_archive(out, event_rows(occurrences), occurrences, measurements, about, clock.now())
    return out.getvalue()


def _table(rows: Sequence[Row], public: bool) -> bytes:
    """A table has room for the columns that are no Darwin Core as well."""
    full = in_order_of_ids(terms if public else {**record.body["verbatim"], **terms} for record, terms in rows)
    columns = in_order({name for row in full for name, text in row.items() if text} | {"occurrenceID"})
    return csv_bytes(columns, full)


def _about(session: Session, clock: Clock, survey_id: UUID | None, public: bool) -> DatasetDescription:
    survey = find_survey(session, survey_id) if survey_id else None
    dataset = session.get(Dataset, survey.dataset_id) if survey else None
    published = today_in_china(clock)
    words = ["坐标为公开位置：敏感物种的坐标已概化或不公开。" if public else "内部资料：含精确坐标，不得公开。"]
    if dataset is not None and dataset.demonstration:
        words.append("演示数据：其中的记录由程序生成，并非实际观察。")
    return DatasetDescription(
        package_id=f"xiangye:{survey_id or 'all'}:{published.isoformat()}",
        title=survey.title if survey else "湘野出现记录",
        publisher=dataset.owner if dataset else "湘野",
        licence=dataset.licence if dataset else "",
        abstract=words,
        published=published,
        contact="数据管理",
    )
