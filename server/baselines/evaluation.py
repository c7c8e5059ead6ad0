"""Chapter 评价: the county index of HJ 623-2011 from recorded wild taxa, and the diversity of transect counts."""

from collections.abc import Iterable, Sequence

from server.baselines.completeness import unit_label
from server.baselines.draft import DASH_NOTE, SOURCE, Draft
from server.baselines.effort import EffortLine
from server.baselines.species import SpeciesLine
from server.baselines.study import method_zh
from server.reporting.document import Block, Cell, Column, Paragraph, Section, Table
from server.snapshots.context import Taxon
from server.statistics.diversity import pielou, shannon, simpson
from server.statistics.hj623 import Counts, Result, evaluate, load_parameters
from server.taxa.names import binomial_of

BUTTERFLIES = frozenset({"Papilionidae", "Pieridae", "Nymphalidae", "Lycaenidae", "Riodinidae", "Hesperiidae"})
THREATENED = frozenset({"CR", "EN", "VU"})
_PLANTS, _BUTTERFLIES = "维管束植物", "蝶类"


def evaluation(draft: Draft) -> tuple[Block, ...]:
    result = evaluate(hj623_counts(draft.lines), load_parameters())
    return (
        Section(
            "区域生物多样性评价",
            (*(Paragraph(text) for text in _words(draft, result)), index_table("biodiversity_index", result)),
        ),
        Section("多样性指数", *_diversity(draft)),
    )


def hj623_counts(lines: Sequence[SpeciesLine], formations: int | None = None) -> Counts:
    """Recorded wild taxa. Listed invasives are not native and are counted apart."""
    wild = _without_doubled_species([line.taxon for line in lines if any(one.wild for one in line.sightings)])
    native = [taxon for taxon in wild if not taxon.invasive_lists and _hj_group(taxon)]
    plants = [taxon for taxon in native if _hj_group(taxon) == _PLANTS]
    animals = [taxon for taxon in native if _hj_group(taxon) != _PLANTS]
    return Counts(
        animals=len(animals),
        plants=len(plants),
        formations=formations,
        endemic_animals=_endemic(animals),
        endemic_plants=_endemic(plants),
        threatened_animals=_threatened(animals),
        threatened_plants=_threatened(plants),
        invasive=sum(bool(taxon.invasive_lists) for taxon in wild if _hj_group(taxon)),
        animal_groups=frozenset(group for group in map(_hj_group, animals) if group),
    )


def index_table(name: str, result: Result) -> Table:
    """Raw, normalised and weighted value of each indicator, the index and its grade last."""
    columns = (
        Column("indicator", "指标"),
        Column("raw", "原始值", decimals=4, align="right"),
        Column("maximum", "参考最大值", decimals=4, align="right"),
        Column("normalised", "归一化值", decimals=4, align="right"),
        Column("weight", "权重", decimals=2, align="right"),
        Column("weighted", "加权值", decimals=4, align="right"),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            f"{v.indicator.name_zh}（{v.indicator.code}）",
            v.raw,
            v.indicator.maximum,
            v.normalised,
            v.indicator.weight,
            v.weighted,
        )
        for v in result.values
    ]
    rows.append(("生物多样性指数（BI）", None, None, None, None, result.index))
    parameters = result.parameters
    counted = (
        "野生动物为已记录的哺乳类、鸟类、爬行类、两栖类、鱼类和蝶类，植物为维管束植物，均不含栽培、圈养、放生个体和外来入侵物种；"
        f"{parameters.subspecies_rule_zh}；外来物种入侵度按（100－归一化值）加权"
    )
    notes = (f"参数状态：{parameters.status_zh}", DASH_NOTE)
    return Table(
        name,
        "区域生物多样性评价指标",
        "无量纲",
        f"{SOURCE}；{parameters.standard}",
        counted,
        columns,
        tuple(rows),
        notes=notes,
    )


def _words(draft: Draft, result: Result) -> list[str]:
    grade = f"生物多样性指数不能计算：{result.reason}。"
    if result.index is not None:
        grade = f"生物多样性指数为{result.index:.4f}，等级为“{result.grade}”。"
    classes = {one.body.get("evidence_class") for line in draft.lines for one in line.sightings}
    partial = (
        ""
        if classes & {"literature", "specimen"}
        else "本结果只依据调查记录，未并入文献和标本资料，低于按“已记录”物种计算的结果。"
    )
    unknown = sum(line.taxon.endemic is None for line in draft.lines)
    endemic = f"有{unknown}种缺少特有性资料，按非特有计。" if unknown else ""
    warnings = "".join(f"{warning}。" for warning in result.warnings)
    return [f"按HJ 623-2011计算。{grade}{partial}{endemic}{warnings}"]


def _diversity(draft: Draft) -> tuple[tuple[Block, ...], str | None]:
    rows = [row for line in draft.effort for row in _diversity_rows(draft, line)]
    if not rows:
        return (), "没有计数的样线或样点调查，不能计算多样性指数。"
    columns = (
        Column("method", "类群与方法"),
        Column("individuals", "个体数", "只", align="right"),
        Column("species", "物种数", "种", align="right"),
        Column("shannon", "香农指数", decimals=3, align="right"),
        Column("simpson", "辛普森指数", decimals=3, align="right"),
        Column("pielou", "均匀度", decimals=3, align="right"),
    )
    counted = "同一方法各次调查的计数相加；香农指数以自然对数计；辛普森指数为1减各种比例平方和；均匀度为香农指数除以物种数的自然对数"
    return (
        Table("diversity", "样线调查的多样性指数", "见各栏", SOURCE, counted, columns, tuple(rows), notes=(DASH_NOTE,)),
    ), None


def _diversity_rows(draft: Draft, line: EffortLine) -> list[tuple[Cell, ...]]:
    if not line.groups or not line.lines:
        return []
    units, counts = {unit.id for unit in line.units}, dict[str, int]()
    for one in draft.open_sightings:
        if (
            one.unit is not None
            and one.unit.id in units
            and one.taxon is not None
            and one.taxon.group_zh in line.groups
        ):
            counts[one.taxon.taxon_id] = counts.get(one.taxon.taxon_id, 0) + one.individuals
    values = [count for count in counts.values() if count]
    if not values:
        return []
    return [
        (
            unit_label(line.group, method_zh(line.method)),
            sum(values),
            len(values),
            shannon(values),
            simpson(values),
            pielou(values),
        )
    ]


def _without_doubled_species(taxa: Sequence[Taxon]) -> list[Taxon]:
    """Where a subspecies or variety is recorded, its species is not counted beside it."""
    doubled = {
        binomial_of(taxon.scientific_name)
        for taxon in taxa
        if binomial_of(taxon.scientific_name) != taxon.scientific_name
    }
    return [taxon for taxon in taxa if taxon.scientific_name not in doubled]


def _hj_group(taxon: Taxon) -> str | None:
    if taxon.family in BUTTERFLIES:
        return _BUTTERFLIES
    return taxon.group_zh if taxon.group_zh in ("哺乳类", "鸟类", "爬行类", "两栖类", "鱼类", _PLANTS) else None


def _endemic(taxa: Iterable[Taxon]) -> int:
    return sum(bool(taxon.endemic) for taxon in taxa)


def _threatened(taxa: Iterable[Taxon]) -> int:
    return sum(taxon.red_list in THREATENED for taxon in taxa)
