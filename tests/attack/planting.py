"""200 guarded finds in five counties, each farther than half a cell from what may be told of it, and open records around them; seeded."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import hypot
from typing import Any
from uuid import UUID

import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from server import db
from server.accounts.service import enrol, issue_code
from server.accounts.viewer import Actor
from server.places.queries import county_shape
from server.sensitivity.rules import CELL_E7, E7, cell_of
from server.settings import Settings
from server.surveys.service import add_dataset, add_survey
from server.sync.admission import admit
from shared.clock import FixedClock
from shared.ids import uuid7
from tests import records
from tests.admitting import CLOCK
from tests.people import person, token_for

COUNTIES = ("431022", "431021", "431025", "431003", "430121")
"""宜章 of the county grants, three others of 郴州, one of 长沙."""
BULBUL = {"name_zh": "白头鹎", "scientific_name": "Pycnonotus sinensis"}
TAXA = {
    1: records.PANGOLIN,
    2: {"name_zh": "大鲵", "scientific_name": "Andrias davidianus"},
    3: {"name_zh": "白鹇", "scientific_name": "Lophura nycthemera"},
    4: BULBUL,
}
WIDEST = CELL_E7[2] / E7
"""Of level 1, and where no cell is told, half a cell is half of this."""
ROLES: dict[str, tuple[str, str]] = {
    "surveyor": ("county", "431022"),
    "ranger": ("county", "431022"),
    "reviewer": ("county", "431022"),
    "prefecture_admin": ("prefecture", "431000"),
    "scientist": ("province", "43"),
    "auditor": ("province", "43"),
    "public_reporter": ("county", "431022"),
}
FIRST_DAY = datetime(2024, 1, 1, 1, tzinfo=UTC)
_STEP = timedelta(minutes=20)
_DAYS = 4
"""A tablet sends what it recorded on so many days at once."""


@dataclass(frozen=True)
class Target:
    id: UUID
    level: int
    latitude_e7: int
    longitude_e7: int
    county: str
    straddles: bool
    at: datetime

    @property
    def cell(self) -> float:
        """Side in degrees of what half is measured by."""
        return CELL_E7[self.level] / E7 if self.level > 1 and not self.straddles else WIDEST

    def cells_off(self, longitude: float, latitude: float) -> float:
        return hypot(longitude - self.longitude_e7 / E7, latitude - self.latitude_e7 / E7) / self.cell


@dataclass(frozen=True)
class Ground:
    """`shapes`, as everybody knows them. `device`: the attacker's own tablet, that of a surveyor in 宜章."""

    settings: Settings
    targets: tuple[Target, ...]
    shapes: dict[str, Any]
    headers: dict[str, dict[str, str]]
    survey: str
    author: str
    device: str


def make(settings: Settings, count: int = 200, seed: int = 20) -> Ground:
    some = random.Random(seed)
    with db.engine_for(settings, "owner").begin() as owner:
        owner.execute(text(_LEVEL_4), {"name": BULBUL["scientific_name"]})
    with db.open_session(settings) as session:
        shapes = {code: county_shape(session, code) for code in COUNTIES}
        dataset = add_dataset(session, CLOCK, "攻击数据集", "攻击单位")
        survey = str(add_survey(session, CLOCK, "攻击调查", "county_baseline", dataset, list(COUNTIES)).id)
        walkers = {code: [_walker(session, code) for _ in range(2)] for code in COUNTIES}
        targets: list[Target] = []
        for start in range(0, count, 5 * _DAYS):
            for place, county in enumerate(COUNTIES):
                numbers = range(start + place, min(start + 5 * _DAYS, count), 5)
                walks = [_walk(number, county, shapes[county], survey, some) for number in numbers]
                mates = [one for number in numbers for one in _elsewhere(number, shapes[county], survey, some)]
                targets += [target for target, _ in walks]
                came = FixedClock(walks[-1][0].at + timedelta(hours=10))
                for walker, sent in zip(walkers[county], ([one for _, of in walks for one in of], mates), strict=True):
                    _sent(session, walker, came, sent)
        headers, author, device = _attackers(session)
    return Ground(settings, tuple(targets), shapes, headers, survey, author, device)


def _sent(session: Session, walker: tuple[UUID, UUID], came: FixedClock, sent: list[dict[str, Any]]) -> None:
    who, device = walker
    of = [{**one, "author": str(who), "device": str(device)} for one in sent]
    outcomes = {one.outcome for one in admit(session, Actor(who, device), came, of)}
    assert outcomes == {"accepted"}, outcomes


_LEVEL_4 = """
    INSERT INTO xiangye.sensitivity_rule
        (list_id, version, entry_no, rank, name, name_zh, taxon_id, kingdom, level, reason, review_on, status)
    SELECT r.list_id, r.version, 9001, 'species', t.scientific_name, '白头鹎', t.taxon_id, t.kingdom, 4, '试验', r.review_on, r.status
    FROM xiangye.sensitivity_rule r, xiangye.taxon t WHERE r.entry_no = 1 AND t.scientific_name = :name LIMIT 1
"""


def _walker(session: Session, county: str) -> tuple[UUID, UUID]:
    who = person(session, "surveyor", "county", county)
    device = uuid7()
    enrol(session, CLOCK, issue_code(session, CLOCK, who.id), device, "试验平板", "0.1.0")
    return who.id, device


def _attackers(session: Session) -> tuple[dict[str, dict[str, str]], str, str]:
    people = {role: person(session, role, *area) for role, area in ROLES.items()}
    headers = {role: {"Authorization": f"Bearer {token_for(session, one)}"} for role, one in people.items()}
    device, author = uuid7(), people["surveyor"].id
    _, credential = enrol(session, CLOCK, issue_code(session, CLOCK, author), device, "攻击者的平板", "0.1.0")
    return {**headers, "device": {"Authorization": f"Bearer {credential}"}}, str(author), str(device)


def _point(shape: Any, level: int, straddles: bool, some: random.Random) -> tuple[int, int]:
    """Latitude and longitude, whose cell does or does not lie wholly in the county; in a corner of it, far from all that is told."""
    west, south, east, north = shape.bounds
    side = CELL_E7.get(level, 0)
    inside = shape.buffer(-1e-4)
    shapely.prepare(inside)
    while True:
        if straddles:
            on = shape.boundary.interpolate(some.random(), normalized=True)
            reach = side / E7 / 2
            lon, lat = round((on.x + some.gauss(0, reach)) * E7), round((on.y + some.gauss(0, reach)) * E7)
        else:
            lon, lat = round(some.uniform(west, east) * E7), round(some.uniform(south, north) * E7)
        if not inside.covers(shapely.Point(lon / E7, lat / E7)) or _ends_like_a_centre(lon, lat):
            continue
        cell = cell_of(lat, lon, level)
        whole = cell is not None and shape.covers(shapely.box(*cell.box))
        if cell is not None and (whole == straddles or not _in_a_corner(lat, lon, side)):
            continue
        guess = shape.centroid
        if whole or hypot(guess.x - lon / E7, guess.y - lat / E7) > 0.6 * WIDEST:
            return lat, lon


def _ends_like_a_centre(*values: int) -> bool:
    """What may be told of others would be found in its place: centres of cells of 0.001°, and of 0.01° and 0.1°."""
    return any(abs((value + 600) % 5_000) < 1_200 for value in values)


def _in_a_corner(latitude_e7: int, longitude_e7: int, side: int) -> bool:
    return hypot(latitude_e7 % side / side - 0.5, longitude_e7 % side / side - 0.5) > 0.55


def _walk(
    number: int, county: str, shape: Any, survey: str, some: random.Random
) -> tuple[Target, list[dict[str, Any]]]:
    """One person's day: the find, and what they recorded openly before and after it, as the number has it."""
    level, straddles = 1 + number // 5 % 4, number // 20 % 3 == 2
    straddles = straddles and level > 1
    lat, lon = _point(shape, level, straddles, some)
    at = FIRST_DAY + timedelta(days=2 * number, minutes=some.randrange(300))
    of = {"survey_id": survey}
    place = _place(lat, lon, altitude_m=str(200 + number * 7 % 1300))
    words = f"{lat / E7:.6f}, {lon / E7:.6f} 石壁沟"
    start = _place(
        lat - 20_000, lon + 15_000
    )  # where the transect begins, which is told where something open was found on it
    walk = records.event(place=start, location_name=words, event_remarks=words, **of, **_time(at))
    linked = {"event_id": walk["id"]} if number % 3 == 0 else {}
    found = records.occurrence(
        taxon=TAXA[level], place=place, occurrence_remarks=words, behavior=words, **linked, **of, **_time(at)
    )
    target = Target(UUID(found["id"]), level, lat, lon, county, straddles, at)
    before, after = _beside(target, of, linked if number % 6 == 0 else {}, some) if number % 2 == 0 else ([], [])
    return target, [
        *([walk] if linked else []),
        *before,
        found,
        *after,
        *_photo(found["id"], number, place, of, at),
        *_patrol(number, place, of, at),
    ]


def _beside(
    target: Target, of: dict[str, str], linked: dict[str, str], some: random.Random
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    side = round((CELL_E7[target.level] if target.level > 1 else CELL_E7[2]) * 0.2)
    slope = some.uniform(0.75, 1) * side, some.uniform(-1, 1) * side
    made = []
    for shift in (-2, -1, 1, 2):
        at = target.latitude_e7 + round(shift * slope[0]), target.longitude_e7 + round(shift * slope[1])
        link = linked if shift == 1 else {}
        made.append(records.occurrence(place=_place(*at), **link, **of, **_time(target.at + shift * _STEP)))
    return made[:2], made[2:]


def _photo(
    subject: str, number: int, place: dict[str, Any], of: dict[str, str], at: datetime
) -> Iterator[dict[str, Any]]:
    if number % 5 == 0:
        exif = {name: place[name] for name in ("latitude_e7", "longitude_e7")}
        told = {"byte_count": 10, "media_type": "image/jpeg", "captured_at": at.isoformat(), "exif_place": exif}
        body = records.observed(subject_ids=[subject], sha256=f"{number:064x}", **told, **of, **_time(at))
        yield records.envelope("media", body)


def _patrol(number: int, place: dict[str, Any], of: dict[str, str], at: datetime) -> Iterator[dict[str, Any]]:
    if number % 10 == 0:
        told = {"place": place, **of, **_time(at)}
        patrol = records.envelope("patrol", records.observed(event_type="patrol", sampling_protocol="patrol", **told))
        yield patrol
        yield records.envelope("finding", records.observed(event_id=patrol["id"], finding_type="snare", **told))


def _elsewhere(number: int, shape: Any, survey: str, some: random.Random) -> list[dict[str, Any]]:
    """What somebody else recorded in the county that day."""
    west, south, east, north = shape.bounds
    made: list[dict[str, Any]] = []
    while len(made) < 2:
        lon, lat = some.uniform(west, east), some.uniform(south, north)
        if shape.covers(shapely.Point(lon, lat)):
            at = FIRST_DAY + timedelta(days=2 * number, hours=len(made) + 1)
            made.append(
                records.occurrence(place=_place(round(lat * E7), round(lon * E7)), survey_id=survey, **_time(at))
            )
    return made


def _place(latitude_e7: int, longitude_e7: int, **more: Any) -> dict[str, Any]:
    return {**records.MANGSHAN, "latitude_e7": latitude_e7, "longitude_e7": longitude_e7, **more}


def _time(at: datetime) -> dict[str, Any]:
    return {"observed_from": at.isoformat(), "date_precision": "minute"}
