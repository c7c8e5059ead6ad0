"""The report's records as a Darwin Core Archive, in the edition's own disclosure."""

import io
from collections.abc import Iterable, Mapping

from server.baselines.draft import Draft
from server.baselines.study import PASSIVE
from server.formats.dwca_writer import write_archive
from server.formats.eml import DatasetDescription
from server.reporting.darwin import event_rows, measurement_terms, public_position, public_rows, restricted_terms
from server.reporting.presences import DATUM, tally
from server.sensitivity.records import FrozenRecord
from server.surveys.model import CROSS_BORDER, FORBIDDEN
from shared.vocabulary import EVENT_TYPES


def darwin_core_archive(draft: Draft) -> bytes:
    """Present and absent records; single pictures of an event that is counted as a whole stay out."""
    restricted = draft.edition.restricted
    counted = _counted(draft)
    records, rows = (counted, [*map(restricted_terms, counted)]) if restricted else public_rows(counted, tally(counted))
    measurements = [
        one for record, terms in zip(records, rows, strict=False) for one in measurement_terms(record, terms)
    ]
    events: dict[str, dict[str, str]] = {row["eventID"]: row for row in event_rows(rows)}
    came_as = _imported_ids(counted)
    for unit in _units(draft, {terms["eventID"] for terms in rows}, came_as):
        event_id = came_as.get(unit.id, unit.id)
        events[event_id] = {**events.get(event_id, {}), **_event(draft, unit), "eventID": event_id}
    for row in events.values():
        if row.get("parentEventID") not in events:
            row["parentEventID"] = ""
    written = io.BytesIO()
    write_archive(written, events.values(), rows, measurements, _about(draft), draft.study.snapshot.cutoff)
    return written.getvalue()


def _counted(draft: Draft) -> list[FrozenRecord]:
    study = draft.study
    counted = [one.record for one in (*study.sightings, *study.unplaced, *study.absences)]
    return counted if draft.edition.restricted else [one for one in counted if not _stays_inside(draft, one)]


def _stays_inside(draft: Draft, record: FrozenRecord) -> bool:
    """What a public archive may not take across the border."""
    context = draft.study.snapshot.context
    survey = context.surveys.get(record.body["survey_id"])
    dataset = context.datasets.get(record.body["dataset_id"] or (survey.dataset_id if survey else ""))
    return dataset is not None and dataset.cross_border == FORBIDDEN


def _units(draft: Draft, told: set[str], came_as: Mapping[str, str]) -> list[FrozenRecord]:
    """Visits, with or without finds. In public no patrol nor other visit with a guarded place, and of events that were no sampling only
    those with an open find: such an event without one would be the place of a guarded find."""
    units = [unit for unit in draft.study.records.values() if unit.kind in ("event", "patrol")]
    if draft.edition.restricted:
        return units
    return [
        unit
        for unit in units
        if unit.id not in draft.guarded_visits
        and not _stays_inside(draft, unit)
        and (unit.body["sampling_protocol"] not in PASSIVE or came_as.get(unit.id, unit.id) in told)
    ]


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
        "eventType": draft.edition.told_code(EVENT_TYPES, body["event_type"]),
        "samplingProtocol": body["sampling_protocol"],
        "eventDate": f"{first}/{last}" if first and last else first,
        "sampleSizeValue": size[0],
        "sampleSizeUnit": size[1],
        "samplingEffort": f"{effort['duration_min']} min" if effort.get("duration_min") else "",
        # Free words: in public none, since those left out alone would tell where guarded species were found.
        "locality": body.get("location_name") if draft.edition.restricted else None,
    }
    position = draft.edition.position(unit)
    if position is not None and draft.edition.restricted:
        told |= {
            "decimalLongitude": f"{position[0]:.7f}",
            "decimalLatitude": f"{position[1]:.7f}",
            "geodeticDatum": DATUM,
        }
    elif position is not None:
        told |= public_position(*position)
    return {term: text for term, text in told.items() if text}


def _about(draft: Draft) -> DatasetDescription:
    study = draft.study
    datasets = study.snapshot.context.datasets.values()
    words = [
        "内部资料：含精确坐标，不得公开。"
        if draft.edition.restricted
        else "坐标为公开位置：敏感物种的坐标已概化或不公开。"
    ]
    if not draft.edition.restricted:
        words += [f"数据集“{one.title}”：{CROSS_BORDER[one.cross_border]}。" for one in datasets]
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
