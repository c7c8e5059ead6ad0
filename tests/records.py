"""Records for tests, as a tablet would make them."""

from typing import Any

from shared.canonical import digest
from shared.ids import uuid7

PERSON, DEVICE, SURVEY, DATASET = (str(uuid7()) for _ in range(4))
PANGOLIN = {"name_zh": "穿山甲", "scientific_name": "Manis pentadactyla"}
EGRET = {"name_zh": "白鹭", "scientific_name": "Egretta garzetta"}
MANGSHAN = {
    "latitude_e7": 249512345,
    "longitude_e7": 1129287654,
    "coordinate_uncertainty_in_meters": "8",
    "source": "gnss",
}


def envelope(kind: str, body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "protocol": 1,
        "kind": kind,
        "id": str(uuid7()),
        "base_digest": None,
        "author": PERSON,
        "device": DEVICE,
        "seq": 1,
        "app_version": "0.1.0",
        "form": f"{kind}/1",
        "profile": "hunan-county/1",
        "vocabulary": "1",
        "saved_at": {"wall": "2025-05-20T08:30:00+08:00", "monotonic_ms": 1000, "gnss": None},
        "body": body,
        **changes,
    }


def observed(**fields: Any) -> dict[str, Any]:
    return {
        "survey_id": SURVEY,
        "dataset_id": None,
        "observed_from": "2025-05-20T08:29:00+08:00",
        "observed_to": None,
        "date_precision": "minute",
        **fields,
    }


def occurrence(**fields: Any) -> dict[str, Any]:
    body = observed(taxon=EGRET, place=MANGSHAN, individual_count=1)
    return envelope("occurrence", body | fields)


def event(**fields: Any) -> dict[str, Any]:
    body = observed(
        event_type="transect",
        sampling_protocol="bird_transect",
        target_group="birds",
        effort={"length_m": "2000", "duration_min": "60"},
    )
    return envelope("event", body | fields)


def survey(**fields: Any) -> dict[str, Any]:
    """Of a county, and under an id of its own."""
    said = {"title": "夜间两栖调查", "survey_kind": "county_baseline", "county_codes": ["431022"]}
    body = observed(**{"survey_id": str(uuid7()), **said, **fields})
    return envelope("survey", body, id=body["survey_id"])


def edited(record: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**record, "base_digest": digest(record), "seq": record["seq"] + 1, "body": {**record["body"], **fields}}


def tombstone(record: dict[str, Any]) -> dict[str, Any]:
    body = {"target_id": record["id"], "target_kind": record["kind"]}
    return {**record, "kind": "tombstone", "base_digest": digest(record), "seq": record["seq"] + 1, "body": body}
