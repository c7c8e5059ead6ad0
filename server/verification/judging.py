"""What of a record a decision is about; pure."""

from collections.abc import Mapping
from typing import Any

from shared.canonical import digest

_JUDGED = (
    "taxon",
    "occurrence_status",
    "individual_count",
    "count_min",
    "count_max",
    "observed_from",
    "observed_to",
    "degree_of_establishment",
    "evidence_class",
)


def judged_digest(body: Mapping[str, Any]) -> str:
    """Another remark is no other record; another name, place, time or number is."""
    place = body.get("place") or {}
    where = [place.get("latitude_e7"), place.get("longitude_e7")]
    return digest({"place": where, **{name: body.get(name) for name in _JUDGED}})
