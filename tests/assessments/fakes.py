"""Two counties over two periods, made in memory so that each kind of change happens exactly once; nothing ever observed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import shapely

from server.sensitivity.records import FrozenRecord
from server.snapshots.context import Area, Context
from server.snapshots.service import Snapshot
from tests.baselines import fakes

HOME, NEXT = fakes.COUNTY, "431023"
EMPTY = "431024"
AGAIN, BEFORE_ONLY, NOW_ONLY = (112.93, 24.99), (113.05, 25.25), (112.75, 25.45)
"""Three places in three 10 km cells: surveyed in both periods, before alone, now alone."""
ELSEWHERE = (112.4, 25.1)
_LAND = shapely.Polygon([(112.6, 25.9), (113.0, 25.9), (113.0, 26.2), (112.6, 26.2)])


class Years(fakes.Field):
    """Dated by the day; `next_county` moves a record over the border."""

    def walk(self, day: str, at: tuple[float, float], **fields: Any) -> FrozenRecord:
        fields = {"observed_from": day, "date_precision": "day", **fields}
        return self.event(at, **fields)

    def seen(
        self, taxon: str, day: str | None, at: tuple[float, float], walk: FrozenRecord | None = None, **fields: Any
    ) -> FrozenRecord:
        return self.sighting(taxon, at, walk, observed_from=day, date_precision="day", **fields)

    def next_county(self, record: FrozenRecord) -> FrozenRecord:
        assert record.exact is not None
        stamp = replace(record.exact.stamp, county_code=NEXT, county_name="临武县")
        shown = replace(record.disclosed, county_code=NEXT, county_name="临武县") if record.disclosed else None
        moved = replace(record, exact=replace(record.exact, stamp=stamp), disclosed=shown)
        self.records[self.records.index(record)] = moved
        return moved


def two_periods() -> list[FrozenRecord]:
    years = Years()
    before = years.walk("2018-05-20", AGAIN)
    now = years.walk("2023-05-20", AGAIN)
    left = years.walk("2017-05-20", BEFORE_ONLY)
    new = years.walk("2024-05-20", NOW_ONLY)
    for taxon, day, at, walk in (
        ("magpie", "2018-05-20", AGAIN, before),
        ("magpie", "2023-05-20", AGAIN, now),
        ("bulbul", "2018-05-20", AGAIN, before),
        ("tit", "2023-05-20", AGAIN, now),
        ("redstart", "2017-05-20", BEFORE_ONLY, left),
        ("forktail", "2024-05-20", NOW_ONLY, new),
        ("swallowtail", "2018-05-20", AGAIN, before),
        ("tragopan", "2017-05-20", BEFORE_ONLY, left),
    ):
        years.seen(taxon, day, at, walk)
    years.seen("viper", "2019-07-01", BEFORE_ONLY)
    years.seen("viper", "2023-05-20", AGAIN, now, occurrence_status="absent", count=0)
    years.seen("manis", "2023-06-01", AGAIN)
    years.seen("yew", None, AGAIN, evidence_class="literature")
    years.seen("macaque", "2020-12-31", AGAIN, observed_to="2021-01-02")
    years.seen("horseweed", "2023-06-01", AGAIN, degree_of_establishment="cultivated")
    years.seen("tit", "2026-02-01", AGAIN)
    years.next_county(years.seen("weed", "2022-04-01", ELSEWHERE, evidence_class="field"))
    return years.records


def two_counties() -> Context:
    one = fakes.context()
    areas = (
        one.counties[0],
        Area(NEXT, "临武县", "郴州市", "湖南省", fakes.NEIGHBOUR.wkt),
        Area(EMPTY, "嘉禾县", "郴州市", "湖南省", _LAND.wkt),
    )
    return replace(one, counties=areas, neighbours=(), cells=())


def snapshot(records: Sequence[FrozenRecord], about: Context | None = None) -> Snapshot:
    parameters = {
        "counties": [HOME, NEXT, EMPTY],
        "period": "2021-2025",
        "profile": "hunan-five-year/1",
        "province_counties": 122,
    }
    made = fakes.snapshot(records, about or two_counties())
    return replace(made, id="assessment-20250630-0123456789ab", kind="assessment", parameters=parameters)
