"""A million occurrences, copied into all the tables that a reader meets, for what is measured on many records."""

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import text
from sqlalchemy.orm import Session

from server import db
from server.accounts.scopes import GROUPS
from server.settings import Settings
from tests import records
from tests.admitting import set_up

COUNT = 1_000_000
GUARDED_EVERY, DAYS, FIRST = 12, 1000, date(2022, 6, 1)
_CHUNK = 50_000
_COPIED = {
    "xiangye.ledger": "id, kind, observed_year, head_digest, state",
    "xiangye.version": "id, digest, kind, author, device, seq, protocol, app_version, saved_at, received_at, change_no",
    "xiangye.occurrence": "observed_year, id, occurrence_status, individual_count, evidence_class, basis_of_record, access_class, flags,"
    " received_at, dataset_id, survey_id, observed_from, date_precision",
    "xiangye.identification": "id, occurrence_id, version_digest, taxon_id, scientific_name, method, identified_by, identified_at, received_at",
    "xiangye.disclosed_place": "id, level, cell_x, cell_y, latitude, longitude, uncertainty_m, county_code, county_name, prefecture_name,"
    " in_scope, uncertain, grid_cell, boundary_version, data_generalizations, cell_within_county",
    "precise.place": "id, position, latitude_e7, longitude_e7, source, mock, county_code, county_name, prefecture_code, prefecture_name,"
    " in_scope, uncertain, grid_cell, boundary_version",
    "xiangye.shown_record": "id, shown_id, kind, observed_year, level, listed_on, listing_key, scopes",
    "xiangye.record_scope": "id, scope_no, kind, observed_year, listed_on, listing_key, groups",
    "xiangye.review": "record_id, state, queue, flagged",
}
Row = tuple[Any, ...]


def fill(settings: Settings, count: int = COUNT) -> None:
    """One real record tells what the tables hold besides; the others are copied, without the keys being asked for each row."""
    with db.open_session(settings) as session:
        set_up(session)
        ground = _Ground(session)
    url = (settings.owner_url or "").replace("+psycopg", "").replace(db.OWNER_ROLE, "xiangye_cluster")
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        for some in ground.chunks(count):
            for table, columns in _COPIED.items():
                with connection.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                    for row in _rows(table, some):
                        copy.write_row(row)
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")


class _Ground:
    """Counties, taxa and scopes among which the records are strewn, each alike every time."""

    def __init__(self, session: Session) -> None:
        self.counties = session.execute(
            text("""
            SELECT c.code, c.name_zh, c.prefecture_code, c.prefecture_name, s.scope_no, v.id AS version,
                ST_X(ST_PointOnSurface(c.geom)) AS lon, ST_Y(ST_PointOnSurface(c.geom)) AS lat
            FROM xiangye.county c JOIN xiangye.boundary_version v ON v.id = c.boundary_version AND v.valid_to IS NULL
            JOIN xiangye.scope s ON s.kind = 'county' AND s.code = c.code WHERE c.province_code LIKE '43%' ORDER BY c.code
            """)
        ).all()
        self.taxa = session.execute(
            text(
                "SELECT taxon_id, scientific_name, xiangye.group_no(group_zh) FROM xiangye.taxon WHERE rank = 'species' ORDER BY 1 LIMIT 400"
            )
        ).all()
        self.author = session.execute(
            text("SELECT scope_no FROM xiangye.scope WHERE kind = 'person' AND code = :id"), {"id": records.PERSON}
        ).scalar_one()

    def chunks(self, count: int) -> Iterator[list["_One"]]:
        dice = random.Random(20250601)
        for start in range(0, count, _CHUNK):
            yield [_One(self, dice, n) for n in range(start, min(count, start + _CHUNK))]


class _One:
    def __init__(self, ground: _Ground, dice: random.Random, n: int) -> None:
        self.ground, self.n = ground, n
        self.id = UUID(int=(0x01900000_0000_7000_8000 << 48) + n)
        self.county = ground.counties[dice.randrange(len(ground.counties))]
        self.taxon = ground.taxa[dice.randrange(len(ground.taxa))]
        self.guarded = n % GUARDED_EVERY == 0
        self.day = FIRST + timedelta(days=dice.randrange(DAYS))
        self.listed_on = self.day.replace(day=1) if self.guarded else self.day
        self.shown_id = UUID(int=dice.getrandbits(128), version=4) if self.guarded else self.id
        self.listing_key = UUID(int=dice.getrandbits(128), version=4)
        self.lon, self.lat = self.county.lon + dice.uniform(-0.03, 0.03), self.county.lat + dice.uniform(-0.03, 0.03)
        self.at = f"{self.day} 04:00+00"
        self.digest = f"{n:064x}"


def _disclosed(one: _One) -> Row:
    x, y = int(one.lon * 10), int(one.lat * 10)
    named = (one.county.code, one.county.name_zh, one.county.prefecture_name, True, False, None, one.county.version)
    if one.guarded:
        return (one.id, 2, x, y, y / 10 + 0.05, x / 10 + 0.05, 7500, *named, "坐标概化到 0.1° 网格的中心", True)
    return (one.id, 0, None, None, one.lat, one.lon, 8, *named, None, None)


def _placed(one: _One) -> Row:
    named = (one.county.code, one.county.name_zh, one.county.prefecture_code, one.county.prefecture_name)
    at = f"SRID=4326;POINT({one.lon} {one.lat})"
    exact = (at, int(one.lat * 1e7), int(one.lon * 1e7), "gnss", False)
    return (one.id, *exact, *named, True, False, None, one.county.version)


def _scopes(one: _One) -> list[int]:
    group = one.taxon[2]
    return [number * GROUPS + of for number in (0, one.county.scope_no, one.ground.author) for of in (0, group)]


def _listed(one: _One) -> list[Row]:
    bit = 1 << one.taxon[2]
    rest = ("occurrence", one.day.year, one.listed_on, one.listing_key, bit)
    return [(one.id, number, *rest) for number in (0, one.county.scope_no, one.ground.author)]


_ROWS: dict[str, Callable[[_One], Row | list[Row]]] = {
    "xiangye.ledger": lambda one: (one.id, "occurrence", one.day.year, one.digest, "current"),
    "xiangye.version": lambda one: (
        *(
            one.id,
            one.digest,
            "occurrence",
            records.PERSON,
            records.DEVICE,
            one.n + 1,
            1,
            "0.1.0",
            one.at,
            one.at,
            one.n + 1,
        ),
    ),
    "xiangye.occurrence": lambda one: (
        *(
            one.day.year,
            one.id,
            "present",
            one.n % 9 + 1,
            "field",
            "HumanObservation",
            "restricted" if one.guarded else "internal",
        ),
        *(
            [],
            one.at,
            records.DATASET,
            records.SURVEY,
            f"{one.listed_on} 00:00+08",
            "month" if one.guarded else "minute",
        ),
    ),
    "xiangye.identification": lambda one: (
        *(
            UUID(int=one.id.int + (1 << 100)),
            one.id,
            one.digest,
            one.taxon[0],
            one.taxon[1],
            "eye",
            records.PERSON,
            one.at,
            one.at,
        ),
    ),
    "xiangye.disclosed_place": _disclosed,
    "precise.place": _placed,
    "xiangye.shown_record": lambda one: (
        *(
            one.id,
            one.shown_id,
            "occurrence",
            one.day.year,
            2 if one.guarded else 0,
            one.listed_on,
            one.listing_key,
            _scopes(one),
        ),
    ),
    "xiangye.record_scope": _listed,
    "xiangye.review": lambda one: (one.id, "pending", "county", False),
}


def _rows(table: str, some: list[_One]) -> Iterator[Row]:
    made = _ROWS[table]
    for one in some:
        told = made(one)
        if isinstance(told, list):
            yield from told
        else:
            yield told
