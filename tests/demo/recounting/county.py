"""One county's records, counted by the words that its report prints below its tables; imports nothing of the project."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from itertools import pairwise

from recounting.bodies import PASSIVE, Body
from recounting.figures import SMALLEST
from recounting.ground import distance

GROUPS = (
    "哺乳类",
    "鸟类",
    "爬行类",
    "两栖类",
    "鱼类",
    "昆虫",
    "其他无脊椎动物",
    "维管束植物",
    "其他植物",
    "真菌",
    "其他",
)
TARGETS = {
    "mammals": "哺乳类",
    "birds": "鸟类",
    "reptiles": "爬行类",
    "amphibians": "两栖类",
    "fishes": "鱼类",
    "insects": "昆虫",
    "vascular_plants": "维管束植物",
    "invasive": "外来入侵物种",
    "fungi": "真菌",
}
METHODS = {
    "bird_transect": "鸟类样线",
    "invasive_plot": "入侵植物样地",
    "patrol": "巡护",
    "plant_plot": "植物样方",
    "mammal_transect": "兽类样线",
    "herp_transect": "两栖爬行类样线",
    "camera_trap": "红外相机",
    "porpoise_watch": "江豚观察",
    "fish_net": "鱼类网捕",
}
EVERY = "不限类群"
METHOD_GROUPS: dict[str, tuple[str, ...]] = {
    "bird_transect": ("鸟类",),
    "mammal_transect": ("哺乳类",),
    "herp_transect": ("爬行类", "两栖类"),
    "plant_plot": ("维管束植物",),
    "fish_net": ("鱼类",),
    "porpoise_watch": ("哺乳类",),
    "invasive_plot": ("外来入侵物种",),
    "外来入侵物种踏查": ("外来入侵物种",),
}
"""What a method usually looks for, where a visit does not say."""


@dataclass
class Line:
    """A species of the list."""

    seen: list[Body]

    @property
    def taxon(self):
        return self.seen[0].taxon

    @property
    def protection(self) -> str | None:
        return self.taxon.protection if not self.taxon.wild_only or any(one.wild for one in self.seen) else None

    @property
    def guarded(self) -> int:
        return sum(one.level > 0 for one in self.seen)

    @property
    def first(self) -> Body:
        return min((one for one in self.seen if one.first), key=lambda one: one.first)

    @property
    def last(self) -> Body:
        return max((one for one in self.seen if one.last), key=lambda one: one.last)


class County:
    def __init__(self, records: list[Body], public: bool) -> None:
        self.records, self.public = records, public
        occurrences = [one for one in records if one.kind == "occurrence"]
        counted = [one for one in occurrences if one.counts]
        self.occurrences = occurrences
        self.seen = [one for one in counted if one.present and one.taxon]
        self.unplaced = [one for one in counted if one.present and not one.taxon]
        self.absent = [one for one in counted if not one.present]
        self.evidence = [one for one in occurrences if not one.counts]
        visits = [
            one for one in records if one.kind in ("event", "patrol") and one.body["sampling_protocol"] not in PASSIVE
        ]
        by_id = {one.id: one for one in visits}
        self.visits = [
            one
            for one in visits
            if getattr(by_id.get(one.body.get("parent_event_id") or ""), "body", {}).get("sampling_protocol")
            != one.body["sampling_protocol"]
        ]

    @cached_property
    def lines(self) -> dict[str, Line]:
        found: dict[str, list[Body]] = defaultdict(list)
        for one in self.seen:
            found[one.taxon.name].append(one)
        return {name: Line(seen) for name, seen in found.items()}

    def hides(self, line: Line) -> bool:
        return self.public and 0 < line.guarded < SMALLEST

    def shown(self, lines) -> int:
        return sum(len(line.seen) for line in lines if not self.hides(line))

    def open(self, found: list[Body]) -> list[Body]:
        """In public nothing but lists and counts is made of guarded records."""
        return [one for one in found if not (self.public and one.level)]

    @cached_property
    def effort(self) -> dict[tuple[str, str], list[Body]]:
        """Visits by target group and method."""
        found: dict[tuple[str, str], list[Body]] = defaultdict(list)
        for one in self.visits:
            found[group_of(one), one.body["sampling_protocol"]].append(one)
        return dict(found)

    def found_on(self, visit: Body) -> list[Body]:
        return [one for one in self.seen if one.unit is visit]


def groups_of(visit: Body) -> tuple[str, ...]:
    """None of them where it looked for anything."""
    stated = TARGETS.get(visit.body.get("target_group") or "")
    return (stated,) if stated else METHOD_GROUPS.get(visit.body["sampling_protocol"], ())


def group_of(visit: Body) -> str:
    return "、".join(groups_of(visit)) or EVERY


def length_m(visit: Body) -> Decimal | None:
    """As stated; of a patrol that states none, along each leg of its track."""
    stated = (visit.body.get("effort") or {}).get("length_m")
    if stated is not None:
        return Decimal(stated)
    if visit.kind != "patrol" or not visit.legs:
        return None
    return Decimal(str(round(track_m(visit), 1)))


def track_m(patrol: Body) -> float:
    legs = [[(p[1] / 1e7, p[2] / 1e7) for p in leg.body["points"]] for leg in patrol.legs]
    return sum(distance(a, b) for leg in legs for a, b in pairwise(leg))


def minutes(visit: Body) -> Decimal | None:
    stated = (visit.body.get("effort") or {}).get("duration_min")
    if stated is not None:
        return Decimal(stated)
    if visit.body.get("date_precision") not in ("minute", "second") or not visit.body.get("observed_to"):
        return None
    begin, end = (datetime.fromisoformat(visit.body[key]) for key in ("observed_from", "observed_to"))
    return Decimal(int((end - begin).total_seconds())) / 60
