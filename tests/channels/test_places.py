"""What is told of where: cells, counties, events, heights (L4, L10, L12, L24)."""

from itertools import pairwise
from typing import Any

import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts.viewer import LOCAL_OPERATOR
from server.places.queries import county_shape
from server.sensitivity.queries import frozen_records
from server.sensitivity.rules import CELL_E7, E7, cell_of
from shared.geodesy import distance_m
from tests.admitting import CLOCK, outcomes, set_up
from tests.channels.planted import Find, World
from tests.records import EGRET, MANGSHAN, PANGOLIN, event, occurrence
from tests.scopes.ground import Caller

_DISCLOSED = "SELECT id::text, level, latitude, longitude, county_code, cell_within_county FROM disclosed_place"


def pairs(found: Any) -> dict[Any, Any]:
    return {row[0]: row[1] for row in found}


def disclosed(rows: Session) -> dict[str, Any]:
    return {row.id: row for row in rows.execute(text(_DISCLOSED))}


def test_a_cell_lies_wholly_in_the_county_that_is_named_beside_it(rows: Session, world: World) -> None:
    """L4: cell with county: no border cuts a cell that is told, and where one would, the county alone is named."""
    told, seen = disclosed(rows), set()
    for find in world.finds:
        row = told[find.id]
        if row.level == 1:
            assert (row.latitude, row.cell_within_county) == (None, None)
            continue
        size = CELL_E7[row.level] / E7
        cell = cell_of(find.latitude_e7, find.longitude_e7, row.level)
        assert cell is not None
        county = county_shape(rows, row.county_code)
        whole = county.covers(shapely.box(*cell.box))
        assert row.cell_within_county is whole
        assert (row.latitude is not None) is whole
        if whole:
            box = shapely.box(
                row.longitude - size / 2, row.latitude - size / 2, row.longitude + size / 2, row.latitude + size / 2
            )
            assert county.buffer(1e-7).covers(box)
        seen.add(whole)
    assert seen == {True, False}, "the plan has both"


def test_every_edition_and_every_viewer_is_told_the_same_cell(
    callers: dict[str, Caller], rows: Session, world: World
) -> None:
    """L4: one edition with another: whoever looks, of the county or of the province, is told the same, so that two make no more than one."""
    seen: dict[str, dict[tuple[Any, ...], set[Any]]] = {}
    for name in ("county", "province"):
        for one in _all(callers[name], level=None):
            if one["level"]:
                place = one["place"]
                key = (one["id"],)
                seen.setdefault(name, {})[key] = {(place["latitude"], place["longitude"], place["county_code"])}
    common = seen["county"].keys() & seen["province"].keys()
    assert len(common) >= 20
    assert all(seen["county"][key] == seen["province"][key] for key in common)
    frozen = {r.id: r for r in frozen_records(rows, LOCAL_OPERATOR, CLOCK, "test", CLOCK.now().replace(year=2026))}
    for find in world.finds:
        shown, row = frozen[find.id].disclosed, disclosed(rows)[find.id] if find is world.finds[0] else None
        assert shown is not None
        if row is not None:
            assert (shown.latitude, shown.longitude, shown.county_code) == (
                row.latitude,
                row.longitude,
                row.county_code,
            )
    rows.rollback()


def _all(caller: Caller, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    asked = {key: value for key, value in query.items() if value is not None} | {"limit": 100}
    after: str | None = None
    while True:
        answer = caller.get("occurrences", **asked, **({"after": after} if after else {})).json()
        found += answer["items"]
        after = answer["next"]
        if after is None:
            return found


def half_a_cell_m(find: Find, level: int) -> float:
    cell = cell_of(find.latitude_e7, find.longitude_e7, level)
    assert cell is not None
    lon, lat = cell.centre
    return distance_m(lon, lat, lon, lat + cell.size_deg / 2)


def test_an_event_of_guarded_finds_tells_no_more_than_they(rows: Session, world: World) -> None:
    """L10: its point, its line, its plot: an event inherits the highest level of its children."""
    told = disclosed(rows)
    for find in world.finds:
        event_row, own = told[find.event_id], told[find.id]
        assert (event_row.level, event_row.latitude, event_row.longitude) == (own.level, own.latitude, own.longitude)
    words = rows.execute(text("SELECT location_name, event_remarks, verbatim_event_date FROM event")).all()
    assert {tuple(row) for row in words} == {(None, None, None)}


def test_one_guarded_find_does_not_coarsen_the_birds_of_a_transect(reference: Session) -> None:
    """L10: two hundred birds keep their places, and the event its own, for one pangolin on it; only its words go."""
    set_up(reference)
    walk = event(place=MANGSHAN, location_name="石壁沟样线")
    birds = [occurrence(taxon=EGRET, event_id=walk["id"]) for _ in range(20)]
    outcomes(reference, walk, *birds, occurrence(taxon=PANGOLIN, event_id=walk["id"]))
    levels = pairs(reference.execute(text("SELECT level, count(*) FROM disclosed_place GROUP BY level")))
    assert levels == {0: 21, 1: 1}
    linked = reference.execute(text("SELECT count(*) FROM occurrence WHERE event_id IS NOT NULL")).scalar_one()
    assert linked == 20, "which of the event's finds is guarded cannot be read"
    assert reference.execute(text("SELECT location_name FROM event")).scalar_one() is None


def test_heights_are_told_in_steps_and_never_the_record_s_own_beside_a_cell(rows: Session, world: World) -> None:
    """L12: a guarded record tells at most its cell's, in steps of 100 m; an open one its own, in steps of 20 m."""
    heights = rows.execute(text("SELECT level, altitude_m FROM disclosed_place")).all()
    assert {height for level, height in heights if level > 0} == {None}, "no elevation layer is loaded here"
    open_heights = {height for level, height in heights if level == 0}
    assert len(open_heights) > 20 and all(height % 20 == 0 for height in open_heights)
    columns = rows.execute(
        text("""
        SELECT table_name || '.' || column_name FROM information_schema.columns
        WHERE table_schema = 'xiangye' AND (column_name LIKE '%altitude%' OR column_name LIKE '%elevation%')
        """)
    ).scalars()
    assert set(columns) == {"disclosed_place.altitude_m"}, "no other table that the web process reads tells a height"


def test_what_cannot_be_placed_is_closed_and_never_vanishes(reference: Session) -> None:
    """L24: an unknown name is level 2, a name without anything level 2, and each record still stands in the list."""
    set_up(reference)
    sent = [
        occurrence(taxon={"verbatim_name": "不明兽类"}),
        occurrence(taxon={"name_zh": "待鉴定"}),
        occurrence(taxon={"verbatim_name": "待鉴定"}, place=None),
        occurrence(taxon=PANGOLIN, place=None),
        occurrence(taxon=PANGOLIN, place={**MANGSHAN, "latitude_e7": 0, "longitude_e7": 0}),
        occurrence(),
    ]
    assert outcomes(reference, *sent) == ["accepted"] * len(sent)
    levels = pairs(reference.execute(text("SELECT id::text, level FROM shown_record WHERE kind = 'occurrence'")))
    assert [levels[one["id"]] for one in sent] == [2, 2, 2, 1, 1, 0]
    listed = reference.execute(
        text("SELECT count(DISTINCT id) FROM record_scope WHERE kind = 'occurrence'")
    ).scalar_one()
    assert listed == len(sent)


def test_the_levels_of_the_plan_are_those_of_its_taxa(rows: Session, world: World) -> None:
    """L24: the plan itself holds: 1, 2 and 3 in turn."""
    told = disclosed(rows)
    assert [told[find.id].level for find in world.finds[:6]] == [1, 2, 3, 1, 2, 3]
    assert all(one.id != other.id for one, other in pairwise(world.finds))
