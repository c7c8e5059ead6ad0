"""Chapter 受威胁物种: red-list categories of what was recorded, with how many lack an assessment."""

from collections import Counter
from collections.abc import Sequence

from server.assessments.assessment import Assessment
from server.assessments.columns import NAME, both, figure
from server.assessments.species import records_of_taxon
from server.baselines.evaluation import THREATENED
from server.baselines.species import SpeciesLine
from server.reporting.document import Block, Cell, Column, Latin, Paragraph, Section, Table
from server.taxa.rules import RED_LIST_CATEGORIES

_NOT_ASSESSED = "名录中没有等级"


def threatened(assessment: Assessment) -> tuple[Block, ...]:
    if not assessment.groups:
        return ()
    reason = "红色名录指数需要同一批物种两次评估的等级，且须区分真实变化与认识变化；只载入了一次评估的部分等级，不能计算，也不给出95%置信区间。"
    return (
        Section("红色名录等级", (Paragraph(_words(assessment)), _categories(assessment))),
        Section("受威胁物种", *_named(assessment)),
        Section("红色名录指数", (), reason),
    )


def _words(assessment: Assessment) -> str:
    missing = sum(line.taxon.red_list is None for line in assessment.lines_now)
    threatened_now = sum(line.taxon.red_list in THREATENED for line in assessment.lines_now)
    return (
        f"受威胁物种指中国生物多样性红色名录中极危、濒危和易危等级的物种。本期记录的物种中，已载入等级的受威胁物种{threatened_now}种；"
        f"另有{missing}种没有载入等级，既不计为受威胁，也不计为无危，因此本章数字是下限。"
    )


def _categories(assessment: Assessment) -> Table:
    before, now = (
        Counter(line.taxon.red_list for line in lines) for lines in (assessment.lines_before, assessment.lines_now)
    )
    columns = (
        Column("category", "等级"),
        figure("before", "上期有记录", "种"),
        figure("now", "本期有记录", "种"),
    )
    rows: list[tuple[Cell, ...]] = [
        (f"{name}（{code}）", before[code], now[code])
        for code, name in RED_LIST_CATEGORIES.items()
        if before[code] or now[code]
    ]
    rows.append((_NOT_ASSESSED, before[None], now[None]))
    rows.append(("合计", len(assessment.lines_before), assessment.species))
    counted = "两期采用同一版等级，差别只来自有无记录，不是受威胁程度的变化"
    return Table("red_list", "两期记录物种的红色名录等级", "种", assessment.source, counted, columns, tuple(rows))


def _named(assessment: Assessment) -> tuple[tuple[Block, ...], str | None]:
    lines = {
        line.taxon.taxon_id: line
        for line in (*assessment.lines_before, *assessment.lines_now)
        if line.taxon.red_list in THREATENED
    }
    if not lines:
        return (), "两期有记录的物种中没有已载入受威胁等级的物种。"
    columns = (
        *NAME,
        Column("category", "等级"),
        Column("source", "等级来源"),
        *both("records", "记录", "条"),
    )
    rows = tuple(_row(assessment, line) for line in _ordered(list(lines.values())))
    counted = "记录数为“有”的出现记录"
    return (
        Table("threatened", "受威胁物种", "见各栏", assessment.source, counted, columns, rows, notes=assessment.notes),
    ), None


def _row(assessment: Assessment, line: SpeciesLine) -> tuple[Cell, ...]:
    taxon = line.taxon
    category = f"{RED_LIST_CATEGORIES[taxon.red_list or '']}（{taxon.red_list}）"
    return (
        taxon.name_zh,
        Latin(taxon.scientific_name),
        category,
        taxon.red_list_source,
        *records_of_taxon(assessment, taxon.taxon_id),
    )


def _ordered(lines: Sequence[SpeciesLine]) -> list[SpeciesLine]:
    order = list(RED_LIST_CATEGORIES)
    return sorted(lines, key=lambda line: (order.index(line.taxon.red_list or ""), line.taxon.scientific_name))
