"""Chapter 评估范围与数据: what was covered then and now, and where the two may be compared."""

from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise

from server.assessments.assessment import Assessment
from server.assessments.columns import both
from server.assessments.comparison import cells_surveyed
from server.assessments.province_map import province_map
from server.baselines.effort import EffortLine
from server.baselines.species import COUNTING_RULE, SpeciesLine
from server.baselines.study import Study, method_zh
from server.reporting.document import Block, Cell, Column, Figure, Paragraph, Ref, Section, Table
from server.reporting.presences import public_code
from shared.vocabulary import EVIDENCE_CLASSES, labels

EFFORT_COUNTED = (
    "每次样线、样地、样点或巡护计一次，分段和小样方并入一次；里程取填报值，巡护未填报的按轨迹各段相加，间断处不补"
)


def scope(assessment: Assessment) -> tuple[Block, ...]:
    region = assessment.region
    covered, period = len(assessment.covered), region.period
    task = (
        f"本报告评估{assessment.scope_zh}{period.title}的生物多样性，并与上一期（{period.previous.title}）比较。"
        f"数据截至{assessment.cutoff_zh}24时。本期有物种记录或调查事件的县{covered}个，"
        f"占全省{assessment.counties_of_province}个县级行政区的{100 * covered / assessment.counties_of_province:.1f}%；"
        "没有数据的县不参与任何比较，也不代表没有物种分布。"
    )
    ended = region.snapshot.as_of.year > period.last
    unfinished = () if ended else (Paragraph("截至数据截止日期，本期尚未结束，本期数字不是全期数字。"),)
    return (
        Section("评估范围", (Paragraph(task), *unfinished, _map(assessment))),
        Section("两期数据概况", (_overview(assessment),)),
        Section("调查工作量", *_effort(assessment)),
        Section("可比范围", *_comparable(assessment)),
    )


def _map(assessment: Assessment) -> Figure:
    records = {county.area.code: assessment.records_of(county.lines_now) for county in assessment.region.counties}
    breaks = (0, *assessment.outlines.map_breaks)
    classes = [(f"{low + 1}–{high}条", low, high) for low, high in pairwise(breaks)]
    covered = {county.area.code for county in assessment.covered}
    groups = [("class0", tuple(code for code in records if code not in covered), "没有数据")]
    groups += [
        (f"class{n}", tuple(c for c in covered if low < records[c] <= high), label)
        for n, (label, low, high) in enumerate(classes, 1)
    ]
    groups.append(
        (f"class{len(classes) + 1}", tuple(c for c in covered if records[c] > breaks[-1]), f"{breaks[-1]}条以上")
    )
    groups.append(("recorded", tuple(c for c in covered if not records[c]), "有数据，条数不公布或为零"))
    title = f"{assessment.region.province}本期各县物种出现记录数分布图"
    told = (
        "、".join(f"{county.area.name_zh}{records[county.area.code]}条" for county in assessment.covered[:12])
        or "没有县有数据"
    )
    return province_map(
        assessment,
        "coverage_map",
        title,
        groups,
        "条",
        "按记录位置所在县计；公开版不含条数不公开的物种",
        f"分级图：{told}",
    )


def _overview(assessment: Assessment) -> Table:
    region, titles = assessment.region, assessment.titles
    pairs = ((region.before, assessment.lines_before), (region.now, assessment.lines_now))
    columns = (
        Column("item", "项目"),
        Column("unit", "单位"),
        Column("before", titles[0], align="right"),
        Column("now", titles[1], align="right"),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            "有物种记录的县",
            "个",
            sum(bool(one.lines_before) for one in region.counties),
            sum(bool(one.lines_now) for one in region.counties),
        ),
        (
            "有调查事件的县",
            "个",
            sum(bool(one.before.units) for one in region.counties),
            sum(bool(one.now.units) for one in region.counties),
        ),
        ("开展过调查的10 km网格", "个", *(len(cells_surveyed(study)) for study, _ in pairs)),
        ("调查与巡护", "次", *(len(study.units) for study, _ in pairs)),
        ("计入物种的出现记录", "条", *(assessment.records_of(lines) for _, lines in pairs)),
        ("其中：野外调查证据", "条", *(_by_evidence(assessment, lines, ("field", "image")) for _, lines in pairs)),
        (
            "其中：文献与标本证据",
            "条",
            *(_by_evidence(assessment, lines, ("literature", "specimen")) for _, lines in pairs),
        ),
        ("搜寻未见记录", "条", *(len(study.absences) for study, _ in pairs)),
        ("物种", "种", len(assessment.lines_before), assessment.species),
        ("证据类别", "—", *(_evidence(study) for study, _ in pairs)),
    ]
    counted = f"{COUNTING_RULE}；网格按非敏感调查事件的位置计；两期分别按观察日期归入"
    return Table(
        "overview", "两期数据概况", "见各行", assessment.source, counted, columns, tuple(rows), notes=assessment.notes
    )


def _by_evidence(assessment: Assessment, lines: Iterable[SpeciesLine], classes: tuple[str, ...]) -> int:
    shown = (line for line in lines if line.taxon.taxon_id not in assessment.hidden)
    return sum(one.body.get("evidence_class") in classes for line in shown for one in line.sightings)


def _evidence(study: Study) -> str | None:
    return (
        "、".join(
            labels(
                EVIDENCE_CLASSES,
                {public_code(one.record, EVIDENCE_CLASSES, "evidence_class") for one in study.sightings},
            )
        )
        or None
    )


def _effort(assessment: Assessment) -> tuple[tuple[Block, ...], str | None]:
    before, now = ({(line.method, line.group): line for line in lines} for lines in assessment.effort)
    keys = [*now, *(key for key in before if key not in now)]
    if not keys:
        return (), "两期均没有样线、样地、样点或巡护事件，无工作量。"
    columns = (
        Column("group", "目标类群"),
        Column("method", "方法"),
        *both("visits", "次数", "次"),
        *both("length", "里程", "km", 2),
        *both("hours", "时长", "小时", 1),
    )
    rows = [_effort_row(key, before.get(key), now.get(key)) for key in keys]
    notes = ("“—”表示没有或未填报",)
    return (
        Table(
            "effort",
            "两期各类群各方法的调查工作量",
            "见各栏",
            assessment.source,
            EFFORT_COUNTED,
            columns,
            tuple(rows),
            notes=notes,
        ),
    ), None


def _effort_row(key: tuple[str, str], before: EffortLine | None, now: EffortLine | None) -> tuple[Cell, ...]:
    both = (before, now)
    visits = [len(line.units) if line else None for line in both]
    kilometres: list[Decimal | None] = [line.kilometres if line else None for line in both]
    hours: list[Decimal | None] = [line.hours if line else None for line in both]
    return (key[1], method_zh(key[0]), *visits, *kilometres, *hours)


def _comparable(assessment: Assessment) -> tuple[tuple[Block, ...], str | None]:
    pairs = [one for one in assessment.surveyed if one.in_both]
    if not pairs:
        return (), "没有任何县在两期都以同一方法调查过，两期物种不作比较。"
    counties = {one.area.code for one in pairs}
    cells = {cell for one in pairs for cell in one.cells_before & one.cells_now}
    told = f"两期都以同一方法、同一目标类群调查过的县{len(counties)}个，其中两期都到达的10 km网格{len(cells)}个。"
    rule = "物种变化只在这一范围内比较；“未再记录”与“未调查”分开列示，本报告不作物种消失的判定。各县各方法见"
    return (Paragraph((told, rule, Ref("surveyed_alike"), "。")),), None
