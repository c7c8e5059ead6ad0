"""The database holds the line: what the web process's role can read tells no exact place of a guarded species."""

import base64
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from server.cluster import binaries
from server.db import session_factory
from server.settings import Settings
from tests.admitting import outcomes, set_up
from tests.records import MANGSHAN, PANGOLIN, envelope, event, observed, occurrence

PLANTED = [(249512345 + n * 3313, 1129287654 + n * 7177) for n in range(12)]


@pytest.fixture
def planted(reference_settings: Settings) -> Iterator[Session]:
    with session_factory(reference_settings)() as session:
        _plant(session)
        yield session


def _plant(session: Session) -> None:
    set_up(session)
    sent = []
    for latitude, longitude in PLANTED:
        place = {**MANGSHAN, "latitude_e7": latitude, "longitude_e7": longitude}
        walk = event(place=None, geometry=[[longitude, latitude], [longitude + 999, latitude + 999]])
        patrol = envelope("patrol", observed(event_type="patrol", sampling_protocol="patrol", place=place))
        found = occurrence(
            taxon=PANGOLIN,
            place=place,
            event_id=walk["id"],
            occurrence_remarks=f"在 {latitude / 1e7:.6f}, {longitude / 1e7:.6f} 处",
            verbatim={"decimalLatitude": f"{latitude / 1e7:.7f}"},
        )
        photo = envelope(
            "media",
            observed(
                subject_ids=[found["id"]],
                sha256="ab" * 32,
                byte_count=10,
                media_type="image/jpeg",
                exif_place={"latitude_e7": latitude, "longitude_e7": longitude},
                tablet_place=place,
            ),
        )
        track = envelope(
            "track_segment",
            observed(patrol_id=patrol["id"], leg=1, points=[[1747700000000, longitude, latitude, 500, None]]),
        )
        sent += [
            walk,
            patrol,
            found,
            photo,
            track,
            envelope("finding", observed(event_id=patrol["id"], finding_type="snare", place=place)),
        ]
    assert set(outcomes(session, *sent)) == {"accepted"}
    session.commit()


def forms_of(latitude_e7: int, longitude_e7: int) -> Iterator[str]:
    """Every spelling under which a coordinate could lie in a table: text, E7, doubles in WKB, and the base64 of each."""
    for value in (latitude_e7, longitude_e7):
        plain = [str(value), f"{value / 1e7:.7f}"[:-3], f"{value / 1e7:.4f}"]
        yield from plain
        for order in "<>":
            packed = struct.pack(f"{order}d", value / 1e7)
            yield packed.hex()
            yield packed.hex().upper()
            yield from _base64_forms(packed)
        for spelled in plain:
            yield from _base64_forms(spelled.encode())


def _base64_forms(data: bytes) -> Iterator[str]:
    """The stable middle of the base64 at each of the three alignments."""
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + data).decode().rstrip("=")
        yield encoded[(4 if shift else 0) : len(encoded) - 1]


def leaks(session: Session) -> list[tuple[str, str]]:
    readable = (
        session.execute(
            text("""
        SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
          AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
          AND c.relname NOT IN ('county', 'county_border', 'spatial_ref_sys')
        """)
        )
        .scalars()
        .all()
    )
    forms = {form for point in PLANTED for form in forms_of(*point)}
    found = []
    for table in readable:
        everything = "\n".join(session.execute(text(f"SELECT t::text FROM {table} t")).scalars())
        found += [(table, form) for form in forms if form in everything]
    return found


def test_no_table_that_the_app_can_read_tells_a_planted_place(planted: Session) -> None:
    assert leaks(planted) == []


@pytest.mark.parametrize("plant", ["text", "wkb", "base64", "e7"])
def test_the_search_finds_a_planted_leak(planted: Session, plant: str) -> None:
    latitude, longitude = PLANTED[3]
    spelled = {
        "text": f"{latitude / 1e7:.7f}",
        "wkb": struct.pack("<BIdd", 1, 1, longitude / 1e7, latitude / 1e7).hex(),
        "e7": f"x{longitude}y",
        "base64": base64.b64encode(f"at {latitude / 1e7:.7f}".encode()).decode(),
    }[plant]
    planted.execute(text("UPDATE dataset SET citation = :leak"), {"leak": spelled})
    assert leaks(planted)


def test_psql_as_the_app_role_reads_nothing_precise(planted: Session, reference_settings: Settings) -> None:
    url = make_url(reference_settings.database_url or "")
    owner = make_url(reference_settings.owner_url or "")
    tables = _psql(
        owner.query["host"],
        str(owner.username),
        str(owner.database),
        "SELECT tablename FROM pg_tables WHERE schemaname = 'precise'",
    ).stdout.split()
    assert {
        "place",
        "version_body",
        "track_point",
        "event_geometry",
        "raw_batch",
        "quarantine",
        "track_point_2025",
    } <= set(tables)
    for table in tables:
        refused = _psql(url.query["host"], str(url.username), str(url.database), f"SELECT * FROM precise.{table}")
        assert refused.returncode != 0
        assert "permission denied" in refused.stderr


def test_partitions_carry_no_rights_of_their_own(planted: Session) -> None:
    held = (
        planted.execute(
            text("""
        SELECT c.oid::regclass::text FROM pg_class c WHERE c.relispartition AND c.relkind = 'r'
          AND (has_table_privilege('xiangye_app', c.oid, 'SELECT') OR has_table_privilege('xiangye_precise', c.oid, 'SELECT'))
        """)
        )
        .scalars()
        .all()
    )
    assert held == []


def test_the_role_is_laid_down_again(planted: Session) -> None:
    outcomes(planted, occurrence(taxon=PANGOLIN))
    assert planted.execute(text("SELECT current_user")).scalar_one() == "xiangye_app"


def _psql(host: object, user: str, database: str, statement: str) -> subprocess.CompletedProcess[str]:
    psql = Path(binaries()) / "psql"
    return subprocess.run(
        [str(psql), "-h", str(host), "-U", user, "-d", database, "-Atc", statement],
        capture_output=True,
        text=True,
        check=False,
    )
