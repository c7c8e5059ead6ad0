"""Which area lies in which: the province over prefectures over counties over protected areas; organisations by their tree."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts.areas import Area, covers, name_of, named
from server.accounts.service import organisation_named
from tests.admitting import CLOCK
from tests.people import COUNTY, PREFECTURE, PROVINCE

CHAIN = [Area("province", PROVINCE), Area("prefecture", PREFECTURE), Area("county", COUNTY)]
ELSEWHERE = [Area("prefecture", "430600"), Area("county", "430602"), Area("county", "431024")]


def areas_of(session: Session, where: str) -> list[Area]:
    found = session.execute(
        text(
            f"SELECT DISTINCT code FROM xiangye.named_place WHERE kind = 'protected_area' AND {where} ORDER BY code LIMIT 5"
        )
    )
    return [Area("area", code) for code in found.scalars()]


def placed_nowhere(session: Session) -> Area:
    """One whose counties nobody wrote down."""
    session.execute(
        text("""
            INSERT INTO xiangye.named_place (kind, boundary_version, code, name_zh, county_codes, status, source)
            SELECT kind, boundary_version, 'PA-TEST', '无县保护地', '{}', status, source FROM xiangye.named_place
            WHERE kind = 'protected_area' LIMIT 1
            """)
    )
    return Area("area", "PA-TEST")


def test_each_covers_what_stands_below_and_nothing_else(reference: Session) -> None:
    for high, outer in enumerate(CHAIN):
        for low, inner in enumerate(CHAIN):
            assert covers(reference, outer, inner) is (high <= low), (outer, inner)
    for outer in CHAIN[1:]:
        for inner in ELSEWHERE:
            assert covers(reference, outer, inner) is (inner.code == "431024" and outer.kind == "prefecture")


def test_a_protected_area_lies_where_all_its_counties_are(reference: Session) -> None:
    inside = areas_of(reference, f"county_codes = ARRAY['{COUNTY}']")
    across = areas_of(reference, f"cardinality(county_codes) > 1 AND '{COUNTY}' = ANY (county_codes)")
    nowhere = [placed_nowhere(reference)]
    assert inside
    for one in inside:
        assert all(covers(reference, outer, one) for outer in CHAIN)
        assert not covers(reference, Area("county", "431024"), one)
        assert not covers(reference, one, Area("county", COUNTY))
    for one in across + nowhere + [Area("area", "no such area")]:
        assert not covers(reference, Area("county", COUNTY), one), one
    assert all(covers(reference, Area("province", PROVINCE), one) for one in across + nowhere)


def test_an_organisation_lies_where_it_or_one_above_it_is_set(reference: Session) -> None:
    bureau, station, stray = (organisation_named(reference, CLOCK, name) for name in ("局", "站", "散"))
    bureau.area_code, station.parent_id = COUNTY, bureau.id
    reference.flush()
    inner = Area("organisation", str(station.id))
    assert all(covers(reference, outer, inner) for outer in [*CHAIN, Area("organisation", str(bureau.id)), inner])
    assert not covers(reference, Area("county", "431024"), inner)
    assert not covers(reference, inner, Area("organisation", str(bureau.id)))
    assert not covers(reference, Area("county", COUNTY), Area("organisation", str(stray.id)))
    assert not covers(reference, Area("county", COUNTY), Area("organisation", str(uuid4())))


def test_a_tree_that_bites_its_tail_ends(reference: Session) -> None:
    one, other = (organisation_named(reference, CLOCK, name) for name in ("甲", "乙"))
    one.parent_id, other.parent_id = other.id, one.id
    reference.flush()
    assert not covers(reference, Area("county", COUNTY), Area("organisation", str(one.id)))


@pytest.mark.parametrize(
    ("told", "area"),
    [
        ("43", Area("province", "43")),
        ("431000", Area("prefecture", "431000")),
        (" 431022 ", Area("county", "431022")),
        ("area:PA-HN-001", Area("area", "PA-HN-001")),
        ("organisation:x:y", Area("organisation", "x:y")),
    ],
)
def test_a_code_says_by_its_form_what_it_is(told: str, area: Area) -> None:
    assert named(told) == area


def test_until_counties_are_loaded_any_code_of_theirs_will_do(session: Session) -> None:
    assert name_of(session, Area("county", COUNTY)) == COUNTY
    assert name_of(session, Area("county", "宜章")) is None
    assert name_of(session, Area("area", "PA")) is None
    assert name_of(session, Area("province", "43")) == "全省"
