"""A county full of planted places, seeded: a guarded find on each of one ranger's days, and ordinary records around it."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from shared.clock import CHINA
from tests.admitting import outcomes
from tests.records import EGRET, PANGOLIN, envelope, event, observed, occurrence

WEST, EAST, SOUTH, NORTH = 112.72, 113.10, 25.02, 25.42
"""Inside 宜章 and its neighbours of Hunan; no place of anything real."""
SALAMANDER = {"name_zh": "大鲵", "scientific_name": "Andrias davidianus"}
PHEASANT = {"name_zh": "白鹇", "scientific_name": "Lophura nycthemera"}
GUARDED = (PANGOLIN, SALAMANDER, PHEASANT)
"""Levels 1, 2 and 3."""
WORDS = "石壁沟老鸦岩"
"""In every free field of what is guarded."""
STEP = timedelta(minutes=20)


@dataclass(frozen=True)
class Find:
    """A guarded record, its true place and time, its event and its photo."""

    id: str
    taxon: dict[str, str]
    latitude_e7: int
    longitude_e7: int
    at: datetime
    event_id: str
    photo_id: str


@dataclass(frozen=True)
class World:
    finds: tuple[Find, ...]
    birds: tuple[tuple[datetime, int, int], ...]
    """(time, latitude, longitude) of the ranger's ordinary records, all open."""


def plant(session: Session, count: int = 200, seed: int = 7) -> World:
    some = random.Random(seed)
    finds, birds, sent = [], [], list[dict[str, Any]]()
    for number in range(count):
        at = datetime(2023, 1, 1, 8, some.randrange(60), tzinfo=CHINA).astimezone(UTC) + timedelta(days=4 * number)
        lat, lon = round(some.uniform(SOUTH, NORTH) * 1e7), round(some.uniform(WEST, EAST) * 1e7)
        made, records = _find(number, lat, lon, at, some)
        finds.append(made)
        sent += records
        for shift in (-2, -1, 1, 2):
            beside = lat + shift * some.randrange(900, 2_000), lon + shift * some.randrange(900, 2_000)
            birds.append((at + shift * STEP, *beside))
            sent.append(occurrence(taxon=EGRET, place=_place(*beside), **_times(at + shift * STEP)))
    for start in range(0, len(sent), 100):
        assert set(outcomes(session, *sent[start : start + 100])) == {"accepted"}
    return World(tuple(finds), tuple(birds))


def _find(number: int, lat: int, lon: int, at: datetime, some: random.Random) -> tuple[Find, list[dict[str, Any]]]:
    times, place = _times(at), _place(lat, lon)
    walk = event(
        place=place,
        geometry=[[lon, lat], [lon + 999, lat + 999]],
        location_name=WORDS,
        event_remarks=f"{WORDS} {lat / 1e7:.6f}, {lon / 1e7:.6f}",
        **times,
    )
    found = occurrence(
        taxon={**GUARDED[number % 3], "verbatim_name": f"{GUARDED[number % 3]['name_zh']}（{WORDS}）"},
        place=place,
        event_id=walk["id"],
        occurrence_remarks=f"{WORDS} {lat / 1e7:.6f}, {lon / 1e7:.6f}",
        behavior=WORDS,
        measurements=[{"code": "damaged_object", "value": WORDS, "unit": None}],
        verbatim={"locality": WORDS, "decimalLatitude": f"{lat / 1e7:.7f}"},
        **times,
    )
    photo = envelope(
        "media",
        observed(
            subject_ids=[found["id"]],
            sha256=f"{number:064x}",
            byte_count=10,
            media_type="image/jpeg",
            captured_at=at.isoformat(),
            exif_place={"latitude_e7": lat, "longitude_e7": lon},
            file_name=f"{WORDS}.jpg",
            **times,
        ),
    )
    made = Find(found["id"], GUARDED[number % 3], lat, lon, at, walk["id"], photo["id"])
    return made, [walk, found, photo]


def _place(lat: int, lon: int) -> dict[str, Any]:
    return {
        "latitude_e7": lat,
        "longitude_e7": lon,
        "coordinate_uncertainty_in_meters": "8",
        "source": "gnss",
        "altitude_m": str(200 + (lat + lon) % 1300),
    }


def _times(at: datetime) -> dict[str, Any]:
    return {"observed_from": at.isoformat(), "date_precision": "minute"}
