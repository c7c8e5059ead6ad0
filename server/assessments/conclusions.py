"""Chapter 结论、预警与建议: what the figures say, what they cannot say, and what would be needed; written from the figures alone."""

from collections import Counter

from server.assessments.assessment import NOT_COMPUTABLE, Assessment
from server.assessments.comparison import GAINED, NOT_REFOUND, UNSURVEYED_NOW
from server.assessments.county_index import indices
from server.assessments.invasives import invaded
from server.reporting.document import Block, Column, Inline, Latin, Listing, Paragraph, Section, Table
from server.snapshots.context import Taxon
from shared.vocabulary import GROUP_NAMES_ZH

_MOST_NAMED = 12
_NO_THRESHOLDS = "本提纲没有经批准的指标阈值，不作红黄绿判定；下表只说明各指标能否计算、两期能否比较。"
_NO_WARNING = "没有达到预警条件的情形：可比范围内没有未再记录的重点保护物种，也没有新增外来入侵物种的县。"


def conclusions(assessment: Assessment) -> tuple[Block, ...]:
    warnings = _warnings(assessment)
    return (
        Section("主要结论", (Listing(_findings(assessment)),)),
        Section("指标状况", (Paragraph(_NO_THRESHOLDS), _lights(assessment))),
        Section("预警", (Listing(warnings),) if warnings else (), None if warnings else _NO_WARNING),
        Section("建议", (Listing(_advice(assessment)),)),
    )


def _findings(assessment: Assessment) -> tuple[tuple[Inline, ...], ...]:
    protected = sum(bool(line.protection_zh) for line in assessment.lines_now)
    invasive = sum(bool(line.taxon.invasive_lists) for line in assessment.lines_now)
    covered, of_province = len(assessment.covered), assessment.counties_of_province
    before, now = invaded(assessment)
    found = Counter(one.change for one in assessment.changes)
    return (
        (f"本期有数据的县{covered}个，占全省{of_province}个县级行政区的{100 * covered / of_province:.1f}%。",),
        ("本期共记录物种", assessment.species, f"种，其中国家重点保护{protected}种、列入外来入侵名录{invasive}种。"),
        (f"可比范围内，按县计新增记录{found[GAINED]}种次、未再记录{found[NOT_REFOUND]}种次。",),
        (f"另有{found[UNSURVEYED_NOW]}种次上期有记录而本期未作可比调查。没有判定为消失的物种。",),
        (f"有外来入侵物种记录的县本期{len(now)}个、上期{len(before)}个。",),
    )


def _lights(assessment: Assessment) -> Table:
    comparable = {one.area.code for one in assessment.surveyed if one.in_both}
    computed = [one for one in indices(assessment) if one.now.index is not None]
    some = "可在可比范围内比较" if comparable else "不可比较"
    rows = (
        ("物种变化", "可计算" if assessment.changes else NOT_COMPUTABLE, some, f"可比的县{len(comparable)}个"),
        ("国家重点保护物种数", "可计算" if assessment.lines_now else NOT_COMPUTABLE, "总数不可比较", "受调查范围影响"),
        ("受威胁物种数", "只能给出下限", "不可比较", "多数物种的红色名录等级未载入"),
        ("红色名录指数", NOT_COMPUTABLE, "不可比较", "只有一次评估的部分等级"),
        ("种群趋势指数", NOT_COMPUTABLE, "不可比较", "没有逐年重复的固定调查点"),
        ("水生生物完整性指数", NOT_COMPUTABLE, "不可比较", "没有定量调查资料"),
        ("入侵县域数", "可计算" if assessment.lines_now else NOT_COMPUTABLE, "总数不可比较", "受调查范围影响"),
        (
            "生物多样性指数（BI）",
            f"{len(computed)}个县可计算" if computed else NOT_COMPUTABLE,
            "按两期末等级比较" if computed else "不可比较",
            "部分县缺少指标" if computed else "缺少生态系统类型数",
        ),
        ("生态质量指数", NOT_COMPUTABLE, "不可比较", "未载入官方公布值"),
    )
    columns = (
        Column("indicator", "指标"),
        Column("now", "本期"),
        Column("comparison", "与上期比较"),
        Column("remark", "说明"),
    )
    return Table(
        "indicators", "各指标的可算与可比状况", "见各栏", assessment.source, "按本报告各章的计算结果归纳", columns, rows
    )


def _warnings(assessment: Assessment) -> tuple[tuple[Inline, ...], ...]:
    not_refound = [one for one in assessment.changes if one.change == NOT_REFOUND and one.taxon.protection_class]
    gained = [one for one in assessment.changes if one.change == GAINED and one.taxon.invasive_lists]
    told: list[tuple[Inline, ...]] = [
        (
            f"{one.area.name_zh}：国家重点保护物种",
            *_name(one.taxon),
            "上期有记录，本期在可比范围内未再记录，宜安排专项复核。",
        )
        for one in not_refound[:_MOST_NAMED]
    ]
    told += [
        (f"{one.area.name_zh}：外来入侵物种", *_name(one.taxon), "为可比范围内的新增记录，宜核实并处置。")
        for one in gained[:_MOST_NAMED]
    ]
    left = max(0, len(not_refound) - _MOST_NAMED) + max(0, len(gained) - _MOST_NAMED)
    return (*told, *(((f"另有{left}项见各县物种变化附录。",),) if left else ()))


def _advice(assessment: Assessment) -> tuple[tuple[Inline, ...], ...]:
    advice: list[tuple[Inline, ...]] = []
    empty = len(assessment.region.counties) - len(assessment.covered)
    if empty:
        advice.append((f"评估范围内{empty}个县本期没有任何数据，宜优先安排本底调查。",))
    undone = Counter(one.area.name_zh for one in assessment.changes if one.change == UNSURVEYED_NOW)
    if undone:
        told = "、".join(f"{name}{count}种" for name, count in undone.most_common(_MOST_NAMED))
        advice.append((f"上期有记录而本期未作可比调查的物种：{told}；宜按上期的网格和方法复查。",))
    missing = [
        name
        for name in GROUP_NAMES_ZH
        if name not in {line.taxon.group_zh for line in assessment.lines_now} and name != "其他"
    ]
    if missing:
        advice.append((f"本期没有记录的类群：{'、'.join(missing)}；没有记录不等于没有分布。",))
    advice.append(("补充植被群系资料和文献、标本记录后，方可按县计算生物多样性指数。",))
    advice.append(("建立逐年重复的固定样线和相机位点，下一期方可给出趋势指数。",))
    return tuple(advice)


def _name(taxon: Taxon) -> tuple[Inline, ...]:
    latin = Latin(taxon.scientific_name)
    return (taxon.name_zh, "（", latin, "）") if taxon.name_zh else (latin,)
