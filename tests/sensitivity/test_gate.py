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
from shared.canonical import digest
from tests.admitting import outcomes, set_up
from tests.records import EGRET, MANGSHAN, PANGOLIN, envelope, event, observed, occurrence
from tests.sensitivity.forms import forms_of

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


def test_a_record_that_becomes_guarded_loses_what_could_be_read(reference: Session) -> None:
    set_up(reference)
    walk = event()
    first = occurrence(
        taxon={**EGRET, "verbatim_name": "白鹭，泽子坪"},
        event_id=walk["id"],
        occurrence_remarks="泽子坪",
        behavior="泽子坪觅食",
        verbatim_event_date="泽子坪巡护当天",
        measurements=[
            {"code": "damaged_object", "value": "泽子坪的竹林", "unit": None},
            {"code": "height_m", "value": "12", "unit": "m"},
        ],
    )
    outcomes(reference, walk, first)
    told = {**first["body"], "taxon": PANGOLIN}
    assert outcomes(reference, {**first, "base_digest": digest(first), "seq": 2, "body": told}) == ["accepted"]
    for table in ("occurrence", "identification", "measurement"):
        assert "泽子坪" not in "".join(reference.execute(text(f"SELECT t::text FROM {table} t")).scalars())
    assert reference.execute(text("SELECT event_id FROM occurrence")).scalar_one() is None
    assert reference.execute(text("SELECT value FROM measurement")).scalars().all() == ["12"]
    reference.execute(text("SET LOCAL ROLE xiangye_precise"))
    assert str(reference.execute(text("SELECT event_id FROM precise.event_link")).scalar_one()) == walk["id"]


def test_patrols_findings_and_target_lists_tell_no_place_in_words(reference: Session) -> None:
    set_up(reference)
    outcomes(reference, occurrence(taxon=PANGOLIN), occurrence(taxon=EGRET))
    names = reference.execute(text("SELECT scientific_name, taxon_id::text FROM taxon")).all()
    ids = {row[0]: row[1] for row in names}
    guarded, common = ids[PANGOLIN["scientific_name"]], ids[EGRET["scientific_name"]]
    words = {"location_name": "泽子坪", "event_remarks": "泽子坪"}
    patrol = envelope("patrol", observed(event_type="patrol", sampling_protocol="patrol", place=MANGSHAN, **words))
    finding = envelope(
        "finding",
        observed(
            event_id=patrol["id"], finding_type="snare", place=MANGSHAN, finding_remarks="泽子坪", action_taken="泽子坪"
        ),
    )
    walk = event(target_taxa=[guarded, common, "泽子坪"])
    assert outcomes(reference, patrol, finding, walk) == ["accepted"] * 3
    for table in ("event", "finding"):
        assert "泽子坪" not in "".join(reference.execute(text(f"SELECT t::text FROM {table} t")).scalars())
    targets = reference.execute(text("SELECT target_taxa FROM event WHERE id = :id"), {"id": walk["id"]}).scalar_one()
    assert targets == [common]


def test_a_withheld_place_is_named_as_coarsely_as_its_rule_says(reference: Session) -> None:
    set_up(reference)
    coarse = {"name_zh": "绒毛皂荚", "scientific_name": "Gleditsia japonica var. velutina"}
    outcomes(reference, occurrence(taxon=coarse))
    row = reference.execute(
        text("SELECT level, county_code, county_name, prefecture_name, data_generalizations FROM disclosed_place")
    ).one()
    assert tuple(row) == (1, None, None, "郴州市", "位置仅公布到市州")
