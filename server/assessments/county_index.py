"""Chapter 县域评价: HJ 623-2011 by county, from what was recorded up to the period's end, beside what it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from server.assessments.assessment import NOT_COMPUTABLE, Assessment
from server.assessments.columns import COUNTY, both, figure
from server.assessments.region import CountyStudy
from server.baselines.evaluation import hj623_counts
from server.baselines.species import SpeciesLine
from server.reporting.document import Block, Cell, Column, Paragraph, Section, Table
from server.reporting.presences import public_code
from server.statistics.hj623 import Parameters, Result, evaluate, load_parameters
from shared.vocabulary import EVIDENCE_CLASSES, labels

_FROM_ELSEWHERE = frozenset({"literature", "specimen"})
RECORDED = (
    "已记录的野生种及种下单元，观察日期不晚于期末，不论属于哪一期；日期不明的记录计入本期末，不计入上期末；"
    "动物为哺乳类、鸟类、爬行类、两栖类、鱼类和蝶类，植物为维管束植物，均不含栽培、圈养、放生个体和外来入侵物种"
)


@dataclass(frozen=True)
class CountyIndex:
    county: CountyStudy
    parameters: Parameters

    @cached_property
    def now(self) -> Result:
        return evaluate(hj623_counts(self.county.lines_recorded), self.parameters)

    @cached_property
    def before(self) -> Result:
        return evaluate(hj623_counts(self.county.lines_recorded_before), self.parameters)

    @property
    def evidence(self) -> frozenset[str]:
        return frozenset(
            public_code(one.record, EVIDENCE_CLASSES, "evidence_class")
            for line in self.county.lines_recorded
            for one in line.sightings
        )

    @property
    def surveys_alone(self) -> bool:
        return not self.evidence & _FROM_ELSEWHERE

    @property
    def missing_groups(self) -> list[str]:
        present = hj623_counts(self.county.lines_recorded).animal_groups
        return [group for group in self.parameters.animal_groups if group not in present]


def indices(assessment: Assessment) -> list[CountyIndex]:
    """Of the counties that have anything recorded up to the period's end."""
    parameters = load_parameters()
    return [CountyIndex(county, parameters) for county in assessment.with_records if county.lines_recorded]


def county_index(assessment: Assessment) -> tuple[Block, ...]:
    found = indices(assessment)
    if not found:
        return (Paragraph("截至本期末，评估范围内没有任何县有物种记录，各县的生物多样性指数均不能计算。"),)
    computed = [one for one in found if one.now.index is not None]
    return (
        Section("评价方法", tuple(Paragraph(text) for text in _method(assessment, found))),
        Section(
            "各县指标与指数",
            (Paragraph(_outcome(found, computed)), _raw(assessment, found), _weighted(assessment, found)),
        ),
        Section("结果的依据与警告", (_basis(assessment, found),)),
        Section("与上期末比较", (_matrix(assessment, found),)),
    )


def _method(assessment: Assessment, found: Sequence[CountyIndex]) -> tuple[str, ...]:
    parameters = found[0].parameters
    others = len(assessment.region.counties) - len(found)
    rest = f"其余{others}个县没有任何物种记录，不列入。" if others else ""
    return (
        f"按{parameters.standard}计算，以县为单元，{RECORDED}。{parameters.subspecies_rule_zh}。{rest}",
        f"参数状态：{parameters.status_zh}。参数来源：{parameters.source}。",
    )


def _outcome(found: Sequence[CountyIndex], computed: Sequence[CountyIndex]) -> str:
    if computed:
        ranked = sorted(computed, key=lambda one: (-(one.now.index or 0), one.county.area.code))
        told = "、".join(f"{one.county.area.name_zh}{one.now.index:.4f}（{one.now.grade}）" for one in ranked)
        return f"能计算生物多样性指数的县{len(computed)}个，由高到低为：{told}。其余{len(found) - len(computed)}个县缺少指标，不能计算。"
    reasons = "；".join(sorted({one.now.reason or "" for one in found}))
    return f"{len(found)}个县的生物多样性指数均{NOT_COMPUTABLE}（{reasons}），因此不划分等级、不排位次，也不绘等级分布图。缺少的指标不以零代替。"


def _raw(assessment: Assessment, found: Sequence[CountyIndex]) -> Table:
    indicators = found[0].parameters.indicators
    columns = (
        COUNTY,
        *(
            figure(i.code, f"{i.name_zh}（{i.code}）", *((None, 4) if i.unit_zh == "无量纲" else (i.unit_zh, 0)))
            for i in indicators
        ),
        Column("index", "生物多样性指数（BI）", None, 4, align="right"),
        Column("grade", "等级"),
    )
    rows = tuple(
        (
            one.county.area.name_zh,
            *(_or_words(value.raw) for value in one.now.values),
            _or_words(one.now.index),
            one.now.grade or NOT_COMPUTABLE,
        )
        for one in found
    )
    counted = f"{RECORDED}；生态系统类型以群系计，没有植被群系资料的写“{NOT_COMPUTABLE}”"
    return Table(
        "county_index", "各县区域生物多样性评价指标与指数", "见各栏", _source(assessment, found), counted, columns, rows
    )


def _weighted(assessment: Assessment, found: Sequence[CountyIndex]) -> Table:
    indicators = found[0].parameters.indicators
    columns = (
        COUNTY,
        Column("step", "项目"),
        *(Column(i.code, f"{i.name_zh}（{i.code}）", None, 4, align="right") for i in indicators),
    )
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        rows.append((one.county.area.name_zh, "归一化", *(_or_words(value.normalised) for value in one.now.values)))
        rows.append((one.county.area.name_zh, "加权", *(_or_words(value.weighted) for value in one.now.values)))
    counted = "归一化值＝原始值×100÷参考最大值，不截断；加权值＝归一化值×权重，外来物种入侵度以（100－归一化值）加权；参考最大值和权重见附录"
    title = "各县评价指标的归一化值与加权值"
    return Table("county_weighted", title, "无量纲", _source(assessment, found), counted, columns, tuple(rows))


def _source(assessment: Assessment, found: Sequence[CountyIndex]) -> str:
    return f"{assessment.source}；{found[0].parameters.standard}"


def _basis(assessment: Assessment, found: Sequence[CountyIndex]) -> Table:
    columns = (
        COUNTY,
        Column("evidence", "证据类别"),
        Column("kind", "资料性质"),
        Column("missing", "没有记录的动物类群"),
        figure("endemic", "缺特有性资料", "种"),
        Column("warnings", "警告"),
    )
    rows = tuple(_basis_row(one) for one in found)
    counted = (
        "证据类别为计入各记录的证据类别；“只依据调查记录”指没有并入文献和标本资料，结果低于按“已记录”物种计算的结果"
    )
    return Table(
        "county_basis",
        "各县评价结果的依据与警告",
        "见各栏",
        assessment.source,
        counted,
        columns,
        rows,
        notes=("“—”表示没有",),
    )


def _basis_row(one: CountyIndex) -> tuple[Cell, ...]:
    evidence = "、".join(labels(EVIDENCE_CLASSES, one.evidence)) or "未注明"
    kind = "只依据调查记录" if one.surveys_alone else "含文献或标本资料"
    fatal = [group for group in ("鱼类", "蝶类") if group in one.missing_groups]
    warnings = [f"没有{'和'.join(fatal)}记录，野生动物丰富度偏低，不可与其他县比较"] if fatal else []
    warnings += [warning for warning in one.now.warnings if "超过参考最大值" in warning]
    missing, unknown = "、".join(one.missing_groups) or None, _unknown(one.county.lines_recorded)
    return (one.county.area.name_zh, evidence, kind, missing, unknown, "；".join(warnings) or None)


def _unknown(lines: Sequence[SpeciesLine]) -> int:
    return sum(line.taxon.endemic is None for line in lines)


def _matrix(assessment: Assessment, found: Sequence[CountyIndex]) -> Table:
    columns = (
        COUNTY,
        *both("animals", "末野生动物", "种"),
        *both("plants", "末维管束植物", "种"),
        Column("grade_before", "上期末等级"),
        Column("grade_now", "本期末等级"),
    )
    rows = []
    for one in found:
        before, now = ({value.indicator.code: value.raw for value in result.values} for result in (one.before, one.now))
        rows.append(
            (
                one.county.area.name_zh,
                _or_words(before["R_V"]),
                _or_words(now["R_V"]),
                _or_words(before["R_P"]),
                _or_words(now["R_P"]),
                one.before.grade or NOT_COMPUTABLE,
                one.now.grade or NOT_COMPUTABLE,
            )
        )
    counted = f"{RECORDED}；累计物种数只增不减，增加的部分含新增调查的发现，不等于物种增多"
    return Table(
        "county_matrix",
        "各县上期末与本期末的已记录物种数和等级",
        "见各栏",
        assessment.source,
        counted,
        columns,
        tuple(rows),
    )


def _or_words(value: float | None) -> float | str:
    return NOT_COMPUTABLE if value is None else value
