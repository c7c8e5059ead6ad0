"""The report's records as a Darwin Core Archive, in the edition's own disclosure."""

import io
from collections.abc import Iterable, Mapping

from server.baselines.draft import Draft
from server.formats.dwca_writer import write_archive
from server.formats.eml import DatasetDescription
from server.reporting.darwin import event_rows, measurement_terms, public_terms, restricted_terms
from server.sensitivity.records import FrozenRecord

_DATUM = "EPSG:4326"


def darwin_core_archive(draft: Draft) -> bytes:
    """Present and absent records; single pictures of an event that is counted as a whole stay out."""
    study, restricted = draft.study, draft.edition.restricted
    counted = [one.record for one in (*study.sightings, *study.unplaced, *study.absences)]
    terms = {record.id: restricted_terms(record) if restricted else public_terms(record) for record in counted}
    open_records = [
        record for record in counted if restricted or (record.disclosed is not None and record.disclosed.level == 0)
    ]
    measurements = [one for record in open_records for one in measurement_terms(record, terms[record.id])]
    events = {row["eventID"]: row for row in event_rows(terms.values())}
    came_as = _imported_ids(counted)
    for unit in study.records.values():
        if unit.kind in ("event", "patrol") and (restricted or unit.kind == "event"):
            event_id = came_as.get(unit.id, unit.id)
            events[event_id] = {**events.get(event_id, {}), **_event(draft, unit), "eventID": event_id}
    written = io.BytesIO()
    write_archive(written, events.values(), terms.values(), measurements, _about(draft), study.snapshot.cutoff)
    return written.getvalue()


def _imported_ids(records: Iterable[FrozenRecord]) -> dict[str, str]:
    """An imported visit keeps the eventID that its rows came with, so that it is one event and not two."""
    said = {record.body["event_id"]: record.body["verbatim"].get("eventID", "").strip() for record in records}
    return {event_id: name for event_id, name in said.items() if event_id and name}


def _event(draft: Draft, unit: FrozenRecord) -> Mapping[str, str]:
    body, effort = unit.body, unit.body.get("effort") or {}
    first, last = body.get("observed_from"), body.get("observed_to")
    size = next(
        ((effort[key], name) for key, name in (("area_m2", "square metre"), ("length_m", "metre")) if effort.get(key)),
        ("", ""),
    )
    told = {
        "eventID": unit.id,
        "parentEventID": body.get("parent_event_id"),
        "eventType": body["event_type"],
        "samplingProtocol": body["sampling_protocol"],
        "eventDate": f"{first}/{last}" if first and last else first,
        "sampleSizeValue": size[0],
        "sampleSizeUnit": size[1],
        "samplingEffort": f"{effort['duration_min']} min" if effort.get("duration_min") else "",
        "locality": body.get("location_name"),
    }
    position = draft.edition.position(unit)
    if position is not None:
        told |= {
            "decimalLongitude": f"{position[0]:.7f}",
            "decimalLatitude": f"{position[1]:.7f}",
            "geodeticDatum": _DATUM,
        }
    return {term: text for term, text in told.items() if text}


def _about(draft: Draft) -> DatasetDescription:
    study = draft.study
    datasets = study.snapshot.context.datasets.values()
    words = [
        "内部资料：含精确坐标，不得公开。"
        if draft.edition.restricted
        else "坐标为公开位置：敏感物种的坐标已概化或不公开。"
    ]
    words += ["演示数据：其中的记录由程序生成，并非实际观察。"] if study.demonstration else []
    west, south, east, north = (f"{bound:.2f}" for bound in study.county.shape.bounds)
    return DatasetDescription(
        package_id=f"{study.snapshot.id}:{draft.edition.code}",
        title=f"{draft.county}{draft.profile.title}数据集（{draft.edition.title}）",
        publisher="、".join(dict.fromkeys(one.owner for one in datasets)) or "未登记",
        licence="；".join(sorted({one.licence for one in datasets})) or "未登记",
        abstract=words,
        published=study.snapshot.as_of,
        contact="数据管理",
        bounds=(west, south, east, north),
        place=draft.county,
    )
