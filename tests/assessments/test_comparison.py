"""Each kind of change once, and never a loss claimed where nobody looked."""

from dataclasses import replace

import pytest

from server.assessments.comparison import (
    BOTH,
    GAINED,
    NOT_REFOUND,
    UNSURVEYED_BEFORE,
    UNSURVEYED_NOW,
    SpeciesChange,
    cells_surveyed,
    compare,
    surveyed,
)
from server.assessments.outline import load_outlines
from server.assessments.period import Period
from server.assessments.region import Region, make_region
from server.sensitivity.records import FrozenRecord
from tests.assessments.fakes import AGAIN, BEFORE_ONLY, HOME, NEXT, Years, snapshot, two_periods

AIMS = load_outlines().method_groups


@pytest.fixture(scope="module")
def region() -> Region:
    return make_region(snapshot(two_periods()), Period(2021, 2025))


@pytest.fixture(scope="module")
def changes(region: Region) -> dict[str, SpeciesChange]:
    return {one.taxon.taxon_id: one for one in compare(region, AIMS)}


@pytest.mark.parametrize(
    ("taxon", "change"),
    [
        ("magpie", BOTH),
        ("tit", GAINED),
        ("bulbul", NOT_REFOUND),
        ("forktail", UNSURVEYED_BEFORE),  # its cell was not surveyed before
        ("redstart", UNSURVEYED_NOW),  # its cell was not surveyed again
        ("swallowtail", UNSURVEYED_NOW),  # a butterfly noted on a walk for birds
        ("manis", UNSURVEYED_BEFORE),  # met by chance
        ("weed", UNSURVEYED_BEFORE),
        ("tragopan", NOT_REFOUND),  # guarded: by county and method, not by its cell
        ("viper", NOT_REFOUND),  # on the list of what was looked for
    ],
)
def test_every_change(changes: dict[str, SpeciesChange], taxon: str, change: str) -> None:
    assert changes[taxon].change == change


def test_what_is_not_compared(changes: dict[str, SpeciesChange]) -> None:
    """Undated, astride the two periods, cultivated, after the period."""
    assert not changes.keys() & {"yew", "macaque", "horseweed"}
    assert (changes["tit"].before, changes["tit"].now) == (0, 1)


def test_how_it_was_compared(changes: dict[str, SpeciesChange]) -> None:
    assert changes["viper"].looked_for and not changes["tragopan"].looked_for
    assert {key for key, one in changes.items() if one.by_county} == {"tragopan", "viper", "manis"}
    assert {key for key, one in changes.items() if one.area.code == NEXT} == {"weed"}


def test_the_same_ground(region: Region) -> None:
    (alike,) = surveyed(region)
    assert (alike.area.code, alike.method, alike.group) == (HOME, "bird_transect", "鸟类")
    assert (alike.visits_before, alike.visits_now, alike.in_both) == (2, 2, True)
    assert len(alike.cells_before & alike.cells_now) == 1
    assert (cells_surveyed(region.before), cells_surveyed(region.now)) == (alike.cells_before, alike.cells_now)


def compared(*records: FrozenRecord) -> list[str]:
    return [one.change for one in compare(make_region(snapshot(records), Period(2021, 2025)), AIMS)]


def test_another_method_in_the_same_cell_proves_nothing() -> None:
    years = Years()
    walk = years.walk("2018-05-20", AGAIN)
    years.seen("bulbul", "2018-05-20", AGAIN, walk)
    years.walk("2023-05-20", AGAIN, sampling_protocol="mammal_transect", target_group="mammals")
    assert compared(*years.records) == [UNSURVEYED_NOW]
    years.walk("2023-05-21", BEFORE_ONLY)
    assert compared(*years.records) == [UNSURVEYED_NOW]
    years.walk("2023-05-22", AGAIN)
    assert compared(*years.records) == [NOT_REFOUND]


def test_a_patrol_proves_nothing() -> None:
    years = Years()
    patrol = years.event(
        AGAIN, "patrol", event_type="patrol", sampling_protocol="patrol", observed_from="2018-05-20", target_group=None
    )
    years.seen("bulbul", "2018-05-20", AGAIN, patrol)
    years.event(
        AGAIN, "patrol", event_type="patrol", sampling_protocol="patrol", observed_from="2023-05-20", target_group=None
    )
    assert compared(*years.records) == [UNSURVEYED_NOW]


def test_a_method_without_a_target_looks_for_its_usual_groups() -> None:
    years = Years()
    for day in ("2018-05-20", "2023-05-20"):
        years.walk(day, AGAIN, sampling_protocol="herp_transect", target_group=None)
    first = years.records[0]
    years.seen("bulbul", "2018-05-20", AGAIN, first)
    assert compared(*years.records) == [UNSURVEYED_NOW]
    years.seen("viper", "2018-05-20", AGAIN, first)
    assert sorted(compared(*years.records)) == sorted([UNSURVEYED_NOW, NOT_REFOUND])


def test_a_visit_without_a_place_stands_where_its_open_records_are() -> None:
    years = Years()
    for day in ("2018-05-20", "2023-05-20"):
        years.walk(day, AGAIN)
    years.records[:] = [replace(walk, exact=None, disclosed=None) for walk in years.records]
    walks = list(years.records)
    years.seen("bulbul", "2018-05-20", AGAIN, walks[0])
    assert compared(*years.records) == [UNSURVEYED_NOW]
    years.seen("tit", "2023-05-20", AGAIN, walks[1])
    assert sorted(compared(*years.records)) == sorted([NOT_REFOUND, GAINED])
