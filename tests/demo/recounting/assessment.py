"""Every table of a five-yearly assessment, counted anew; imports nothing of the project."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from math import comb
from typing import Any

from recounting.baseline import ANY, EVIDENCE, FINDINGS, Row
from recounting.bodies import Body
from recounting.county import EVERY, GROUPS, METHODS, Line, group_of, length_m, minutes
from recounting.figures import DASH, HIDDEN, chao2, text, total
from recounting.ground import border_distance
from recounting.index import PARAMETERS
from recounting.indices import NONE, county_basis, county_index, county_matrix, county_weighted
from recounting.lists import Lists
from recounting.region import BOTH, CHANGES, GAINED, INVASIVE, NOT_REFOUND, Part, Region

RED = {"CR": "极危（CR）", "EN": "濒危（EN）", "VU": "易危（VU）", "NT": "近危（NT）", "LC": "无危（LC）"}


class Assessment:
    """`tables`: by name, the rows that the report should hold, in any order."""

    def __init__(
        self, region: Region, lists: Lists, areas: dict[str, Any], places: Callable[[Any], str | None]
    ) -> None:
        self.region, self.lists, self.areas, self.places = region, lists, areas, places
        self.before, self.now = region.parts
        self.tables: dict[str, list[Row]] = {
            "surveys": [[ANY] * 5 for _ in {one.body["survey_id"] for one in region.whole.records if one.body.get("survey_id")}],
            "lists": [[lists.told[name]["title_zh"], ANY, ANY, ANY, text(lists.unverified(name))] for name in lists.rows],
            "hj623_parameters": [[name, ANY, weight, ANY] for name, _, weight in PARAMETERS],
            "overview": self.overview(), "effort": self.effort(), "composition": self.composition(), "counties": self.counties(),
            "checklist": self.checklist(self.now.lines.values()),
            "checklist_before": self.checklist(line for name, line in self.before.lines.items() if name not in self.now.lines),
            "change_counts": self.change_counts(), "county_changes": self.county_changes(), "named_changes": self.named_changes(),
            "protected": self.named(lambda line: line.protection), "flagships": self.flagships(), "threatened": self.threatened(),
            "red_list": self.red_list(), "invasives": self.invasives(), "surveyed_alike": self.surveyed_alike(),
            "standardised": self.standardised(), "patrols": self.patrols(), "cases": self.cases(), "drivers": self.drivers(),
            "county_index": county_index(region), "county_weighted": county_weighted(region), "county_matrix": county_matrix(region),
            "county_basis": county_basis(region), "quality": self.quality(), "indicators": [[ANY] * 4 for _ in range(9)],
        }  # fmt: skip

    @property
    def both(self) -> tuple[Part, Part]:
        return self.before, self.now

    def overview(self) -> list[Row]:
        parts = [[one for county in self.region.counties.values() for one in [county[n]]] for n in (0, 1)]
        evidence = [
            Counter(
                one.body["evidence_class"]
                for name, line in part.lines.items()
                if name not in self.region.hidden
                for one in line.seen
            )
            for part in self.both
        ]
        rows: list[tuple[str, str, list[Any]]] = [
            ("有物种记录的县", "个", [sum(bool(one.seen) for one in own) for own in parts]),
            ("有调查事件的县", "个", [sum(bool(one.visits) for one in own) for own in parts]),
            ("开展过调查的10 km网格", "个", [len(one.reached) for one in self.both]),
            ("调查与巡护", "次", [len(one.visits) for one in self.both]),
            ("计入物种的出现记录", "条", [self.region.records(one.lines) for one in self.both]),
            ("其中：野外调查证据", "条", [one["field"] + one["image"] for one in evidence]),
            ("其中：文献与标本证据", "条", [one["literature"] + one["specimen"] for one in evidence]),
            ("搜寻未见记录", "条", [len(one.absent) for one in self.both]),
            ("物种", "种", [len(one.lines) for one in self.both]),
            (
                "证据类别",
                DASH,
                [
                    "、".join(
                        zh for code, zh in EVIDENCE.items() if any(s.body["evidence_class"] == code for s in one.seen)
                    )
                    for one in self.both
                ],
            ),
        ]
        return [[name, unit, *map(text, values)] for name, unit, values in rows]

    def effort(self) -> list[Row]:
        groups: dict[tuple[str, str], tuple[list[Body], list[Body]]] = defaultdict(lambda: ([], []))
        for n, part in enumerate(self.both):
            for one in part.visits:
                groups[group_of(one), one.body["sampling_protocol"]][n].append(one)
        return [
            [
                group,
                METHODS.get(method, method),
                *(text(len(own) or None) for own in both),
                *(text(total(map(length_m, own), 1000), 2) for own in both),
                *(text(total(map(minutes, own), 60), 1) for own in both),
            ]
            for (group, method), both in groups.items()
        ]

    def composition(self) -> list[Row]:
        rows = []
        for name in (*GROUPS, "合计"):
            before, now = (
                {key: one for key, one in part.lines.items() if name in (one.taxon.group, "合计")} for part in self.both
            )
            if before or now:
                grades = Counter(one.protection for one in now.values())
                invaders = sum(bool(one.taxon.invasive) for one in now.values())
                figures = (
                    len(before),
                    len(now),
                    grades["一级"],
                    grades["二级"],
                    invaders,
                    self.region.records(before),
                    self.region.records(now),
                )
                rows.append([name, *map(text, figures)])
        return rows

    def counties(self) -> list[Row]:
        rows = []
        for code, (before, now) in self.region.counties.items():
            if any(one.county == code for one in self.region.whole.seen):
                lines = now.lines.values()
                figures = (
                    self.region.records(before.lines), self.region.records(now.lines), len(before.lines), len(now.lines),
                    sum(bool(one.protection) for one in lines), sum(bool(one.taxon.invasive) for one in lines), len(before.visits), len(now.visits),
                    len(before.reached), len(now.reached),
                )  # fmt: skip
                rows.append([self.region.names[code], code, ANY, *map(text, figures)])
        return rows

    def count(self, part: Part, name: str) -> str:
        seen = len(part.lines[name].seen) if name in part.lines else 0
        return HIDDEN if seen and name in self.region.hidden else text(seen)

    def where(self, n: int, name: str) -> str:
        return (
            "、".join(self.region.names[code] for code, parts in self.region.counties.items() if name in parts[n].lines)
            or DASH
        )

    def both_of(self, name: str) -> list[str]:
        return [self.count(self.before, name), self.count(self.now, name), self.where(0, name), self.where(1, name)]

    def checklist(self, lines: Iterable[Line]) -> list[Row]:
        return [
            [
                ANY,
                line.taxon.chinese,
                line.taxon.name,
                line.taxon.group,
                line.protection or DASH,
                line.taxon.red_list or DASH,
                "、".join(line.taxon.invasive) or DASH,
                ANY,
                *self.both_of(line.taxon.name),
            ]
            for line in lines
        ]

    def change_counts(self) -> list[Row]:
        found = Counter((code, change) for code, _, change in self.region.changes)
        codes = sorted({code for code, _, _ in self.region.changes})
        return [[self.region.names[code], *(text(found[code, change]) for change in CHANGES), "0"] for code in codes]

    def county_changes(self) -> list[Row]:
        return [
            [
                self.region.names[code],
                taxon.chinese,
                taxon.name,
                taxon.group,
                taxon.protection or DASH,
                change,
                DASH if change == BOTH else ANY,
            ]
            for code, taxon, change in self.region.changes
        ]

    def named_changes(self) -> list[Row]:
        return [[row[5], *row[:5], row[6]] for row in self.county_changes() if row[5] in (GAINED, NOT_REFOUND)]

    def any_line(self) -> dict[str, Line]:
        names = {**self.before.lines, **self.now.lines}
        return {
            name: Line(
                [
                    *(self.before.lines[name].seen if name in self.before.lines else []),
                    *(self.now.lines[name].seen if name in self.now.lines else []),
                ]
            )
            for name in names
        }

    def named(self, wanted: Callable[[Line], Any]) -> list[Row]:
        return [
            [line.taxon.chinese, name, wanted(line), *self.both_of(name)]
            for name, line in self.any_line().items()
            if wanted(line)
        ]

    def flagships(self) -> list[Row]:
        rows = []
        for name, line in self.any_line().items():
            kinds = [
                *(["旗舰物种"] if name in self.region.flagships else []),
                *(["国家一级"] if line.protection == "一级" else []),
            ]
            if kinds:
                rows.append([line.taxon.chinese, name, "、".join(kinds), *self.both_of(name)])
        return rows

    def threatened(self) -> list[Row]:
        lines = [(name, line) for name, line in self.any_line().items() if line.taxon.red_list in ("CR", "EN", "VU")]
        return [
            [line.taxon.chinese, name, RED[line.taxon.red_list], ANY, *self.both_of(name)[:2]] for name, line in lines
        ]

    def red_list(self) -> list[Row]:
        found = [
            Counter(RED.get(line.taxon.red_list or "", "名录中没有等级") for line in part.lines.values())
            for part in self.both
        ]
        names = [name for name in (*RED.values(), "名录中没有等级") if any(one[name] for one in found)]
        return [[name, *(text(one[name]) for one in found)] for name in names] + [
            ["合计", *(text(len(part.lines)) for part in self.both)]
        ]

    def invasives(self) -> list[Row]:
        change = {(code, taxon.name): change for code, taxon, change in self.region.changes}
        rows = []
        for name, line in self.any_line().items():
            if line.taxon.invasive:
                where = [
                    [code for code, parts in self.region.counties.items() if name in parts[n].lines] for n in (0, 1)
                ]
                new = [
                    self.region.names[code] + ("（可比）" if change.get((code, name)) == GAINED else "")
                    for code in where[1]
                    if code not in where[0]
                ]
                seen = self.now.lines[name].seen if name in self.now.lines else []
                areas = [
                    Decimal(m["value"])
                    for one in seen
                    for m in one.body.get("measurements") or []
                    if m["code"] == "occurrence_area_m2"
                ]
                counts = [self.count(self.before, name), self.count(self.now, name), *(text(len(one)) for one in where)]
                rows.append(
                    [line.taxon.chinese, name, *counts, "、".join(new) or DASH, text(sum(areas) if areas else None)]
                )
        return rows

    def surveyed_alike(self) -> list[Row]:
        rows = []
        for code, parts in self.region.counties.items():
            kinds = {(one.body["sampling_protocol"], group_of(one)) for part in parts for one in part.surveys}
            for method, group in kinds:
                own = [
                    [one for one in part.surveys if (one.body["sampling_protocol"], group_of(one)) == (method, group)]
                    for part in parts
                ]
                cells = [
                    {cell for one in visits for cell in part.cells.get(one.id, ())}
                    for visits, part in zip(own, self.both, strict=True)
                ]
                alike = text(bool(own[0] and own[1]))
                figures = (*map(len, own), *map(len, cells), len(cells[0] & cells[1]))
                rows.append([self.region.names[code], METHODS.get(method, method), group, *map(text, figures), alike])
        return rows

    def standardised(self) -> list[Row]:
        rows = []
        for code, parts in self.region.counties.items():
            found = [self.by_method(part) for part in parts]
            for group, method in found[0].keys() & found[1].keys():
                aims = self.region.aims.get(method, [])
                if not aims or group in aims or INVASIVE in aims:
                    rows.append(
                        [
                            self.region.names[code],
                            group,
                            METHODS.get(method, method),
                            *self.standard(*(one[group, method] for one in found)),
                        ]
                    )
        return rows

    def by_method(self, part: Part) -> dict[tuple[str, str], tuple[int, list[int]]]:
        """Units and frequencies by group and method."""
        found = {}
        for target, method in {(group_of(one), one.body["sampling_protocol"]) for one in part.surveys}:
            visits = [one for one in part.surveys if (group_of(one), one.body["sampling_protocol"]) == (target, method)]
            pairs = {
                (one.unit.id, one.taxon.name): one.taxon
                for one in self.region.whole.open(part.seen)
                if one.unit in visits
            }
            for group in {taxon.group for taxon in pairs.values()} if target == EVERY else set(target.split("、")):
                own = [
                    name for (_, name), t in pairs.items() if (t.invasive if group == INVASIVE else t.group == group)
                ]
                found[group, method] = (len(visits), list(Counter(own).values()))
        return found

    def standard(self, before: tuple[int, list[int]], now: tuple[int, list[int]]) -> list[str]:
        least = min(before[0], now[0])
        told = [text(one[0]) for one in (before, now)] + [text(len(one[1])) for one in (before, now)]
        for units, frequencies in (before, now):
            complete = chao2(frequencies, units)
            told.append(text(100 * complete[1], 1) if complete else NONE)
        if least < 3:
            return [*told, NONE, NONE]
        return told + [
            text(sum(1 - comb(units - f, least) / comb(units, least) for f in frequencies), 1)
            for units, frequencies in (before, now)
        ]

    def patrols(self) -> list[Row]:
        rows = []
        for period in self.region.periods:
            own = self.region.of_kind("patrol", period)
            nil = sum(bool(one.body.get("nil_report")) for one in own)
            rows.append(
                [
                    ANY,
                    text(len(own)),
                    text(total(map(length_m, own), 1000), 2),
                    text(total(map(minutes, own), 60), 1),
                    text(nil),
                ]
            )
        return rows

    def cases(self) -> list[Row]:
        own = [
            Counter(one.body["case_state"] for one in self.region.of_kind("finding", period))
            for period in self.region.periods
        ]
        return [[ANY, text(one["open"]), text(one["closed"]), text(sum(one.values()))] for one in own]

    def drivers(self) -> list[Row]:
        own = [
            Counter(one.body["finding_type"] for one in self.region.of_kind("finding", period))
            for period in self.region.periods
        ]
        rows = []
        for driver in self.region.drivers:
            kinds = driver["findings"]
            counts = [text(sum(one[kind] for kind in kinds)) if kinds else DASH for one in own]
            rows.append([driver["name"], "、".join(FINDINGS[kind] for kind in kinds) or DASH, *counts, ANY])
        return rows

    def quality(self) -> list[Row]:
        whole = self.region.whole
        near = sum(one.counts and self.near_border(one) for one in whole.open(whole.occurrences))
        rows = [
            ("同一事件的单张影像等，不重复计数", len(whole.evidence)),
            ("没有归入可计数物种的“有”记录", len(whole.open(whole.unplaced))),
            ("“未见”记录", len(whole.absent)),
            ("标记：距县界不足 500 米", near),
        ]
        if not self.region.public:
            outside = len(whole.seen) - len(self.before.seen) - len(self.now.seen)
            rows += [("选入的出现记录合计", len(whole.occurrences)), ("观察日期不在两期之内或不明的物种记录", outside)]
        return [[name, text(count)] for name, count in rows]

    def near_border(self, one: Body) -> bool:
        code = self.places(one.shown_point) if one.shown_point else None
        return (
            code is not None
            and one.shown_point is not None
            and border_distance(self.areas[code][1], one.shown_point) <= 500
        )
