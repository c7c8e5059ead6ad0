"""Tiles: only what may be shown, only to whom it may be shown, at every depth."""

import math
from typing import Any

import pytest

from tests import records
from tests.scopes.ground import LINWU, PLACES, YIZHANG, Caller, brought, caller
from tests.scopes.tile_reading import Feature, features
from tests.serving import Live

SALAMANDER = {"name_zh": "大鲵", "scientific_name": "Andrias davidianus"}
CELLS = {2: 0.1, 3: 0.01, 4: 0.001}


def around(place: dict[str, Any], z: int) -> tuple[int, int, int]:
    lon, lat = place["longitude_e7"] / 1e7, math.radians(place["latitude_e7"] / 1e7)
    y = (1 - math.log(math.tan(lat) + 1 / math.cos(lat)) / math.pi) / 2
    return z, int((lon + 180) / 360 * 2**z), int(y * 2**z)


def drawn(who: Caller, place: dict[str, Any], z: int, layer: str = "occurrences") -> list[Feature]:
    answer = who.get(f"tiles/{layer}/" + "/".join(map(str, around(place, z))))
    assert answer.status_code == 200, answer.text
    return features(answer.content)


def position(feature: Feature, tile: tuple[int, int, int]) -> tuple[float, float]:
    z, x, y = tile
    lon = (x + feature.at[0] / 4096) / 2**z * 360 - 180
    lat = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * (y + feature.at[1] / 4096) / 2**z))))
    return lon, lat


def test_a_tile_holds_the_records_of_the_own_county(live: Live) -> None:
    mine, other, _ = brought(live.settings, *(records.occurrence(place=place) for place in PLACES.values()))
    reviewer = caller(live, "reviewer", "county", YIZHANG)
    assert [one.told["id"] for one in drawn(reviewer, PLACES[YIZHANG], 12)] == [mine["id"]]
    assert drawn(reviewer, PLACES[LINWU], 12) == []
    assert [one.told["id"] for one in drawn(caller(live, "prefecture_admin"), PLACES[LINWU], 12)] == [other["id"]]


def test_a_record_that_is_not_guarded_stands_where_it_is(live: Live) -> None:
    brought(live.settings, records.occurrence())
    tile = around(PLACES[YIZHANG], 16)
    (one,) = drawn(caller(live), PLACES[YIZHANG], 16)
    lon, lat = position(one, tile)
    assert abs(lon - 112.9287654) < 2e-5 and abs(lat - 24.9512345) < 2e-5


@pytest.mark.parametrize("taxon", [records.PANGOLIN, SALAMANDER])
def test_a_guarded_record_is_drawn_nowhere_but_at_the_centre_of_its_cell(live: Live, taxon: dict[str, str]) -> None:
    """L5: every tile from the whole world to some metres over the true point, for two roles, by the same addresses."""
    brought(live.settings, records.occurrence(taxon=taxon, place=PLACES[YIZHANG]))
    for who in (caller(live), caller(live, "province_admin")):
        (listed,) = who.items("occurrences")
        place, cells = listed["place"], CELLS.get(listed["level"])
        for z in range(19):
            for one in drawn(who, PLACES[YIZHANG], z):
                assert place["latitude"] is not None, "it has no place to be drawn at"
                if z <= 8:
                    assert one.told["open"] == 0 and one.told["guarded"] == "<5"
                    continue
                assert one.told == {"id": listed["id"], "level": listed["level"]}
                lon, lat = position(one, around(PLACES[YIZHANG], z))
                wide = 360 / 2**z / 4096 * 2
                assert abs(lon - place["longitude"]) <= wide and abs(lat - place["latitude"]) <= wide
                assert cells is not None
        if place["latitude"] is None:
            assert all(drawn(who, PLACES[YIZHANG], z) == [] for z in range(19))


def test_few_guarded_records_are_counted_as_fewer_than_five(live: Live) -> None:
    """L6: heat maps of cells tell no number below five of what is guarded."""
    brought(live.settings, records.occurrence(), *(records.occurrence(taxon=SALAMANDER) for _ in range(3)))
    told = [one.told for one in drawn(caller(live, "province_admin"), PLACES[YIZHANG], 6)]
    assert sum(one["open"] for one in told) == 1
    assert {one["guarded"] for one in told} <= {"0", "<5"}


def test_no_cache_gives_ones_tile_to_another(live: Live) -> None:
    """L5: the tag holds the scopes, the level is in the bytes; nobody's copy answers for anybody else's."""
    (egret,) = brought(live.settings, records.occurrence())
    path = "tiles/occurrences/" + "/".join(map(str, around(PLACES[YIZHANG], 12)))
    yizhang, linwu = caller(live, "reviewer", "county", YIZHANG), caller(live, "reviewer", "county", LINWU)
    mine, theirs = yizhang.get(path), linwu.get(path)
    assert mine.headers["ETag"] != theirs.headers["ETag"]
    assert mine.headers["Cache-Control"] == "private, no-cache"
    assert {"Authorization", "Cookie"} <= {one.strip() for one in mine.headers["Vary"].split(",")}
    again = yizhang.get(path, headers={"If-None-Match": mine.headers["ETag"]})
    assert again.status_code == 304 and not again.content
    foreign = linwu.get(path, headers={"If-None-Match": mine.headers["ETag"]})
    assert foreign.status_code == 200 and features(foreign.content) == []
    brought(live.settings, records.edited(egret, taxon=records.PANGOLIN))
    after = yizhang.get(path, headers={"If-None-Match": mine.headers["ETag"]})
    assert after.status_code == 200 and features(after.content) == [], (
        "it is guarded now, and the old copy is no longer good"
    )


def test_an_empty_tile_answers_like_a_full_one(live: Live) -> None:
    """L20: no status tells whether something is there."""
    brought(live.settings, records.occurrence(taxon=records.PANGOLIN))
    reviewer = caller(live)
    answers = [
        reviewer.get(f"tiles/occurrences/12/{x}/{y}") for _, x, y in (around(place, 12) for place in PLACES.values())
    ]
    assert {(one.status_code, one.content, one.headers["ETag"]) for one in answers} == {
        (200, b"", answers[0].headers["ETag"])
    }


@pytest.mark.parametrize(
    "path", ["places/3/1/1", "occurrences/19/0/0", "occurrences/3/8/0", "occurrences/3/0/8", "occurrences/3/-1/0"]
)
def test_there_are_no_other_tiles(live: Live, path: str) -> None:
    assert caller(live).get(f"tiles/{path}").status_code == 404


def test_borders_are_drawn_for_everybody_who_reads_records(live: Live) -> None:
    answer = caller(live).get("tiles/counties/" + "/".join(map(str, around(PLACES[YIZHANG], 8))))
    assert answer.status_code == 200 and "宜章县".encode() in answer.content
