"""Chapter 物种: richness then and now, what came and what was not found again, and the protected species."""

from collections import Counter
from collections.abc import Iterable, Sequence

from server.assessments.assessment import NOT_COMPUTABLE, Assessment
from server.assessments.columns import COUNTIES, COUNTY, NAME, both, figure
from server.assessments.comparison import CHANGES, GAINED, INVASIVE_TARGET, NOT_REFOUND, MethodGroups, SpeciesChange
from server.assessments.region import CountyStudy
from server.baselines.completeness import Completeness, completeness
from server.baselines.species import COUNTING_RULE, SpeciesLine, species_lines
from server.baselines.study import method_zh
from server.reporting.charts import bars
from server.reporting.document import Block, Cell, Column, Figure, Latin, Paragraph, Ref, Section, Table
from server.snapshots.context import Taxon
from server.statistics.accumulation import expected_species
from server.statistics.richness import COVERAGE_NAME, MINIMUM_UNITS

CHANGE_COUNTED = "只计野生个体；可比范围为两期都以同一方法、同一目标类群调查过的10 km网格（敏感物种只按县和方法）；每个县每个物种计一个"

_CHANGE_WORDS = (
    "按县逐种比较。上期在可比范围内调查过而没有记录、本期有记录的为“新增记录”；上期有记录、本期在可比范围内调查过而没有记录的为“未再记录”；"
    "没有可比调查的为“上期未调查”或“本期未调查”，不作增减判断。“未再记录”不等于消失，本报告没有判定为消失的物种。全部物种见"
)


def species(assessment: Assessment) -> tuple[Block, ...]:
    if not assessment.groups:
        return ()
    changes = assessment.changes
    return (
        Section("物种数与组成", (_summary(assessment), _composition(assessment), *_bars(assessment))),
        Section("两期物种变化", _changes(assessment), None if changes else "两期均没有野生个体的物种记录，不作比较。"),
        Section("相同调查次数下的物种数", *_standardised(assessment)),
        Section("国家重点保护物种", *_protected(assessment)),
        Section("省级重点保护物种", (), "未载入湖南省地方重点保护野生动物、野生植物名录的条目，不能计数。"),
        Section(
            "重点保护物种保护率",
            (),
            "保护率（规划基准81.42%）需要全省重点保护物种本底和就地、迁地保护登记，资料未载入，不能计算。",
        ),
    )


def _summary(assessment: Assessment) -> Paragraph:
    now, before = assessment.lines_now, assessment.lines_before
    shared = {line.taxon.taxon_id for line in now} & {line.taxon.taxon_id for line in before}
    return Paragraph(
        (
            "本期共记录物种",
            assessment.species,
            f"种，上期记录{len(before)}种，两期都有记录的{len(shared)}种。",
            "两期合计物种数受调查范围和工作量影响，其差数不等于物种的增减。",
        )
    )


def _composition(assessment: Assessment) -> Table:
    columns = (
        Column("group", "类群"),
        figure("before", "上期物种", "种"),
        figure("now", "本期物种", "种"),
        figure("class_1", "本期国家一级", "种"),
        figure("class_2", "本期国家二级", "种"),
        figure("invasive", "本期外来入侵", "种"),
        *both("records", "记录", "条"),
    )
    rows = [_composition_row(assessment, group, *_both(assessment, group)) for group in assessment.groups]
    total = list(_composition_row(assessment, "合计", assessment.lines_before, assessment.lines_now))
    total[2] = assessment.species
    every = (*rows, tuple(total))
    return Table(
        "composition",
        "两期各类群物种数",
        "见各栏",
        assessment.source,
        COUNTING_RULE,
        columns,
        every,
        notes=assessment.notes,
    )


def _both(assessment: Assessment, group: str) -> tuple[list[SpeciesLine], list[SpeciesLine]]:
    before, now = (
        [line for line in lines if line.taxon.group_zh == group]
        for lines in (assessment.lines_before, assessment.lines_now)
    )
    return before, now


def _composition_row(
    assessment: Assessment, name: str, before: Sequence[SpeciesLine], now: Sequence[SpeciesLine]
) -> tuple[Cell, ...]:
    grades = Counter(line.protection_zh for line in now)
    return (
        name,
        len(before),
        len(now),
        grades["一级"],
        grades["二级"],
        sum(bool(line.taxon.invasive_lists) for line in now),
        assessment.records_of(before),
        assessment.records_of(now),
    )


def _bars(assessment: Assessment) -> tuple[Block, ...]:
    counted = [(group, len(_both(assessment, group)[1])) for group in assessment.groups]
    shown = [(group, count) for group, count in counted if count]
    if not shown:
        return ()
    names, values = [group for group, _ in shown], [count for _, count in shown]
    told = "、".join(f"{group}{count}种" for group, count in shown)
    svg = bars(assessment.settings, "group_bars", names, values, "本期物种数（种）")
    return (Figure("group_bars", "本期各类群物种数", "种", assessment.source, COUNTING_RULE, svg, f"条形图：{told}"),)


def _changes(assessment: Assessment) -> tuple[Block, ...]:
    if not assessment.changes:
        return ()
    return (
        Paragraph((_CHANGE_WORDS, Ref("county_changes"), "。")),
        _change_counts(assessment),
        *_named_changes(assessment),
    )


def _change_counts(assessment: Assessment) -> Table:
    columns = (
        COUNTY,
        *(figure(f"change_{n}", change, "种") for n, change in enumerate(CHANGES)),
        figure("lost", "判定消失", "种"),
    )
    rows: list[tuple[Cell, ...]] = []
    for county in assessment.region.counties:
        found = Counter(one.change for one in assessment.changes if one.area.code == county.area.code)
        if found:
            rows.append((county.area.name_zh, *(found[change] for change in CHANGES), 0))
    notes = ("判定消失需要专项调查，本期没有，均为0",)
    return Table(
        "change_counts", "各县两期物种变化", "种", assessment.source, CHANGE_COUNTED, columns, tuple(rows), notes=notes
    )


def _named_changes(assessment: Assessment) -> tuple[Block, ...]:
    told = [one for one in assessment.changes if one.change in (GAINED, NOT_REFOUND)]
    if not told:
        return (Paragraph("可比范围内没有新增记录，也没有未再记录的物种。"),)
    columns = (
        Column("change", "变化"),
        COUNTY,
        *NAME,
        Column("group", "类群"),
        Column("protection", "国家重点保护"),
        Column("basis", "比较依据"),
    )
    order = {GAINED: 0, NOT_REFOUND: 1}
    told.sort(key=lambda one: (order[one.change], one.area.code))
    rows = tuple((one.change, one.area.name_zh, *taxon_cells(one.taxon), basis_zh(one)) for one in told)
    title, notes = "可比范围内新增记录和未再记录的物种", ("“—”表示没有中文名或未列入名录",)
    return (Table("named_changes", title, "种", assessment.source, CHANGE_COUNTED, columns, rows, notes=notes),)


def taxon_cells(taxon: Taxon) -> tuple[Cell, ...]:
    """Chinese name, scientific name, group, class of protection of wild ones."""
    grade = {"I": "一级", "II": "二级"}.get(taxon.protection_class or "")
    return taxon.name_zh, Latin(taxon.scientific_name), taxon.group_zh, grade


def basis_zh(one: SpeciesChange) -> str:
    if one.looked_for:
        return "列为目标，搜寻未见"
    return "同县同方法" if one.by_county else "同网格同方法"


def _standardised(assessment: Assessment) -> tuple[tuple[Block, ...], str | None]:
    rows = [
        row
        for county in assessment.covered
        for row in _standard_rows(assessment, county, assessment.outlines.method_groups)
    ]
    if not rows:
        return (), "没有任何县在两期都以同一方法调查过同一类群，不能作标准化比较。"
    columns = (
        COUNTY,
        Column("group", "类群"),
        Column("method", "方法"),
        *both("units", "次数", "次"),
        *both("observed", "观测", "种"),
        *both("coverage", "覆盖度", "%", 1),
        *both("expected", "标准化", "种", 1),
    )
    counted = (
        f"以一次调查为单元，两期内插到两者中较少的次数（按出现频次的超几何内插）；覆盖度为{COVERAGE_NAME}；"
        f"任一期少于{MINIMUM_UNITS}次的写“{NOT_COMPUTABLE}”；未作等覆盖度外推，两期覆盖度相差大的行不宜比较"
    )
    table = Table(
        "standardised", "相同调查次数下两期的物种数", "见各栏", assessment.source, counted, columns, tuple(rows)
    )
    return (table,), None


def _standard_rows(assessment: Assessment, county: CountyStudy, aims: MethodGroups) -> Iterable[tuple[Cell, ...]]:
    then_open, now_open = assessment.open_part(county.before), assessment.open_part(county.now)
    before = {(one.group, one.method): one for one in completeness(then_open, species_lines(then_open))}
    for now in completeness(now_open, species_lines(now_open)):
        then = before.get((now.group, now.method))
        if now.method is not None and then is not None and _looked_for(now.group, now.method, aims):
            yield (
                county.area.name_zh,
                now.group,
                method_zh(now.method),
                then.units,
                now.units,
                then.observed,
                now.observed,
                _percent(then),
                _percent(now),
                *_expected(then, now),
            )


def _looked_for(group: str, method: str, aims: MethodGroups) -> bool:
    """A patrol looks for no group; what a method records beside its aim is no sample of it."""
    groups = aims.get(method, ())
    return method != "patrol" and (not groups or group in groups or INVASIVE_TARGET in groups)


def _percent(one: Completeness) -> float | str:
    value = one.coverage.value
    return NOT_COMPUTABLE if value is None else value * 100


def _expected(then: Completeness, now: Completeness) -> tuple[float | str, float | str]:
    """Interpolated to the smaller effort: nothing is extrapolated."""
    units = min(then.units, now.units)
    if units < MINIMUM_UNITS:
        return NOT_COMPUTABLE, NOT_COMPUTABLE
    return expected_species(then.frequencies, then.units, units), expected_species(now.frequencies, now.units, units)


def _protected(assessment: Assessment) -> tuple[tuple[Block, ...], str | None]:
    lines = {
        line.taxon.taxon_id: line for line in (*assessment.lines_before, *assessment.lines_now) if line.protection_zh
    }
    if not lines:
        return (), "两期均没有国家重点保护物种的出现记录；没有记录不等于没有分布。"
    found = [
        {line.taxon.taxon_id for line in part if line.protection_zh}
        for part in (assessment.lines_before, assessment.lines_now)
    ]
    text = (
        f"本期记录国家重点保护物种{len(found[1])}种，上期{len(found[0])}种。保护级别按数据截止日期有效的名录，两期用同一版本；"
        "仅限野外种群的，以有野生个体记录为准。"
    )
    columns = (
        *NAME,
        Column("class", "级别"),
        *both("records", "记录", "条"),
        *COUNTIES,
    )
    counted = "记录数为“有”的出现记录；县按记录位置所在县计"
    ordered = sorted(
        lines.values(), key=lambda line: (line.protection_zh != "一级", line.taxon.group_zh, line.taxon.scientific_name)
    )
    rows = tuple(_protected_row(assessment, line) for line in ordered)
    table = Table(
        "protected", "两期国家重点保护物种", "见各栏", assessment.source, counted, columns, rows, notes=assessment.notes
    )
    return (Paragraph(text), table), None


def _protected_row(assessment: Assessment, line: SpeciesLine) -> tuple[Cell, ...]:
    taxon = line.taxon
    records, counties = records_of_taxon(assessment, taxon.taxon_id), counties_of_taxon(assessment, taxon.taxon_id)
    return (taxon.name_zh, Latin(taxon.scientific_name), line.protection_zh, *records, *counties)


def records_of_taxon(assessment: Assessment, taxon_id: str) -> tuple[int | str, int | str]:
    before, now = (
        sum(line.records for line in lines if line.taxon.taxon_id == taxon_id)
        for lines in (assessment.lines_before, assessment.lines_now)
    )
    return assessment.count(taxon_id, before), assessment.count(taxon_id, now)


def counties_of_taxon(assessment: Assessment, taxon_id: str) -> tuple[str | None, str | None]:
    """Names of the counties that have it, before and now."""

    def named(parts: Iterable[tuple[str, Sequence[SpeciesLine]]]) -> str | None:
        return (
            "、".join(name for name, lines in parts if any(line.taxon.taxon_id == taxon_id for line in lines)) or None
        )

    counties = assessment.with_records
    return named((one.area.name_zh, one.lines_before) for one in counties), named(
        (one.area.name_zh, one.lines_now) for one in counties
    )
