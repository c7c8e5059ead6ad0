"""Every table of a county baseline, counted anew; imports nothing of the project. Rows are what stands in tables.json.

A column that holds no figure and follows from no record (family names, words of advice) is left out by the value `ANY`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from recounting.bodies import Body, day_of
from recounting.county import EVERY, GROUPS, METHODS, TARGETS, County, Line, group_of, length_m, minutes
from recounting.figures import DASH, HIDDEN, SMALLEST, chao2, shannon, simpson, text, total
from recounting.ground import border_distance, cell_of, cells_of
from recounting.index import VERTEBRATES, index_rows
from recounting.lists import Lists

ANY = "*"
LEVELS = {"none": "无", "light": "轻", "moderate": "中", "severe": "重"}
EVIDENCE = {
    "field": "野外观察",
    "image": "影像",
    "specimen": "标本",
    "interview": "访谈",
    "literature": "文献",
    "edna": "环境DNA",
    "market": "市场",
}
TYPES = {"visit": "走访", "transect": "样线", "plot": "样地", "quadrat": "样方", "patrol": "巡护", "point": "样点"}
FINDINGS = {
    "snare": "猎套",
    "net": "捕鸟网",
    "fishing": "非法捕捞",
    "logging": "盗伐",
    "mining": "采矿",
    "fire": "用火",
    "construction": "违规建设",
    "carcass": "动物尸体",
    "invasive": "入侵物种",
    "other": "其他",
}
Row = list[Any]


class Baseline:
    """`tables`: by name, the rows that the report should hold, in any order."""

    def __init__(
        self, county: County, code: str, lists: Lists, areas: dict[str, Any], places: Callable[[Any], str | None]
    ) -> None:
        self.county, self.lists, self.areas, self.places = county, lists, areas, places
        self.whole = dict(cells_of(areas[code][1]))
        self.tables: dict[str, list[Row]] = {
            "surveys": [
                [ANY] * 5 for _ in {one.body["survey_id"] for one in county.records if one.body.get("survey_id")}
            ],
            "lists": self.list_rows(),
            "effort": self.effort(),
            "composition": self.composition(),
            "completeness": self.completeness(),
            "invasives": self.invasives(),
            "patrols": self.patrols(),
            "findings": self.findings(),
            "diversity": self.diversity(),
            "biodiversity_index": index_rows(list(county.lines.values())),
            "checklist": self.species(list(county.lines.values())),
            "protected": self.species([one for one in county.lines.values() if one.protection]),
            "invasive_list": self.species([one for one in county.lines.values() if one.taxon.invasive]),
            "effort_log": self.effort_log(),
            "grid": self.grid(),
            "quality": self.quality(),
            **self.encounters(),
        }

    def list_rows(self) -> list[Row]:
        told, other = (
            self.lists.told,
            ("names", "pinyin", "traits", "lookalikes", "identifiers"),
        )  # they hold no species
        entries = {name: None if told[name]["kind"] in other else self.lists.entries(name) for name in self.lists.rows}
        return [
            [told[name]["title_zh"], ANY, ANY, ANY, text(count), text(self.lists.unverified(name))]
            for name, count in entries.items()
        ]

    def effort(self) -> list[Row]:
        rows = []
        for (group, method), visits in self.county.effort.items():
            kinds = Counter(one.body["event_type"] for one in visits)
            rows.append(
                [
                    group,
                    METHODS.get(method, method),
                    text(len(visits)),
                    text(kinds["transect"] + kinds["patrol"]),
                    text(kinds["plot"] + kinds["quadrat"]),
                    text(total(map(length_m, visits), 1000), 2),
                    text(total(map(minutes, visits), 60), 1),
                ]
            )
        return rows

    def composition(self) -> list[Row]:
        lines = self.county.lines.values()
        by_group = {name: [one for one in lines if one.taxon.group == name] for name in GROUPS}
        parts = [(name, own) for name, own in by_group.items() if own] + [("合计", list(lines))]
        return [
            [
                name,
                *(
                    text(len({value(one.taxon) for one in own} - {""}))
                    for value in (lambda t: t.order, lambda t: t.family, lambda t: t.genus)
                ),
                text(len(own)),
                *(text(sum(one.protection == grade for one in own)) for grade in ("一级", "二级")),
                text(sum(bool(one.taxon.invasive) for one in own)),
                text(self.county.shown(own)),
            ]
            for name, own in parts
        ]

    def completeness(self) -> list[Row]:
        rows = []
        for (target, method), visits in self.county.effort.items():
            found = [
                (id(visit), one.taxon) for visit in visits for one in self.county.open(self.county.found_on(visit))
            ]
            groups = sorted({taxon.group for _, taxon in found}) if target == EVERY else target.split("、")
            for group in groups:
                belongs = {
                    (unit, t.name)
                    for unit, t in found
                    if (t.invasive if group == TARGETS["invasive"] else t.group == group)
                }
                rows.append(self.complete(group, METHODS.get(method, method), "调查次", belongs, len(visits)))
        for group in GROUPS:
            own = [one for one in self.county.open(self.county.seen) if one.taxon.group == group]
            pairs = {(one.cell, one.taxon.name) for one in own if one.cell}
            if own:
                rows.append(self.complete(group, "全部方法", "10 km网格", pairs, len({cell for cell, _ in pairs})))
        return rows

    def complete(self, group: str, method: str, unit: str, pairs: set[tuple[Any, str]], units: int) -> Row:
        frequencies = list(Counter(name for _, name in pairs).values())
        found = chao2(frequencies, units)
        known = (found[0], 100 * found[1], 100 * len(frequencies) / found[0]) if found else (None, None, None)
        remark = "可用于同方法比较" if found and known[2] >= 70 else "完成度低于70%，不可比较" if found else "不能计算"
        return [
            group,
            method,
            unit,
            text(units),
            text(len(frequencies)),
            text(known[0], 1),
            text(known[1], 1),
            text(known[2]),
            remark,
        ]

    def encounters(self) -> dict[str, list[Row]]:
        names = {zh: code for code, zh in TARGETS.items()}
        tables = {}
        for (group, method), visits in self.county.effort.items():
            length = total((length_m(one) for one in visits if one.body["event_type"] in ("transect", "patrol")), 1000)
            for one in group.split("、"):
                rows = self.rates(one, visits, length) if one in VERTEBRATES and length else []
                if rows:
                    tables[f"encounters_{names[one]}_{method}"] = rows
        return tables

    def rates(self, group: str, visits: list[Body], length: Decimal) -> list[Row]:
        seen: dict[str, list[Body]] = defaultdict(list)
        for one in (*self.county.seen, *self.county.absent):
            if one.unit in visits and one.taxon and one.taxon.group == group:
                seen[one.taxon.name].append(one)
        rows = []
        for name, own in seen.items():
            present = [one for one in own if one.present]
            count = sum(one.individuals for one in present)
            told = [text(count), text(float(count / length), 2), text(len({id(one.unit) for one in present}))]
            if present and self.hides_rate(self.county.lines.get(name), present):
                told = [HIDDEN, DASH, DASH]
            rows.append([own[0].taxon.chinese, name, *told, text(len(own) - len(present))])
        return rows

    def hides_rate(self, line: Line | None, present: list[Body]) -> bool:
        """Of a guarded species no count under five is told, nor one that is the rest of another."""
        if line is None or not self.county.public or not line.guarded:
            return False
        by_method = sum(one.level > 0 for one in present)
        parts = (
            line.guarded,
            by_method,
            line.guarded - by_method,
            sum(one.individuals for one in present),
            len({id(one.unit) for one in present}),
        )
        return any(0 < part < SMALLEST for part in parts)

    def invasives(self) -> list[Row]:
        rows = []
        for line in self.county.lines.values():
            if line.taxon.invasive:
                told = [one for seen in line.seen for one in seen.body.get("measurements") or []]
                areas, covers = (
                    [Decimal(m["value"]) for m in told if m["code"] == code]
                    for code in ("occurrence_area_m2", "cover_pct")
                )
                grades = Counter(m["value"] for m in told if m["code"] == "damage_grade")
                plots = {
                    one.unit.id for one in line.seen if one.unit and one.unit.body["event_type"] in ("plot", "quadrat")
                }
                spread = "–".join(f"{one:g}" for one in sorted({min(covers), max(covers)})) if covers else DASH
                rows.append(
                    [
                        line.taxon.chinese,
                        line.taxon.name,
                        self.count(line),
                        text(len(plots) or None),
                        text(sum(areas) if areas else None),
                        spread,
                        "、".join(f"{zh}{grades[code]}" for code, zh in LEVELS.items() if grades[code]) or DASH,
                        self.day(line, line.first, "first"),
                    ]
                )
        return rows

    def count(self, line: Line) -> str:
        return HIDDEN if self.county.hides(line) else text(len(line.seen))

    def day(self, line: Line, one: Body, which: str) -> str:
        day = getattr(one, which).isoformat()
        if one.level and self.county.public:
            return str(day[:4])
        return str(day[: {"year": 4, "month": 7}.get(one.precision, 10)])

    def patrols(self) -> list[Row]:
        own = [one for one in self.county.records if one.kind == "patrol"]
        return (
            [
                [
                    text(len(own)),
                    text(total(map(length_m, own), 1000), 2),
                    text(total(map(minutes, own), 60), 1),
                    text(sum(bool(one.body.get("nil_report")) for one in own)),
                    text(sum(len(one.body.get("gaps") or []) for one in own)),
                ]
            ]
            if own
            else []
        )

    def findings(self) -> list[Row]:
        own = [one.body for one in self.county.records if one.kind == "finding"]
        cases = Counter((one["finding_type"], one["case_state"]) for one in own)
        kinds = [code for code in FINDINGS if cases[code, "open"] or cases[code, "closed"]]
        rows = [
            [
                FINDINGS[code],
                text(cases[code, "open"]),
                text(cases[code, "closed"]),
                text(cases[code, "open"] + cases[code, "closed"]),
            ]
            for code in kinds
        ]
        states = Counter(one["case_state"] for one in own)
        return [*rows, ["合计", text(states["open"]), text(states["closed"]), text(len(own))]] if own else []

    def diversity(self) -> list[Row]:
        rows = []
        for (group, method), visits in self.county.effort.items():
            counts: Counter[str] = Counter()
            lines = [one for one in visits if one.body["event_type"] in ("transect", "patrol")]
            for one in (seen for visit in visits for seen in self.county.open(self.county.found_on(visit))):
                counts[one.taxon.name] += one.individuals if one.taxon.group in group.split("、") else 0
            values = [one for one in counts.values() if one]
            if group != EVERY and lines and values:
                even = shannon(values) / shannon([1] * len(values)) if len(values) > 1 else None
                rows.append(
                    [
                        f"{group} · {METHODS.get(method, method)}",
                        text(sum(values)),
                        text(len(values)),
                        text(shannon(values), 3),
                        text(simpson(values), 3),
                        text(even, 3),
                    ]
                )
        return rows

    def species(self, lines: list[Line]) -> list[Row]:
        rows = []
        for line in lines:
            taxon, found = line.taxon, {one.body["evidence_class"] for one in line.seen}
            rows.append(
                [
                    ANY,
                    taxon.chinese,
                    taxon.name,
                    taxon.group,
                    ANY,
                    line.protection or DASH,
                    taxon.red_list or DASH,
                    "、".join(taxon.invasive) or DASH,
                    "、".join(zh for code, zh in EVIDENCE.items() if code in found),
                    self.count(line),
                    self.day(line, line.first, "first"),
                    self.day(line, line.last, "last"),
                ]
            )
        return rows

    @property
    def surveyed(self) -> set[str | None]:
        """Of each visit its place, or, where it has none, the places of what was openly found on it."""
        unplaced = {one.id for one in self.county.visits if one.point is None}
        open_finds = [one for one in self.county.seen if not (self.county.public and one.level) and one.point]
        found = {cell_of(one.point) for one in open_finds if one.unit and one.unit.id in unplaced and one.point}
        return found | {self.visit_cell(one) for one in self.county.visits}

    def visit_cell(self, visit: Body) -> str | None:
        """What may be printed: of a patrol, the cell that holds the centre of its generalised place, if it lies wholly in the county."""
        if not self.county.public or visit.level == 0:
            return cell_of(visit.point) if visit.point else None
        cell = cell_of(visit.shown_point) if visit.shown_point else None
        return cell if cell and round(self.whole.get(cell, 0), 6) >= 1 else None

    def effort_log(self) -> list[Row]:
        rows = []
        for visit in self.county.visits:
            hidden = self.county.public and (visit.kind == "patrol" or visit.level > 0)
            day = day_of(visit.body.get("observed_from"))
            shown = str(day)[: 4 if hidden else 10] if day else DASH
            seen = self.county.open(self.county.found_on(visit))
            length = length_m(visit)
            rows.append(
                [
                    ANY,
                    shown,
                    TYPES[visit.body["event_type"]],
                    METHODS.get(visit.body["sampling_protocol"], visit.body["sampling_protocol"]),
                    group_of(visit),
                    DASH if self.county.public else text(visit.body.get("location_name")),
                    text(self.visit_cell(visit)),
                    text(length / 1000 if length is not None else None, 2),
                    text(minutes(visit)),
                    text(len({one.taxon.name for one in seen})),
                ]
            )
        return rows

    def grid(self) -> list[Row]:
        surveyed = self.surveyed
        records: Counter[str | None] = Counter()
        species: dict[str | None, set[str]] = defaultdict(set)
        for one in self.county.seen:
            if one.point and not (self.county.public and one.level):
                records[cell_of(one.point)] += 1
                species[cell_of(one.point)].add(one.taxon.name)
        return [
            [code, text(100 * share, 1), text(code in surveyed), text(records[code]), text(len(species[code]))]
            for code, share in self.whole.items()
        ]

    def quality(self) -> list[Row]:
        county = self.county
        near = [one for one in county.open(county.occurrences) if one.counts and self.near_border(one)]
        rows = [
            ("“有”但未计入物种数的记录", len(county.open(county.unplaced))),
            ("“未见”记录", len(county.absent)),
            ("同一事件的单张影像等，不重复计数", len(county.evidence)),
            ("存在版本冲突、待人工处理的记录", 0),
            *([("标记：距县界不足 500 米", len(near))] if near else []),
        ]
        if not county.public:
            rows += [("记录总数", len(county.occurrences)), ("计入物种名录的“有”记录", len(county.seen))]
        return [[name, text(count)] for name, count in rows]

    def near_border(self, one: Body) -> bool:
        """Of the place that may be shown; what the record says itself is added by the importer."""
        code = self.places(one.shown_point) if one.shown_point else None
        return (
            code is not None
            and one.shown_point is not None
            and border_distance(self.areas[code][1], one.shown_point) <= 500
        )
