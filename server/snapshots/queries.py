"""Gathers the context of a snapshot, and finds snapshots again."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

import shapely
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.ledger.model import VersionRow
from server.media.model import MediaFile
from server.places import queries as places
from server.places.model import BoundaryVersion
from server.sensitivity.records import FrozenRecord
from server.snapshots.context import Area, Cell, Context, DatasetFacts, Rendition, SurveyFacts, Taxon
from server.snapshots.model import SnapshotRow
from server.surveys.model import Dataset, Survey
from server.taxa import queries as taxa
from shared.problems import Problem


def find(session: Session, snapshot_id: str) -> SnapshotRow:
    row = session.get(SnapshotRow, snapshot_id)
    if row is None:
        raise Problem("not_found", f"没有编号为 {snapshot_id} 的快照")
    return row


def last_change(session: Session, cutoff: datetime) -> int:
    return session.scalar(select(func.max(VersionRow.change_no)).where(VersionRow.received_at < cutoff)) or 0


def gather(
    session: Session, records: Sequence[FrozenRecord], counties: Sequence[str], on: date, cutoff: datetime
) -> Context:
    """For one county its neighbours and its 10 km cells come along; for several, the outlines alone."""
    alone = counties[0] if len(counties) == 1 else None
    version = places.boundary_version(session, on)
    source = session.scalar(select(BoundaryVersion.source).where(BoundaryVersion.id == version))
    return Context(
        boundary_version=version,
        boundary_source=source or "",
        grid_label=places.grid_label(session, on),
        counties=tuple(_area(session, code, on) for code in counties),
        neighbours=tuple(_as_area(one) for one in places.neighbours(session, alone, on)) if alone else (),
        cells=tuple(_cell(one) for one in places.grid_cells(session, alone, on)) if alone else (),
        taxa=_taxa(session, records, on, alone),
        lists=tuple(_plain(asdict(one)) for one in taxa.list_versions(session, on)),
        surveys=_surveys(session, records),
        datasets=_datasets(session, records),
        renditions=_renditions(session, records, cutoff),
    )


def _area(session: Session, code: str, on: date) -> Area:
    county = places.county(session, code, on)
    return _as_area(places.CountyShape(county, places.county_shape(session, code, on)))


def _as_area(one: places.CountyShape) -> Area:
    county = one.county
    return Area(
        county.code,
        county.name_zh,
        county.prefecture_name,
        county.province_name,
        shapely.to_wkt(one.shape, rounding_precision=7),
    )


def _cell(one: Any) -> Cell:
    return Cell(one.code, one.share, shapely.to_wkt(one.polygon, rounding_precision=7))


def _taxa(session: Session, records: Sequence[FrozenRecord], on: date, county: str | None) -> dict[str, Taxon]:
    wanted = sorted({record.taxon_id for record in records if record.taxon_id})
    found = taxa.facts(session, wanted, on, county) if wanted else {}
    return {
        key: Taxon(**{name: getattr(facts, name) for name in Taxon.__dataclass_fields__})
        for key, facts in sorted(found.items())
    }


def _surveys(session: Session, records: Sequence[FrozenRecord]) -> dict[str, SurveyFacts]:
    wanted = {UUID(record.body["survey_id"]) for record in records if record.body.get("survey_id")}
    rows = session.scalars(select(Survey).where(Survey.id.in_(wanted)).order_by(Survey.id))
    return {str(row.id): SurveyFacts(str(row.id), row.title, row.kind, str(row.dataset_id)) for row in rows}


def _datasets(session: Session, records: Sequence[FrozenRecord]) -> dict[str, DatasetFacts]:
    own = {UUID(record.body["dataset_id"]) for record in records if record.body.get("dataset_id")}
    of_surveys = {UUID(survey.dataset_id) for survey in _surveys(session, records).values()}
    rows = session.scalars(select(Dataset).where(Dataset.id.in_(own | of_surveys)).order_by(Dataset.id))
    return {
        str(row.id): DatasetFacts(str(row.id), row.title, row.owner, row.licence, row.demonstration, row.cross_border)
        for row in rows
    }


def _renditions(session: Session, records: Sequence[FrozenRecord], cutoff: datetime) -> dict[str, Rendition]:
    hashes = {record.id: record.body["sha256"] for record in records if record.kind == "media"}
    rows = session.scalars(
        select(MediaFile).where(MediaFile.sha256.in_(hashes.values()), MediaFile.received_at < cutoff)
    )
    files = {row.sha256: row for row in rows if row.rendition_sha256 and row.width_px and row.height_px}
    return {
        id_: Rendition(file.rendition_sha256 or "", file.width_px or 0, file.height_px or 0)
        for id_, file in ((id_, files.get(sha)) for id_, sha in sorted(hashes.items()))
        if file is not None
    }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in values.items()}
