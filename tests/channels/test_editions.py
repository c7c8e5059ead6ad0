"""What the public editions of both reports and their archives tell of guarded records: worlds that differ in nothing but what may not
be known come out byte for byte alike, so no sum, difference or intersection of them tells it."""

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import shapely
import shapely.affinity

from server.assessments.build import build as build_assessment
from server.assessments.period import Period
from server.assessments.service import assessments
from server.assessments.service import render as render_assessment
from server.baselines.build import build
from server.baselines.draft import Draft
from server.baselines.edition import PUBLIC, RESTRICTED, Edition
from server.baselines.service import render
from server.baselines.study import make_study
from server.baselines.survey_profile import load_profile
from server.reporting.darwin import public_rows
from server.reporting.presences import is_guarded, tally
from server.sensitivity.records import FrozenRecord
from server.sensitivity.rules import cell_of
from server.settings import Settings
from tests.assessments import fakes as regions
from tests.baselines import fakes

Files = Mapping[str, bytes]
SECRETS = {"manis": 2, "viper": 2, "tragopan": 7, "macaque": 9}
"""How many more of each there are than on the usual day: two species stay too few to be counted, two may be."""
POLYGONS = 2_000


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(var_dir=Path(tmp_path_factory.mktemp("var")))


def spots(taxon: str, count: int, chance: random.Random) -> list[tuple[float, float]]:
    """Well inside the county, two in a cell now and then, some near its border."""
    found: list[tuple[float, float]] = []
    west, south, east, north = fakes.OUTLINE.bounds
    while len(found) < count:
        at = chance.uniform(west, east), chance.uniform(south, north)
        if fakes.OUTLINE.contains(shapely.Point(at)):
            found += [at, (at[0] + 1e-4, at[1] + 1e-4)] if len(found) % 3 == 0 else [at]
    return found[:count]


def world(seed: int = 1, counts: Mapping[str, int] = SECRETS) -> list[FrozenRecord]:
    chance, field = random.Random(seed), fakes.field_day()
    walks = [one for one in field.records if one.kind == "event"]
    for taxon in sorted(SECRETS):
        places = spots(taxon, 12, chance)
        for n in range(counts[taxon]):
            day = f"{2023 + n % 3}-0{1 + n % 9}-1{n % 10}"
            field.sighting(
                taxon,
                places[n],
                walks[n % 5],
                count=n + 1,
                observed_from=f"{day}T06:00:00+08:00",
                occurrence_remarks="沟口",
            )
    return [replace(one, observed_year=int(str(one.body["observed_from"])[:4])) for one in field.records]


def changed(records: Sequence[FrozenRecord], change: Callable[[FrozenRecord], FrozenRecord]) -> list[FrozenRecord]:
    """Each guarded find changed, everything else as it is."""
    return [change(one) if one.kind == "occurrence" and is_guarded(one) else one for one in records]


def moved(seed: int) -> Callable[[FrozenRecord], FrozenRecord]:
    """Elsewhere in its cell; where no cell is told, elsewhere in its county as far as no cell is told there either."""
    chance = random.Random(seed)

    def move(one: FrozenRecord) -> FrozenRecord:
        if one.exact is None or one.disclosed is None:
            return one
        level, at = one.disclosed.level, (one.exact.longitude, one.exact.latitude)
        while True:
            spot = _in_cell(at, level, chance) if one.disclosed.cell_within_county else _in_county(chance)
            shown = fakes.disclosed(spot, level)
            if shown == one.disclosed:
                place = {**one.body["place"], "longitude_e7": round(spot[0] * 1e7), "latitude_e7": round(spot[1] * 1e7)}
                return replace(one, exact=fakes.exact(spot), body={**one.body, "place": place})

    return move


def _in_cell(at: tuple[float, float], level: int, chance: random.Random) -> tuple[float, float]:
    cell = cell_of(round(at[1] * 1e7), round(at[0] * 1e7), level)
    assert cell is not None
    side = cell.size_deg
    return (cell.x + chance.uniform(0.01, 0.99)) * side, (cell.y + chance.uniform(0.01, 0.99)) * side


def _in_county(chance: random.Random) -> tuple[float, float]:
    return spots("any", 1, chance)[0]


def otherwise(seed: int, walks: Sequence[str]) -> Callable[[FrozenRecord], FrozenRecord]:
    """Another day of the year, another recorder, number, sex, event, words, id and time of arrival."""
    chance = random.Random(seed)

    def change(one: FrozenRecord) -> FrozenRecord:
        day = f"{one.body['observed_from'][:4]}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
        body = {
            **one.body,
            "observed_from": f"{day}T{chance.randint(0, 23):02d}:00:00+08:00",
            "recorded_by": [f"p{chance.getrandbits(64):016x}"],
            "individual_count": one.body["individual_count"] and chance.randint(1, 9),
            "sex": chance.choice(["male", "female", None]),
            "life_stage": chance.choice(["adult", None]),
            "event_id": chance.choice(walks)
            if one.body["event_id"] and one.body["occurrence_status"] == "present"
            else one.body["event_id"],
            "occurrence_remarks": chance.choice(["洞口朝南", "树下"]),
            "measurements": [{"code": "dbh_cm", "value": str(chance.random()), "unit": "cm"}],
        }
        return replace(
            one, id=str(uuid.UUID(int=chance.getrandbits(128))), head_digest=f"{chance.getrandbits(64):064x}", body=body
        )

    return change


def baseline(records: Sequence[FrozenRecord], settings: Settings, edition: Edition = PUBLIC) -> Files:
    draft = Draft(make_study(fakes.snapshot(records)), edition, load_profile(), settings)
    return render(draft, build(draft))


def assessment(records: Sequence[FrozenRecord], settings: Settings, edition: str = "public") -> Files:
    one = assessments(regions.snapshot(records), Period(2021, 2025), settings)[edition]
    return render_assessment(one, build_assessment(one))


def differing(left: Files, right: Files) -> list[str]:
    return [name for name in left if left[name] != right[name]]


def test_l16_no_file_tells_where_in_its_cell_a_guarded_find_lies(settings: Settings) -> None:
    """L16: report, tables, workbook, archive, maps: the same bytes wherever in their cells the finds lie."""
    here = world()
    there = changed(here, moved(7))
    assert [one.exact for one in here] != [one.exact for one in there]
    assert differing(baseline(here, settings), baseline(there, settings)) == []
    assert differing(assessment(here, settings), assessment(there, settings)) == []
    assert differing(baseline(here, settings, RESTRICTED), baseline(there, settings, RESTRICTED)), "the test can fail"


def test_l16_no_file_tells_when_by_whom_and_how_many_they_were(settings: Settings) -> None:
    """L16, L9: nothing of a guarded find but its species, its place as it may be told and its year has a share in a public file."""
    here = world()
    walks = [one.id for one in here if one.kind == "event"][:5]
    there = changed(here, otherwise(11, walks))
    assert differing(baseline(here, settings), baseline(there, settings)) == []
    assert differing(assessment(here, settings), assessment(there, settings)) == []


@pytest.mark.parametrize("taxon", ["manis", "viper"])
def test_l6_no_edition_tells_a_count_under_five(taxon: str, settings: Settings) -> None:
    """L6: with a find more, of a year that is told already, all editions are what they were: the county's, the province's, both archives."""
    few, more = world(), world(counts={**SECRETS, taxon: SECRETS[taxon] + 1})
    few, more = _without_years(few, taxon), _without_years(more, taxon)
    assert sum(one.taxon_id == taxon for one in more) == sum(one.taxon_id == taxon for one in few) + 1
    assert differing(baseline(few, settings), baseline(more, settings)) == []
    assert differing(assessment(few, settings), assessment(more, settings)) == []
    assert differing(baseline(few, settings, RESTRICTED), baseline(more, settings, RESTRICTED))


def _without_years(records: Sequence[FrozenRecord], taxon: str) -> list[FrozenRecord]:
    def in_one_year(one: FrozenRecord) -> FrozenRecord:
        body = {**one.body, "observed_from": f"2025{one.body['observed_from'][4:]}"}
        return replace(one, observed_year=2025, body=body) if one.taxon_id == taxon else one

    return changed(records, in_one_year)


def test_l6_the_parts_of_a_county_that_is_counted_do_not_tell_the_part_that_is_not(settings: Settings) -> None:
    """L6: a find moves from one period to the other, and from the small county to none: totals that are printed do not show it."""
    here = _two_counties(before=3, now=9, next_county=2)
    there = _two_counties(before=2, now=10, next_county=2)
    more = _two_counties(before=3, now=9, next_county=3)
    assert differing(assessment(here, settings), assessment(there, settings)) == []
    assert differing(assessment(here, settings), assessment(more, settings)) == []
    own = [[one for one in records if _county(one) == fakes.COUNTY] for records in (here, there, more)]
    assert differing(baseline(own[0], settings), baseline(own[1], settings)) == []
    assert differing(baseline(own[0], settings), baseline(own[2], settings)) == []


def _two_counties(before: int, now: int, next_county: int) -> list[FrozenRecord]:
    """Macaques in one cell; the first is of 2017 and the last of 2025 in each of these worlds, which the lists tell."""
    years = regions.Years()
    at = (112.953, 25.053)
    dates = ["2017-05-20", *["2019-05-20"] * (before - 1), *["2022-05-20"] * (now - 1), "2025-05-20"]
    for n, day in enumerate(dates):
        years.seen("macaque", day, (at[0] + n * 1e-4, at[1]))
    for n in range(next_county):
        years.next_county(years.seen("macaque", "2023-05-20", (112.4 + n * 1e-3, 25.1)))
    return [replace(one, observed_year=int(str(one.body["observed_from"])[:4])) for one in years.records]


def _county(one: FrozenRecord) -> str | None:
    return one.exact.stamp.county_code if one.exact else None


def test_l6_nested_polygons_over_the_archive_stop_at_the_cell() -> None:
    """L6: 2,000 random pairs of nested polygons; what a difference of counts tells is where the centre of a cell lies."""
    records = [one for one in world() if one.kind == "occurrence"]
    there = changed(records, moved(13))
    rows, other = (public_rows(some, tally(some))[1] for some in (records, there))
    exact, other_exact = (_points([_exact_row(one) for one in some if is_guarded(one)]) for some in (records, there))
    here_points, there_points = _points(rows), _points(other)
    chance, told, planted = random.Random(5), 0, 0
    for _ in range(POLYGONS):
        outer, inner = _nested(chance)
        told += _difference(here_points, outer, inner) != _difference(there_points, outer, inner)
        planted += _difference(exact, outer, inner) != _difference(other_exact, outer, inner)
    assert told == 0
    assert planted > POLYGONS // 50, "with exact places in the archive the same attack tells the worlds apart"


def _exact_row(one: FrozenRecord) -> dict[str, Any]:
    assert one.exact is not None
    return {"decimalLongitude": str(one.exact.longitude), "decimalLatitude": str(one.exact.latitude)}


def _points(rows: Sequence[Mapping[str, Any]]) -> Any:
    placed = [(float(r["decimalLongitude"]), float(r["decimalLatitude"])) for r in rows if r.get("decimalLongitude")]
    return shapely.points(placed)


def _nested(chance: random.Random) -> tuple[Any, Any]:
    centre = shapely.Point(_in_county(chance))
    outer = shapely.convex_hull(
        shapely.MultiPoint([(centre.x + chance.gauss(0, 0.08), centre.y + chance.gauss(0, 0.08)) for _ in range(7)])
    )
    return outer, shapely.affinity.scale(outer, *[chance.uniform(0.3, 0.98)] * 2)


def _difference(points: Any, outer: Any, inner: Any) -> int:
    return int(shapely.contains(outer, points).sum() - shapely.contains(inner, points).sum())


def test_l6_rows_are_as_many_whether_a_species_is_common_in_its_cell_or_rare() -> None:
    """L6: a second find in a cell and a told year adds no row."""
    records = [one for one in world() if one.kind == "occurrence" and one.taxon_id == "macaque"]
    twins = [replace(one, id=str(uuid.UUID(int=n))) for n, one in enumerate(records)]
    rows = public_rows(records, tally(records))[1]
    assert public_rows([*records, *twins], tally(records))[1] == rows


def test_l19_ids_of_rows_follow_from_what_is_told_alone() -> None:
    """L19: neither the ids of the records nor their order nor their number have a share in ids that leave."""
    records = [one for one in world() if one.kind == "occurrence" and is_guarded(one)]
    named_anew = [replace(one, id=str(uuid.uuid4())) for one in records]
    random.Random(3).shuffle(named_anew)
    rows, other = (public_rows(some, tally(some))[1] for some in (records, named_anew))
    assert rows == other
    assert not {row["occurrenceID"] for row in rows} & {one.id for one in records}
    assert len({row["occurrenceID"] for row in rows}) == len(rows)
