"""Chapter 各类群: composition, completeness by group and method, one section for each group."""

from collections.abc import Sequence

from server.baselines.completeness import Completeness, unit_label
from server.baselines.draft import DASH_NOTE, SOURCE, Draft
from server.baselines.encounters import encounter_table
from server.baselines.species import COUNTING_RULE, SpeciesLine
from server.baselines.study import method_zh
from server.reporting.charts import accumulation, bars
from server.reporting.document import Block, Cell, Column, Figure, Inline, Latin, Paragraph, Section, Table
from server.statistics.richness import CHAO2_NAME, COVERAGE_NAME

_NAMED, _CURVES = 8, 5


def groups(draft: Draft) -> tuple[Block, ...]:
    if not draft.lines:
        return ()
    return (
        Section("物种组成", (Paragraph(_summary(draft)), _composition(draft), _bars(draft))),
        Section("调查完整性", (Paragraph(_completeness_text(draft)), _completeness_table(draft), *_curves(draft))),
        *(_group(draft, name) for name in draft.groups),
    )


def _summary(draft: Draft) -> tuple[Inline, ...]:
    classes = [sum(line.protection_zh == grade for line in draft.protected) for grade in ("一级", "二级")]
    return (
        "共记录物种",
        draft.species,
        f"种，分属{len(draft.groups)}个类群；其中国家一级重点保护{classes[0]}种、二级重点保护{classes[1]}种，",
        f"列入外来入侵物种名录的{len(draft.invasive)}种。",
    )


def _composition(draft: Draft) -> Table:
    columns = (
        Column("group", "类群"),
        Column("orders", "目", "个", align="right"),
        Column("families", "科", "个", align="right"),
        Column("genera", "属", "个", align="right"),
        Column("species", "种", "种", align="right"),
        Column("class_1", "国家一级", "种", align="right"),
        Column("class_2", "国家二级", "种", align="right"),
        Column("invasive", "外来入侵", "种", align="right"),
        Column("records", "记录数", "条", align="right"),
    )
    rows = [
        _composition_row(draft, name, tuple(line for line in draft.lines if line.taxon.group_zh == name))
        for name in draft.groups
    ]
    total = list(_composition_row(draft, "合计", draft.lines))
    total[4] = draft.species
    counted = f"{COUNTING_RULE}；目、科、属按名录的高级阶元计，缺失的不计"
    return Table(
        "composition", "各类群物种组成", "见各栏", SOURCE, counted, columns, (*rows, tuple(total)), notes=draft.notes
    )


def _composition_row(draft: Draft, name: str, lines: tuple[SpeciesLine, ...]) -> tuple[Cell, ...]:
    taxa = [line.taxon for line in lines]
    ranks = [
        len({value for value in values if value})
        for values in (
            [t.order_name for t in taxa],
            [t.family for t in taxa],
            [t.genus for t in taxa],
        )
    ]
    grades = [line.protection_zh for line in lines]
    return (
        name,
        *ranks,
        len(lines),
        grades.count("一级"),
        grades.count("二级"),
        sum(bool(t.invasive_lists) for t in taxa),
        draft.records_of(lines),
    )


def _bars(draft: Draft) -> Figure:
    values = [sum(line.taxon.group_zh == name for line in draft.lines) for name in draft.groups]
    svg = bars(draft.settings, "group_bars", draft.groups, values, "物种数（种）")
    told = "、".join(f"{name}{value}种" for name, value in zip(draft.groups, values, strict=True))
    return Figure("group_bars", "各类群物种数", "种", SOURCE, COUNTING_RULE, svg, f"条形图：{told}")


def _completeness_text(draft: Draft) -> str:
    return (
        f"完整性按类群和方法分别计算，以一次调查或一个10 km网格为单元；估计式为{CHAO2_NAME}和{COVERAGE_NAME}，{CHAO2_NAME}给出的是物种数下限。"
        f"数据不足以计算的写明原因；不对全县合并名录计算。{draft.profile.completeness_floor_zh}。"
    )


def _completeness_table(draft: Draft) -> Table:
    columns = (
        Column("group", "类群"),
        Column("method", "方法"),
        Column("unit", "单元"),
        Column("units", "单元数", align="right"),
        Column("observed", "观测物种", "种", align="right"),
        Column("chao2", CHAO2_NAME, "种", 1, align="right"),
        Column("coverage", "样本覆盖度", "%", 1, align="right"),
        Column("percent", "完成度", "%", 0, align="right"),
        Column("remark", "说明"),
    )
    counted = (
        f"单元内出现即计一次，未见记录不计；完成度＝观测物种数÷{CHAO2_NAME}；样本覆盖度：{COVERAGE_NAME}；按调查次计的单元含未记录到物种的调查，"
        "按网格计的单元为有该类群记录的网格"
    )
    rows = tuple(_completeness_row(draft, one) for one in draft.completeness)
    return Table(
        "completeness", "各类群各方法的调查完整性", "见各栏", SOURCE, counted, columns, rows, notes=(DASH_NOTE,)
    )


def _completeness_row(draft: Draft, one: Completeness) -> tuple[Cell, ...]:
    coverage = one.coverage.value
    return (
        one.group,
        method_zh(one.method) if one.method else "全部方法",
        one.unit_zh,
        one.units,
        one.observed,
        one.richness.value,
        coverage * 100 if coverage is not None else None,
        one.percent,
        _remark(draft, one),
    )


def _remark(draft: Draft, one: Completeness) -> str:
    if one.percent is None:
        return f"不能计算：{one.richness.reason}"
    below = one.percent < draft.profile.completeness_floor_percent
    return f"完成度低于{draft.profile.completeness_floor_percent}%，不可比较" if below else "可用于同方法比较"


def _curves(draft: Draft) -> tuple[Block, ...]:
    possible = [one for one in draft.completeness if one.method and one.richness.value is not None]
    chosen = sorted(possible, key=lambda one: -one.observed)[:_CURVES]
    if not chosen:
        return ()
    curves = [
        (unit_label(one.group, method_zh(one.method or "")), [(p.units, p.species, p.extrapolated) for p in one.curve])
        for one in chosen
    ]
    svg = accumulation(draft.settings, "accumulation", curves, "调查次数（次）")
    counted = "实线为内插、虚线为外推（至单元数的两倍），圆点为观测值；按出现频次的超几何内插和Chao2外推"
    return (Figure("accumulation", "物种累积曲线", "种", SOURCE, counted, svg, "各类群随调查次数增加的期望物种数"),)


def _group(draft: Draft, name: str) -> Section:
    lines = [line for line in draft.lines if line.taxon.group_zh == name]
    families = len({line.taxon.family for line in lines if line.taxon.family})
    text: list[Inline] = [f"记录{name}{len(lines)}种" + (f"，分属{families}科" if families else "") + "。"]
    text += _named("国家重点保护物种有", [line for line in lines if line.protection_zh])
    text += _named("列入外来入侵物种名录的有", [line for line in lines if line.taxon.invasive_lists])
    open_lines = sorted((line for line in lines if not line.guarded), key=lambda line: -line.records)
    text += _named("记录较多的有", open_lines[:5]) if len(open_lines) > 5 else []
    return Section(name, (Paragraph(tuple(text)), *encounter_table(draft, name)))


def _named(words: str, lines: Sequence[SpeciesLine]) -> list[Inline]:
    if not lines:
        return []
    told: list[Inline] = [words]
    for n, line in enumerate(lines[:_NAMED]):
        told += ["、" if n else "", *species_name(line)]
    return [*told, f"等{len(lines)}种。" if len(lines) > _NAMED else "。"]


def species_name(line: SpeciesLine) -> tuple[Inline, ...]:
    latin = Latin(line.taxon.scientific_name)
    return (line.taxon.name_zh, "（", latin, "）") if line.taxon.name_zh else (latin,)
