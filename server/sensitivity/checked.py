"""What rules may know of a record: distances, differences and counts, never where it was; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from server.sensitivity.track_measures import TrackMeasures


@dataclass(frozen=True)
class PhotoFacts:
    """Of all photos of a record the worst. `older_min`, `newer_min`: minutes between photo and observation, None where unknown."""

    count: int = 0
    distance_m: float | None = None
    older_min: float | None = None
    newer_min: float | None = None


@dataclass(frozen=True)
class Checked:
    """`level`, `county_code` and `altitude_m` are those that may be shown; `month` 1–12. `track_distance_m`: from where the
    observer's own track was at that moment; `alike`: (minutes, metres) to each other record of the same observer that says the
    same again."""

    id: UUID
    kind: str
    body: Mapping[str, Any] = field(default_factory=dict)
    level: int = 0
    county_code: str | None = None
    altitude_m: float | None = None
    month: int | None = None
    mock: bool = False
    photos: PhotoFacts = PhotoFacts()
    track_distance_m: float | None = None
    tracks: tuple[TrackMeasures, ...] = ()
    alike: tuple[tuple[float, float], ...] = ()
